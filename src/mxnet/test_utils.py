"""``mx.test_utils``: helpers of tests."""

from __future__ import annotations
