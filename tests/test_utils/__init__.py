"""Tests of mx.test_utils."""
