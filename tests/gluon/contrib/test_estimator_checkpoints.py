"""CheckpointHandler: files, logs, and resumed trainings that equal those without interruption, bit for bit."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import mxnet as mx
from mxnet import gluon, metric, nd
from mxnet.base import MXNetError
from mxnet.gluon import nn
from mxnet.gluon.contrib.estimator import (
    BatchEnd,
    CheckpointHandler,
    EarlyStoppingHandler,
    EpochEnd,
    Estimator,
    TrainEnd,
    ValidationHandler,
)
from tests.estimator_golden import GOLDEN, check
from tools.record_estimator import CE, data, estimator, listed


@pytest.mark.parametrize("expression", GOLDEN["checkpoints"])
def test_as_mxnet(expression):
    check("checkpoints", expression)


# ---- resuming exactly ------------------------------------------------------------------------------------------------


class Noisy(gluon.data.Dataset):
    """Samples with noise from both of the user's generators."""

    def __init__(self, count: int) -> None:
        numbers = np.random.RandomState(3)
        self._x = numbers.randn(count, 6).astype("float32")
        self._y = numbers.randint(0, 3, count).astype("float32")

    def __len__(self) -> int:
        return len(self._x)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.float32]:
        noise = random.random() + np.random.rand()
        return self._x[index] + np.float32(0.1 * noise), self._y[index]


def loader(**options: object) -> gluon.data.DataLoader:
    return gluon.data.DataLoader(Noisy(22), 5, **{"shuffle": True, **options})


def noisy_estimator(seed: int, optimizer: str = "adam", hybrid: bool = False, ctx: object = None) -> Estimator:
    """An estimator whose every random number depends on the seed: so a resume that restores them not will differ."""
    for seeded in (mx.random.seed, np.random.seed, random.seed):
        seeded(seed)
    block = nn.HybridSequential(prefix="net_")
    with block.name_scope():
        block.add(nn.Dense(8, activation="relu"), nn.BatchNorm(), nn.Dropout(0.4), nn.Dense(3))
    block.initialize(mx.init.Xavier(), ctx=ctx)
    if hybrid:
        block.hybridize()
    schedule = mx.lr_scheduler.FactorScheduler(step=3, factor=0.8, base_lr=0.05)
    trainer = gluon.Trainer(block.collect_params(), optimizer, {"learning_rate": 0.05, "lr_scheduler": schedule})
    e = Estimator(block, CE(), [metric.Accuracy(), metric.Loss()], trainer=trainer, context=ctx)
    e.logger.handlers.clear()
    return e


def outcome(e: Estimator) -> dict[str, object]:
    """Everything that a training leaves behind, to the bit."""
    return {
        "weights": {name: p.list_data()[0].asnumpy().tobytes() for name, p in e.net.collect_params().items()},
        "rate": e.trainer.learning_rate,
        "metrics": [m.get() for m in (*e.train_metrics, *e.val_metrics)],
        "random": [mx.nd.random.uniform(shape=3).asnumpy().tolist(), np.random.rand(), random.random()],
    }


def straight_and_resumed(folder: Path, total: int, first: int, unit: str, make=noisy_estimator, data_of=loader, **kw):
    """What a training leaves, and what one that stopped and went on in another estimator does."""
    periods = {"epoch_period": 1} if unit == "epochs" else {"epoch_period": None, "batch_period": 1}
    run, val = make(1, **kw), loader(shuffle=False)
    run.fit(data_of(), val, **{unit: total}, event_handlers=[CheckpointHandler(folder / "straight", **periods)])
    straight = outcome(run)
    make(1, **kw).fit(data_of(), val, **{unit: first}, event_handlers=[CheckpointHandler(folder / "cut", **periods)])
    again = CheckpointHandler(folder / "cut", resume_from_checkpoint=True, **periods)
    run = make(2, **kw)
    run.fit(data_of(), val, **{unit: total}, event_handlers=[again])
    return straight, outcome(run)


@pytest.mark.parametrize("first", [1, 3])
@pytest.mark.parametrize("hybrid", [False, True])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_epochs_resumed_exactly(tmp_path, first, hybrid, optimizer):
    straight, resumed = straight_and_resumed(tmp_path, 4, first, "epochs", hybrid=hybrid, optimizer=optimizer)
    assert resumed == straight


@pytest.mark.parametrize("first", [2, 5, 7])
def test_batches_resumed_exactly(tmp_path, first):
    """In the middle of an epoch, and at its end, before it was validated."""
    straight, resumed = straight_and_resumed(tmp_path, 12, first, "batches")
    assert resumed == straight


