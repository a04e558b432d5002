"""``gluon.contrib``: layers, cells and training loops that MXNet calls experimental."""

from __future__ import annotations

from . import cnn, data, estimator, nn, rnn

__all__ = ["cnn", "data", "estimator", "nn", "rnn"]
