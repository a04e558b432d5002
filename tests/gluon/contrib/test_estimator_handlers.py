"""Event handlers: those of MXNet, the progress bar, TensorBoard."""

from __future__ import annotations

import io
import math
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from mxnet import metric
from mxnet.gluon.contrib.estimator import (
    CheckpointHandler,
    EarlyStoppingHandler,
    LoggingHandler,
    ProgressBarHandler,
    StoppingHandler,
    TensorBoardHandler,
    ValidationHandler,
)
from tests.estimator_golden import GOLDEN, check
from tools.record_estimator import Given, data, estimator


@pytest.mark.parametrize("expression", GOLDEN["handlers"])
def test_as_mxnet(expression):
    check("handlers", expression)


@pytest.mark.parametrize(
    ("name", "operator"),
    [
        ("validation softmaxcrossentropyloss", np.less),
        ("validation loss", np.less),
        ("training perplexity", np.less),
        ("training cross-entropy", np.less),
        ("training rmse", np.less),
        ("word error rate", np.less),
        ("training accuracy", np.greater),
        ("f1", np.greater),
        ("pearsonr", np.greater),
        ("anything", np.greater),
    ],
)
def test_auto_goes_by_the_name(name, operator):
    with pytest.warns(UserWarning, match=f"`{operator.__name__}` operator will be used to determine if {name}"):
        handler = EarlyStoppingHandler(Given(name, [1]))
    assert handler.monitor_op is operator
    assert handler.best == (math.inf if operator is np.less else -math.inf)


def test_unknown_mode_falls_back():
    with pytest.warns() as caught:
        EarlyStoppingHandler(metric.Accuracy(), mode="sideways")
    assert [w.category for w in caught] == [RuntimeWarning, UserWarning]
    assert "mode sideways is unknown" in str(caught[0].message)
    assert {w.filename for w in caught} == {__file__}  # they point at the caller


def test_stop_after_the_first_epoch_is_logged_too():
    lines = []
    about = SimpleNamespace(logger=SimpleNamespace(info=lambda text, *args: lines.append(text % args)))
    handler = EarlyStoppingHandler(Given("x", [0.1]), baseline=0.5, mode="max")
    handler.train_begin(about)
    assert handler.epoch_end(about) is True
    handler.train_end(about)
    assert lines == ["[Epoch 0] EarlyStoppingHanlder: early stopping due to x not improving"]


def test_metric_that_is_not_updated_is_a_warning_with_its_name():
    handler = EarlyStoppingHandler(metric.Accuracy(name="my metric"), mode="max")
    with pytest.warns(RuntimeWarning, match="^my metric is not updated"):
        assert handler.epoch_end(SimpleNamespace()) is False


def test_wrong_arguments():
    with pytest.raises(ValueError, match="integer or string 'epoch', but got 0"):
        LoggingHandler(0)
    with pytest.raises(TypeError, match="eval_fn must be callable.*got 3"):
        ValidationHandler(data(), 3)


# ---- progress bar ----------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def train_with_bar(stream: io.StringIO, **options: object) -> str:
    e = estimator()
    e.logger.handlers.clear()
    bar = ProgressBarHandler(e.train_metrics, file=stream, mininterval=0, miniters=1, ncols=150, **options)
    e.fit(data(10, 4), data(4), epochs=2, event_handlers=[bar])
    return stream.getvalue()


def test_bar_counts_batches_and_shows_metrics():
    pytest.importorskip("tqdm")
    shown = train_with_bar(Terminal())
    for part in ("Epoch 0", "Epoch 1", "1/3", "3/3", "training accuracy: 0.", "training softmaxcrossentropyloss: 1."):
        assert part in shown
    assert shown.rstrip(" \r").endswith("]")  # then wiped out
    assert "\n" not in shown
    assert "\n" in train_with_bar(Terminal(), leave=True)


def test_bar_is_quiet_where_there_is_no_terminal():
    pytest.importorskip("tqdm")
    assert train_with_bar(io.StringIO()) == ""
    assert "Epoch 0" in train_with_bar(io.StringIO(), disable=False)


