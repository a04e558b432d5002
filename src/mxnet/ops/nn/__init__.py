"""Operators of networks: layers, normalization, recurrence, attention, losses."""

from . import attention, batch_norm, convolution, hawkes, layers, loss, normalization, pooling, rnn, sequence, softmax