def test_left_over_samples_are_resumed_exactly(tmp_path):
    def rolling():
        return loader(last_batch="rollover")

    straight, resumed = straight_and_resumed(tmp_path, 4, 2, "epochs", data_of=rolling)
    assert resumed == straight
    straight, resumed = straight_and_resumed(tmp_path / "batches", 11, 6, "batches", data_of=rolling)
    assert resumed == straight


def test_workers_are_resumed_exactly(tmp_path):
    def in_workers():
        return loader(num_workers=1)

    straight, resumed = straight_and_resumed(tmp_path, 3, 2, "epochs", data_of=in_workers)
    assert resumed == straight


def test_contexts_are_resumed_exactly(tmp_path):
    """But for running statistics, which each context has of its own, and a file only as their mean."""

    def trained(epochs: int, folder: str, resume: bool, seed: int) -> dict[str, object]:
        e = noisy_estimator(seed, ctx=[mx.cpu(0), mx.cpu(1)])
        handler = CheckpointHandler(tmp_path / folder, resume_from_checkpoint=resume)
        e.fit(gluon.data.DataLoader(Noisy(16), 4, shuffle=True), epochs=epochs, event_handlers=[handler])
        found = outcome(e)
        found["weights"] = {name: raw for name, raw in found["weights"].items() if "running" not in name}
        return found

    straight = trained(4, "straight", False, 1)
    trained(2, "cut", False, 1)
    assert trained(4, "cut", True, 2) == straight


def test_resumed_in_another_process(tmp_path):
    """The first half runs in a process that is killed in its third epoch."""
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from tests.gluon.contrib import test_estimator_checkpoints as t\n"
        "class Kill(t.EpochEnd):\n"
        "    def epoch_end(self, estimator, *args, **kwargs):\n"
        "        if estimator.trainer.optimizer.num_update >= 15: os._exit(9)\n"
        "handler = t.CheckpointHandler(sys.argv[1])\n"
        "e = t.noisy_estimator(1)\n"
        "e.fit(t.loader(), t.loader(shuffle=False), epochs=4, event_handlers=[Kill(), handler])\n"
    )
    root = Path(__file__).parents[3]
    paths = os.pathsep.join(filter(None, [str(root / "src"), str(root), os.environ.get("PYTHONPATH")]))
    killed = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "cut")], env={**os.environ, "PYTHONPATH": paths}, timeout=120
    )
    assert killed.returncode == 9
    assert listed(tmp_path / "cut")[-2:] == ["model-epoch1batch10.params", "model-epoch1batch10.states"]
    run = noisy_estimator(1)
    run.fit(loader(), loader(shuffle=False), epochs=4, event_handlers=[CheckpointHandler(tmp_path / "straight")])
    straight = outcome(run)
    again = noisy_estimator(2)
    handler = CheckpointHandler(tmp_path / "cut", resume_from_checkpoint=True)
    again.fit(loader(), loader(shuffle=False), epochs=4, event_handlers=[handler])
    assert outcome(again) == straight


def test_every_kind_of_metric_is_resumed_in_the_middle_of_an_epoch(tmp_path):
    def measured(seed: int) -> Estimator:
        e = noisy_estimator(seed)
        binary = nn.HybridSequential(prefix="net_")
        with binary.name_scope():
            binary.add(nn.Dense(2, in_units=6))
        binary.initialize(mx.init.One())
        metrics = [
            metric.F1(average="micro"),
            metric.MCC(),
            metric.PCC(),
            metric.Perplexity(None),
            metric.CompositeEvalMetric([metric.Accuracy(), metric.TopKAccuracy(2)]),
            metric.CustomMetric(lambda label, pred: float(label.sum()), name="mine"),
        ]
        e = Estimator(binary, CE(), metrics, trainer=gluon.Trainer(binary.collect_params(), "sgd"))
        e.logger.handlers.clear()
        return e

    pairs = gluon.data.ArrayDataset(np.random.RandomState(1).rand(20, 6).astype("float32"), np.arange(20.0) % 2)

    def values(total: int, folder: str, resume: bool, seed: int) -> list:
        e = measured(seed)
        softened = e.net
        e.net = e.val_net = lambda x: softened(x).softmax()
        e.net.save_parameters, e.net.load_parameters = softened.save_parameters, softened.load_parameters
        handler = CheckpointHandler(tmp_path / folder, epoch_period=None, batch_period=1, resume_from_checkpoint=resume)
        e.fit(gluon.data.DataLoader(pairs, 4, shuffle=True), batches=total, event_handlers=[handler])
        return [m.get() for m in e.train_metrics]

    straight = values(9, "straight", False, 1)
    values(7, "cut", False, 1)
    assert values(9, "cut", True, 2) == straight