def test_bar_of_an_evaluation():
    pytest.importorskip("tqdm")
    e, stream = estimator(), Terminal()
    e.evaluate(data(10, 5), event_handlers=ProgressBarHandler(e.val_metrics, file=stream, mininterval=0, ncols=120))
    assert "2/2" in stream.getvalue()


def test_bar_ends_with_an_interrupted_training():
    pytest.importorskip("tqdm")
    e, stream = estimator(), Terminal()
    bar = ProgressBarHandler(file=stream)

    def interrupt(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    e.trainer.step = interrupt
    with pytest.raises(KeyboardInterrupt):
        e.fit(data(), epochs=1, event_handlers=[bar])
    del e.trainer.step
    e.fit(data(), epochs=1, event_handlers=[bar])
    assert bar._bar is None


def test_missing_packages_are_told_with_their_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(ImportError, match=r"regluon\[progress\]"):
        ProgressBarHandler()
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"regluon\[tensorboard\]"):
        TensorBoardHandler("runs")


# ---- TensorBoard -----------------------------------------------------------------------------------------------------


class Writer:
    """Stands for tensorboardX.SummaryWriter."""

    def __init__(self, logdir: str) -> None:
        self.logdir, self.scalars, self.closed = logdir, [], False

    def add_scalar(self, tag: str, value: float, global_step: int) -> None:
        self.scalars.append((tag, value, global_step))

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def written(monkeypatch) -> list[Writer]:
    """The writers that were made."""
    made: list[Writer] = []
    module = ModuleType("tensorboardX")
    module.SummaryWriter = lambda *args: made.append(Writer(*args)) or made[-1]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tensorboardX", module)
    return made


def test_curves_after_epochs_and_batches(written, tmp_path):
    e = estimator()
    handler = TensorBoardHandler(tmp_path, batch_period=2)
    e.fit(data(10, 4), data(4), epochs=2, event_handlers=[handler])
    (writer,) = written
    assert writer.closed
    assert writer.logdir == str(tmp_path)
    curves = {}
    for tag, value, step in writer.scalars:
        curves.setdefault(tag, []).append((step, value))
    assert sorted(curves) == [
        "learning rate",
        "training batches/accuracy",
        "training batches/softmaxcrossentropyloss",
        "training/accuracy",
        "training/softmaxcrossentropyloss",
        "validation/accuracy",
        "validation/softmaxcrossentropyloss",
    ]
    assert [step for step, _ in curves["training/accuracy"]] == [1, 2]
    assert [step for step, _ in curves["training batches/accuracy"]] == [2, 4, 6]
    assert curves["training/accuracy"][-1][1] == e.train_metrics[0].get()[1]
    assert curves["validation/accuracy"][-1][1] == e.val_metrics[0].get()[1]
    assert curves["learning rate"] == [(1, 0.1), (2, 0.1)]


def test_curves_of_chosen_metrics(written, tmp_path):
    e = estimator()
    e.fit(data(), data(4), epochs=1, event_handlers=[TensorBoardHandler(tmp_path, e.val_metrics[0], batch_period=1)])
    assert {tag for tag, _, _ in written[0].scalars} == {"validation/accuracy", "learning rate"}


def test_files_of_the_real_writer(tmp_path):
    pytest.importorskip("tensorboardX")
    estimator().fit(data(), epochs=1, event_handlers=[TensorBoardHandler(tmp_path)])
    (file,) = tmp_path.glob("events.out.tfevents.*")
    assert b"training/accuracy" in file.read_bytes()


@pytest.mark.parametrize("count", [-1, 1.5, float("nan"), "2"])
def test_counts_that_would_never_be_reached(tmp_path, count):
    for make in (
        lambda: StoppingHandler(max_epoch=count),
        lambda: StoppingHandler(max_batch=count),
        lambda: ValidationHandler(None, print, epoch_period=count),
        lambda: ValidationHandler(None, print, batch_period=count),
        lambda: CheckpointHandler(str(tmp_path), epoch_period=count),
    ):
        with pytest.raises(ValueError, match="at least"):
            make()
    with pytest.raises(ValueError, match="at least 1"):
        StoppingHandler(max_epoch=0)
