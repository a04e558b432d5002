from __future__ import annotations

import mxnet.gluon.contrib.rnn  # noqa: F401 - samples name it
from tests.gluon.harness import check_layer, every
from tests.gluon.samples.recurrent import CELLS, NETWORKS, UNROLLED


@every(NETWORKS)
def test_layers(layer, aspect, tmp_path):
    check_layer(layer, aspect, tmp_path)


@every(CELLS)
def test_cells(layer, aspect, tmp_path):
    check_layer(layer, aspect, tmp_path)


@every(UNROLLED)
def test_unrolled(layer, aspect, tmp_path):
    check_layer(layer, aspect, tmp_path)