def test_handlers_go_on_counting(tmp_path):
    """Patience and the best value are not forgotten."""

    class Scripted(EpochEnd):
        """Gives the validation metric values of its own."""

        resumable = ("epoch",)
        epoch = 0

        def epoch_end(self, estimator, *args, **kwargs):
            value = [0.5, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4][self.epoch]
            estimator.val_metrics[0].sum_metric, estimator.val_metrics[0].num_inst = value, 1
            self.epoch += 1

    def run(epochs: int, folder: str, resume: bool) -> list:
        e = noisy_estimator(1)
        early = EarlyStoppingHandler(e.val_metrics[0], patience=3, mode="max")
        keep = CheckpointHandler(
            tmp_path / folder, monitor=e.val_metrics[0], mode="max", save_best=True, resume_from_checkpoint=resume
        )
        e.fit(loader(), epochs=epochs, event_handlers=[Scripted(), early, keep])
        best = (tmp_path / folder / "model-best.params").read_bytes()
        return [early.stopped_epoch, early.wait, early.best, keep.best, best]

    straight = run(7, "straight", False)
    assert straight[:4] == [4, 3, 0.9, 0.9]
    run(3, "cut", False)
    assert run(7, "cut", True) == straight


def test_validation_keeps_its_rhythm(tmp_path):
    def validated(epochs: int, resume: bool) -> list[float]:
        e, calls = noisy_estimator(1), []

        def evaluate(**kwargs):
            calls.append(e.trainer.optimizer.num_update)

        handlers = [
            ValidationHandler(loader(), evaluate, epoch_period=2),
            CheckpointHandler(tmp_path, resume_from_checkpoint=resume),
        ]
        e.fit(loader(), epochs=epochs, event_handlers=handlers)
        return calls

    assert validated(3, False) == [10]
    assert validated(6, True) == [20, 30]


def test_checkpoint_without_progress_begins_a_new_epoch(tmp_path):
    """As MXNet writes it."""
    estimator().fit(data(), batches=4, event_handlers=[CheckpointHandler(tmp_path, epoch_period=None, batch_period=1)])
    for file in tmp_path.glob("*.progress"):
        file.unlink()
    handler = CheckpointHandler(tmp_path, epoch_period=None, batch_period=1, resume_from_checkpoint=True)
    e = estimator()
    e.fit(data(), batches=7, event_handlers=[handler])
    assert handler.saved_checkpoints == ["model-epoch2batch4", "model-epoch2batch5", "model-epoch2batch6"]
    assert e.max_batch == 3


def test_epoch_in_progress_keeps_its_number(tmp_path):
    periods = {"epoch_period": None, "batch_period": 1}
    estimator().fit(data(), batches=4, event_handlers=[CheckpointHandler(tmp_path, **periods)])
    handler = CheckpointHandler(tmp_path, resume_from_checkpoint=True, **periods)
    estimator().fit(data(), batches=7, event_handlers=[handler])
    assert handler.saved_checkpoints == ["model-epoch1batch4", "model-epoch1batch5", "model-epoch2batch6"]


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"format": "something else"}', b"\xff\x00"])
def test_damaged_progress_is_an_error_with_its_name(tmp_path, raw):
    estimator().fit(data(), epochs=2, event_handlers=[CheckpointHandler(tmp_path)])
    path = tmp_path / "model-epoch1batch6.progress"
    path.write_bytes(raw)
    handler = CheckpointHandler(tmp_path, resume_from_checkpoint=True)
    with pytest.raises(MXNetError, match=r"model-epoch1batch6\.progress: not the progress of a training"):
        estimator().fit(data(), epochs=3, event_handlers=[handler])


# ---- files and logs --------------------------------------------------------------------------------------------------


def test_failure_while_saving_leaves_no_half_checkpoint(tmp_path, monkeypatch):
    e, handler = estimator(), CheckpointHandler(tmp_path)

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(e.net, "save_parameters", full)
    with pytest.raises(OSError, match="No space left"):
        e.fit(data(), epochs=1, event_handlers=[handler])
    assert not list(tmp_path.glob("*.params"))
    assert not list(tmp_path.glob(".mxnet*"))
    again = CheckpointHandler(tmp_path, resume_from_checkpoint=True)  # finds nothing that it could mistake
    estimator().fit(data(), epochs=1, event_handlers=[again])


