"""The page on MXNet's Python interface is fresh, and whatever is missing is on the list of differences."""

from __future__ import annotations

import pytest

from mxnet import gluon
from tools import make_api_page
from tools.api_differences import COMING, LEFT_OUT, covering
from tools.make_api_page import (
    MISSING,
    NAMES,
    PAGE,
    arguments,
    members,
    missing,
    page,
    resolve,
    superfluous,
    unexplained,
)


@pytest.fixture(scope="module")
def gaps() -> dict[str, list[str]]:
    return missing()


def test_page_is_fresh():
    assert PAGE.read_text("utf-8") == page(), "docs/reference/api.md is stale: run python tools/make_api_page.py"


def test_what_is_missing_is_on_the_list(gaps):
    assert unexplained(gaps) == [], "not there, and not in tools/api_differences.py"


def test_what_is_on_the_list_is_missing(gaps):
    assert superfluous(gaps) == [], "in tools/api_differences.py, but there by now, or never in MXNet"
    assert not COMING.keys() & LEFT_OUT.keys()


def test_a_lost_name_is_noticed(monkeypatch):
    monkeypatch.delattr(gluon.Trainer, "allreduce_grads")
    monkeypatch.delattr(gluon.loss, "HuberLoss")
    found = unexplained(missing())
    assert found == ["mxnet.gluon.loss.HuberLoss", "mxnet.gluon.trainer.Trainer.allreduce_grads"]


def test_a_lost_argument_is_noticed(monkeypatch):
    def step(self, batch_size):
        pass

    monkeypatch.setattr(gluon.Trainer, "step", step)
    assert list(members("mxnet.gluon.trainer", "Trainer", gluon.Trainer)) == [
        "mxnet.gluon.trainer.Trainer.step(ignore_stale_grad)"
    ]


def test_an_entry_too_many_is_noticed(monkeypatch, gaps):
    for extra in ("mxnet.gluon.Trainer", "mxnet.nothing"):
        monkeypatch.setitem(make_api_page.LEFT_OUT, extra, "a reason")
    assert superfluous(gaps) == ["mxnet.gluon.Trainer", "mxnet.nothing"]


def test_entries_cover_what_is_below_them():
    assert covering("mxnet.numpy.linalg.svd") == "mxnet.numpy"
    assert covering("mxnet.numpyish") is None
    assert covering("mxnet.executor.Executor(handle)") == "mxnet.executor.Executor(handle)"


def test_names_are_resolved():
    assert resolve("mxnet.gluon.Trainer.step") is gluon.Trainer.step
    assert resolve("mxnet.gluon.nn.conv_layers") is gluon.nn.conv_layers
    assert resolve("mxnet.gluon.Trainer.leap") is resolve("mxnet.leap.year") is MISSING


def test_arguments_are_compared():
    assert arguments("x y **kwargs", lambda x: None) == ["y", "**kwargs"]
    assert arguments("x y", lambda x, **how: None) == []
    assert arguments("x y **kwargs", lambda *all: None) == ["**kwargs"]
    assert arguments(None, lambda: None) == []


def test_the_inventory_is_whole():
    assert len(NAMES) == 180
    assert NAMES["mxnet.gluon.trainer"]["Trainer"]["step"] == "batch_size ignore_stale_grad"
    assert "check_call" not in NAMES["mxnet.random"]
    assert "Context" not in NAMES["mxnet.gluon.parameter"]
    assert "uniform" in NAMES["mxnet.random"]
