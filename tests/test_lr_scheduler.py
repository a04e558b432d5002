"""mxnet.lr_scheduler against the rates that MXNet 1.9.1 gives (tools/record_init_metric.py)."""

from __future__ import annotations

import copy
import json
import logging
import math
import pathlib
import pickle

import pytest

from mxnet import lr_scheduler

GOLDEN = json.loads((pathlib.Path(__file__).parent / "golden" / "lr_scheduler.json").read_text())


def make(text):
    return eval(text, vars(lr_scheduler))


@pytest.mark.parametrize("text", GOLDEN["rates"])
def test_rates(text):
    scheduler = make(text)
    assert [scheduler(n) for n in range(31)] == GOLDEN["rates"][text]["every"]


@pytest.mark.parametrize("text", GOLDEN["rates"])
def test_rates_when_updates_are_skipped_or_repeated(text):
    scheduler = make(text)
    assert [[n, scheduler(n)] for n, _ in GOLDEN["rates"][text]["jumps"]] == GOLDEN["rates"][text]["jumps"]


LONG = GOLDEN["long"]


@pytest.mark.parametrize("text", LONG["cases"])
def test_thousands_of_updates(text):
    golden, scheduler = LONG["cases"][text], make(text)
    rates = [scheduler(n) for n in range(LONG["updates"])]
    assert rates[:: LONG["stride"]] == golden["rates"]
    assert sum(rates) == golden["sum"]
    assert vars(scheduler) == golden["state"], "the attributes are MXNet's"


@pytest.mark.parametrize("text", LONG["cases"])
@pytest.mark.parametrize("again", [lambda s: pickle.loads(pickle.dumps(s)), copy.deepcopy], ids=["pickle", "copy"])
def test_goes_on_where_it_was(text, again):
    scheduler = make(text)
    for n in range(1000):
        scheduler(n)
    other = again(scheduler)
    expected = [scheduler(n) for n in range(1000, LONG["updates"])]
    assert [other(n) for n in range(1000, LONG["updates"])] == expected


@pytest.mark.parametrize("text", GOLDEN["errors"])
def test_errors(text):
    with pytest.raises(Exception) as seen:  # noqa: PT011 - the class is compared
        make(text)
    assert seen.type.__name__ == GOLDEN["errors"][text]
    assert str(seen.value), "an error says what was wrong"


@pytest.mark.parametrize("text", ["PolyScheduler(5, warmup_steps=5)", "CosineScheduler(5, warmup_steps=5)"])
def test_warm_up_as_long_as_the_schedule_ends_at_the_final_rate(text):
    """MXNet divides by zero."""
    scheduler = make(text)
    assert [scheduler(n) for n in (4, 5, 6)] == [pytest.approx(0.008), 0, 0]


def test_base_lr_set_by_an_optimizer_moves_what_follows_the_warm_up():
    scheduler = lr_scheduler.FactorScheduler(3, factor=0.5, base_lr=1.0, warmup_steps=2)
    scheduler.base_lr = 0.4
    assert [scheduler(n) for n in range(8)] == [0.0, 0.5, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1]


def test_cosine_is_symmetric_about_its_middle():
    scheduler = lr_scheduler.CosineScheduler(10, base_lr=1.0, final_lr=0.2)
    rates = [scheduler(n) for n in range(11)]
    assert all(math.isclose(early + late, 1.2) for early, late in zip(rates, reversed(rates), strict=True))


def test_changes_are_logged(caplog):
    caplog.set_level(logging.INFO)
    factor = lr_scheduler.FactorScheduler(3, factor=0.5, stop_factor_lr=0.008, base_lr=0.02)
    steps = lr_scheduler.MultiFactorScheduler([2], factor=0.1, base_lr=1.0)
    for n in (3, 4, 7):
        factor(n)
        steps(n)
    assert caplog.messages == [
        "Update[3]: Change learning rate to 1.00000e-01",
        "Update[4]: Change learning rate to 1.00000e-02",
        "Update[7]: now learning rate arrived at 8.00000e-03, will not change in the future",
    ]