def test_failure_while_saving_mixes_no_two_trainings(tmp_path, monkeypatch):
    estimator().fit(data(), epochs=2, event_handlers=[CheckpointHandler(tmp_path)])
    e, whole = estimator(), estimator().net.save_parameters

    def full_at_last(path):
        if "epoch1" in path:
            raise OSError(28, "No space left on device")
        whole(path)

    monkeypatch.setattr(e.net, "save_parameters", full_at_last)
    with pytest.raises(OSError, match="No space left"):
        e.fit(data(), epochs=2, event_handlers=[CheckpointHandler(tmp_path)])
    assert [path.name for path in tmp_path.glob("*.params")] == ["model-epoch0batch3.params"]


def test_old_checkpoints_go_with_all_their_files(tmp_path):
    estimator().fit(data(), epochs=4, event_handlers=[CheckpointHandler(tmp_path, max_checkpoints=2)])
    stems = {"model-epoch2batch9", "model-epoch3batch12"}
    assert sorted(os.listdir(tmp_path)) == sorted(s + e for s in stems for e in (".params", ".progress", ".states"))


def test_same_handler_in_two_fits_keeps_its_newest_files(tmp_path):
    e, handler = estimator(), CheckpointHandler(tmp_path, max_checkpoints=2)
    for _ in range(3):
        e.fit(data(), epochs=2, event_handlers=[handler])
    assert handler.saved_checkpoints == ["model-epoch0batch3", "model-epoch1batch6"]
    assert len(listed(tmp_path)) == 4


def test_backup_files_are_nobodys_checkpoint(tmp_path):
    estimator().fit(data(), epochs=1, event_handlers=[CheckpointHandler(tmp_path)])
    shutil.copy(tmp_path / "model-epoch0batch3.params", tmp_path / "model-epoch9batch9.params.bak")
    e = estimator()
    e.fit(data(), epochs=2, event_handlers=[CheckpointHandler(tmp_path, resume_from_checkpoint=True)])
    assert e.max_epoch == 1


def test_lines_say_what_happened(tmp_path, capsys):
    e = estimator()
    monitor = e.train_metrics[1]
    handler = CheckpointHandler(tmp_path, monitor=monitor, mode="min", save_best=True, verbose=1)
    values = []

    class Remember(TrainEnd, EpochEnd):
        priority = -10

        def epoch_end(self, *args, **kwargs):
            values.append(f"{monitor.get()[1]:.5f}")

    e.fit(data(), epochs=2, event_handlers=[handler, Remember()])
    shown = capsys.readouterr().out
    assert f"[Epoch 1] CheckpointHandler: trained total 6 batches, saving model at {tmp_path} with prefix" in shown
    assert f"improved from inf to {values[0]}, updating best model" in shown
    assert f"improved from {values[0]} to {values[1]}, updating best model" in shown
    handler = CheckpointHandler(tmp_path, monitor=monitor, mode="max", save_best=True, verbose=1)
    e.fit(data(), epochs=2, event_handlers=[handler])
    assert "[Epoch 1] CheckpointHandler: training softmaxcrossentropyloss did not improve" in capsys.readouterr().out


def test_best_without_values_is_a_warning_with_the_metrics_name(tmp_path):
    e = estimator()
    handler = CheckpointHandler(tmp_path, monitor=e.val_metrics[0], mode="max", save_best=True)
    with pytest.warns(RuntimeWarning, match="Skipping save best because validation accuracy is not updated"):
        e.fit(data(), epochs=1, event_handlers=[handler])


def test_graph_is_that_of_the_network(tmp_path):
    e = estimator(hybrid=True)
    e.fit(data(), epochs=1, event_handlers=[CheckpointHandler(tmp_path)])
    graph = mx.sym.load(str(tmp_path / "model-symbol.json"))
    assert graph.list_arguments() == ["data", *e.net.collect_params()]
    x = nd.array(np.random.RandomState(5).rand(3, 4))
    values = {name: parameter.data() for name, parameter in e.net.collect_params().items()}
    (out,) = graph.eval(data=x, **values)
    np.testing.assert_allclose(out.asnumpy(), e.net(x).asnumpy(), rtol=1e-5)


def test_handler_called_by_hand_needs_no_fit(tmp_path):
    e, handler = estimator(), CheckpointHandler(tmp_path / "made" / "here")
    handler.train_begin(e)
    handler.batch_end(e)
    handler.epoch_end(e)
    assert sorted(os.listdir(tmp_path / "made" / "here")) == ["model-epoch0batch1.params", "model-epoch0batch1.states"]


def test_batch_end_is_where_batches_count(tmp_path):
    assert issubclass(CheckpointHandler, BatchEnd)
    handler = CheckpointHandler(tmp_path, epoch_period=None)
    for _ in range(3):
        handler.batch_end(SimpleNamespace(net=None, logger=SimpleNamespace(info=print)))
    assert handler.current_batch == 3
