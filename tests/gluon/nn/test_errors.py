from __future__ import annotations

import pytest

from tests.gluon.harness import check_error
from tests.gluon.samples.layers import ERRORS


@pytest.mark.parametrize("layer", ERRORS, ids=[layer.id for layer in ERRORS])
def test_wrong_calls(layer):
    check_error(layer)
