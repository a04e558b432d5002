"""Sparse arrays: their storage, and what operators do with it."""

from . import rules, storage
