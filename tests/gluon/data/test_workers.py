"""Workers: errors, deaths, delays, randomness, and that nothing is left of them afterwards."""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet import autograd, nd
from mxnet.base import MXNetError
from mxnet.gluon.data import ArrayDataset, DataLoader, Dataset, SimpleDataset, workers
from mxnet.gluon.data.dataloader import default_mp_batchify_fn

BOTH = pytest.mark.parametrize("threads", [False, True], ids=["processes", "threads"])
forks = pytest.mark.skipif(workers._start_method().get_start_method() != "fork", reason="workers are not forked here")


class Items(Dataset):
    """``length`` items, each the result of a function."""

    def __init__(self, function, length=8):
        self._function = function
        self._length = length

    def __getitem__(self, idx):
        return self._function(idx)

    def __len__(self):
        return self._length


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def loader_threads():
    return {t for t in threading.enumerate() if t.name.startswith("DataLoader-")}


# Errors


@forks
def test_exception_of_a_worker_carries_its_traceback():
    def broken_item(idx):
        raise FileNotFoundError(2, "no such image", f"{idx}.png")

    with pytest.raises(FileNotFoundError, match=r"no such image: '0\.png'") as error:
        list(DataLoader(Items(broken_item), 2, num_workers=2))
    assert "in broken_item" in str(error.value.__cause__)
    assert "in broken_item" in "".join(traceback.format_exception(error.value))


@forks
def test_exception_that_cannot_be_pickled_is_told_in_words():
    class Odd(Exception):
        def __init__(self, one, two):
            super().__init__(f"{one} and {two}")

    def item(idx):
        raise Odd(idx, "more")

    with pytest.raises(MXNetError, match="Odd: 0 and more") as error:
        list(DataLoader(Items(item), 2, num_workers=1))
    assert "in item" in str(error.value.__cause__)


@forks
def test_batch_that_cannot_be_pickled_is_an_error():
    with pytest.raises((AttributeError, TypeError, MXNetError), match=r"pickle|lambda"):
        list(DataLoader([1, 2], 2, batchify_fn=lambda samples: lambda: samples, num_workers=1))


@BOTH
@forks
def test_loader_goes_on_after_an_error(threads):
    loader = DataLoader(Items({i: i for i in range(6)}.__getitem__), 2, num_workers=2, thread_pool=threads)
    for _ in range(2):
        batches = iter(loader)
        assert [next(batches).asnumpy().tolist() for _ in range(3)] == [[0, 1], [2, 3], [4, 5]]
        with pytest.raises(KeyError):
            next(batches)


@forks
@pytest.mark.parametrize(
    ("die", "how"),
    [
        (lambda: os._exit(3), "with exit code 3"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), r"by signal 9 \(Killed\): out of memory\?"),
        (lambda: os.kill(os.getpid(), signal.SIGTERM), r"by signal 15 \(Terminated\)"),
    ],
)
def test_worker_that_dies_is_an_error_and_replaced(tmp_path, die, how):
    flag = tmp_path / "died"

    def item(idx):
        if idx == 5 and not flag.exists():
            flag.touch()
            die()
        return idx

    loader = DataLoader(Items(item), 2, num_workers=2)
    with pytest.raises(MXNetError, match=rf"worker process \d+ ended {how} in the batch of samples \[4, 5\]"):
        list(loader)
    assert [b.asnumpy().tolist() for b in loader] == [[0, 1], [2, 3], [4, 5], [6, 7]]


@BOTH
@forks
def test_timeout_and_a_second_try(threads, tmp_path):
    flag = tmp_path / "go on"
    loader = DataLoader(Items(lambda i: wait_until(flag.exists)), 4, num_workers=1, thread_pool=threads, timeout=0.2)
    with pytest.raises(multiprocessing.TimeoutError, match=r"no batch in 0\.2 seconds"):
        next(iter(loader))
    flag.touch()
    loader._timeout = 60
    assert [len(b) for b in loader] == [4, 4]


@BOTH
@forks
def test_timeout_error_of_the_dataset_is_its_own(threads):
    def item(idx):
        raise TimeoutError("the disk")

    with pytest.raises(TimeoutError, match="the disk"):
        list(DataLoader(Items(item), 2, num_workers=1, thread_pool=threads))


# What comes back


@forks
@pytest.mark.parametrize("dtype", ["float32", "uint8", "bool"])
def test_large_batches_arrive_as_they_were(dtype):
    """Beyond a megabyte they travel another way. The odd sizes put arrays behind each other in one file."""
    images = np.random.randint(0, 255, (5, 3, 333, 501)).astype(dtype)
    loader = DataLoader(ArrayDataset(images, nd.array(images), [1, 2, 3, 4, 5]), 3, num_workers=2)
    for start, (x, y, label) in zip((0, 3), loader, strict=True):
        assert x.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(x.asnumpy(), images[start : start + 3])
        np.testing.assert_array_equal(y.asnumpy(), images[start : start + 3].astype("float32"))
        x[:] = 0  # the memory is the receiver's
        assert not x.asnumpy().any()
        assert label.asnumpy().tolist() == [1, 2, 3, 4, 5][start : start + 3]


@forks
def test_numpy_arrays_and_odd_arrays_in_a_batch():
    def mixture(samples):
        return {
            "large": np.ones((600, 600)),
            "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
            "empty": nd.array(np.zeros((0, 3))),
            "half": nd.ones(2).astype("bfloat16"),
            "transposed": nd.array([[1, 2, 3]]).T,
        }

    (batch,) = DataLoader([1], 1, batchify_fn=mixture, num_workers=1)
    batch["large"] += 1
    assert (batch["large"] == 2).all()
    assert batch["fortran"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert batch["empty"].shape == (0, 3)
    assert batch["half"].dtype == nd.ones(2).astype("bfloat16").dtype
    assert batch["half"].asnumpy().tolist() == [1, 1]
    assert batch["transposed"].asnumpy().tolist() == [[1], [2], [3]]


@forks
def test_default_timeout_of_sockets_does_not_disturb():
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(0.05)
    try:
        loader = DataLoader(Items(lambda i: time.sleep(0.1) or np.full((400, 400), i)), 2, num_workers=1)
        assert [float(b[0, 0, 0].asscalar()) for b in loader] == [0, 2, 4, 6]
    finally:
        socket.setdefaulttimeout(before)


@BOTH
@forks
def test_order_is_kept_when_batches_take_different_times(threads):
    data = Items(lambda i: time.sleep(0.05 * (i == 0)) or i, 12)
    loader = DataLoader(data, 1, num_workers=4, thread_pool=threads)
    assert [int(b.asscalar()) for b in loader] == list(range(12))


@BOTH
@forks
def test_two_epochs_at_once(threads):
    loader = DataLoader(list(range(10)), 3, num_workers=2, thread_pool=threads)
    pairs = list(zip(loader, loader, strict=True))
    assert len(pairs) == 4
    assert all((a == b).asnumpy().all() for a, b in pairs)


@pytest.mark.parametrize(("prefetch", "made"), [(0, 1), (1, 2), (3, 4), (100, 8)])
def test_prefetch_says_how_many_are_made_ahead(prefetch, made):
    asked = []
    loader = DataLoader(Items(lambda i: asked.append(i) or i), 1, num_workers=1, thread_pool=True, prefetch=prefetch)
    batches = iter(loader)
    next(batches)
    assert wait_until(lambda: len(asked) == made)
    time.sleep(0.05)
    assert asked == list(range(made))
    assert len(list(batches)) == 7


def test_auto_reload_begins_the_next_epoch_ahead():
    asked = []
    data = Items(lambda i: asked.append(i) or i)
    loader = DataLoader(data, 1, num_workers=1, thread_pool=True, prefetch=2, auto_reload=True)
    assert wait_until(lambda: asked == [0, 1])
    assert len(list(loader)) == 8
    assert wait_until(lambda: len(asked) == 10)
    loader.clean()
    assert len(list(loader)) == 8
    assert wait_until(lambda: len(asked) == 20)
    assert asked[10:18] == list(range(8))


# What workers inherit


@forks
def test_lambdas_reach_forked_workers():
    scale = 3
    loader = DataLoader(SimpleDataset([1, 2]).transform(lambda x: x * scale), 2, num_workers=1,
                        batchify_fn=lambda samples: sum(samples))  # fmt: skip
    assert list(loader) == [9]


@forks
def test_workers_forget_what_the_parent_was_doing():
    weight = nd.ones(2)
    weight.attach_grad()
    data = Items(lambda i: (weight * i, autograd.is_recording(), mx.current_context().device_id), 2)
    with mx.cpu(3), autograd.record():
        ((product, recording, device),) = DataLoader(data, 2, num_workers=1)
        assert (product.context, product.shape) == (mx.cpu(0), (2, 2))
        assert recording.asnumpy().tolist() == [False, False]
        assert device.asnumpy().tolist() == [0, 0]
        loss = (product * weight).sum()
    loss.backward()
    assert weight.grad.asnumpy().tolist() == [1, 1]


def draw(idx):
    return np.random.rand(), random.random(), float(nd.random.uniform().asscalar())


@forks
def test_random_numbers_differ_and_depend_on_the_seed_only():
    def epochs(num_workers, seed):
        np.random.seed(seed)
        loader = DataLoader(Items(draw), 2, num_workers=num_workers)
        return np.array([[column.asnumpy() for column in batch] for _ in range(2) for batch in loader])

    first = epochs(1, seed=5)
    assert first.shape == (8, 3, 2)
    assert len(np.unique(first[:, :2].round(6))) == 32  # nobody draws what another drew
    assert len(np.unique(first[:, 2].round(6))) == 16
    np.testing.assert_array_equal(epochs(3, seed=5), first)
    assert not np.isin(epochs(3, seed=6), first).any()


@forks
def test_workers_draw_nothing_from_the_parents_generators():
    np.random.seed(1)
    expected = np.random.rand()
    np.random.seed(1)
    list(DataLoader(Items(draw), 2, num_workers=1))
    assert np.random.rand() == expected


def test_started_from_nothing(monkeypatch):
    monkeypatch.setattr(workers, "_start_method", lambda: multiprocessing.get_context("spawn"))
    data = ArrayDataset(np.arange(6, dtype="float32"), nd.array([[i, i] for i in range(6)]))
    loader = DataLoader(data, 4, num_workers=1, batchify_fn=default_mp_batchify_fn)
    assert [[a.asnumpy().tolist() for a in batch] for batch in loader] == [
        [[0, 1, 2, 3], [[0, 0], [1, 1], [2, 2], [3, 3]]],
        [[4, 5], [[4, 4], [5, 5]]],
    ]
    with pytest.raises(MXNetError, match=r"cannot be pickled for a worker process .*lambda.*thread_pool=True"):
        list(DataLoader(data.transform_first(lambda x: x), 4, num_workers=1))


@forks
def test_start_method_that_the_user_chose_is_respected(monkeypatch):
    for chosen, expected in ((None, "fork"), ("fork", "fork"), ("spawn", "spawn")):
        monkeypatch.setattr(multiprocessing, "get_start_method", lambda allow_none, chosen=chosen: chosen)
        assert workers._start_method().get_start_method() == expected


# What is left of them


@forks
def test_nothing_is_left_of_a_loader_that_is_dropped_halfway():
    threads_before = loader_threads()
    loader = DataLoader(Items(lambda i: (i, os.getpid())), 1, num_workers=2)
    batches = iter(loader)
    pids = {int(next(batches)[1].asscalar()) for _ in range(3)}
    assert all(map(is_running, pids))
    del loader, batches
    gc.collect()
    assert wait_until(lambda: not any(map(is_running, pids)))
    assert wait_until(lambda: not loader_threads() - threads_before)


@forks
def test_busy_worker_of_a_dropped_loader_is_stopped(tmp_path):
    def item(idx):
        (tmp_path / str(os.getpid())).touch()
        time.sleep(300)

    loader = DataLoader(Items(item), 1, num_workers=1, auto_reload=True)
    assert wait_until(lambda: len(list(tmp_path.iterdir())) == 1)
    (file,) = tmp_path.iterdir()
    del loader
    gc.collect()
    assert wait_until(lambda: not is_running(int(file.name)))


@forks
def test_requests_of_an_abandoned_epoch_are_dropped():
    gate, asked = threading.Event(), []

    def item(idx):
        asked.append(idx)
        if idx:
            gate.wait(60)
        return idx

    loader = DataLoader(Items(item), 1, num_workers=1, thread_pool=True, prefetch=7)
    batches = iter(loader)
    next(batches)
    assert wait_until(lambda: asked == [0, 1])
    batches.close()
    gate.set()
    assert int(next(iter(loader)).asscalar()) == 0
    assert asked[:3] == [0, 1, 0]


@forks
def test_fork_of_the_process_leaves_the_workers_alone():
    loader = DataLoader(list(range(4)), 2, num_workers=1)
    list(loader)

    def in_child():
        loader._pool.close()

    child = multiprocessing.get_context("fork").Process(target=in_child)
    child.start()
    child.join(20)
    assert child.exitcode == 0
    assert len(list(loader)) == 2


@forks
def test_interpreter_ends_quietly_in_the_middle_of_an_epoch():
    script = """if True:
        import os
        from mxnet.gluon.data import DataLoader, Dataset

        class Pids(Dataset):
            def __len__(self): return 8
            def __getitem__(self, idx): return os.getpid()

        loaders = [DataLoader(Pids(), 1, num_workers=2, thread_pool=threads) for threads in (False, True)]
        epochs = [iter(loader) for loader in loaders]
        print(*[int(next(batches).asscalar()) for batches in epochs for _ in range(4)])
        """
    source = os.path.dirname(os.path.dirname(mx.__file__))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-W", "error", "-c", script]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    pids = list(map(int, result.stdout.split()))
    assert len(pids) == 8
    assert wait_until(lambda: not any(map(is_running, pids)))


@forks
def test_workers_end_when_the_parent_is_killed():
    ours, theirs = multiprocessing.get_context("fork").Pipe()

    def parent():
        loader = DataLoader(Items(lambda i: os.getpid()), 1, num_workers=3)
        theirs.send({int(batch.asscalar()) for batch in loader})
        time.sleep(60)

    process = multiprocessing.get_context("fork").Process(target=parent)
    process.start()
    assert ours.poll(20)
    pids = ours.recv()
    assert pids
    assert all(map(is_running, pids))
    process.kill()
    process.join()
    assert wait_until(lambda: not any(map(is_running, pids)))


@forks
def test_workers_compute_after_the_parent_used_several_threads():
    """A forked process that waits for OpenMP's threads of its parent waits forever."""
    big = nd.ones((700, 700))

    def compute(samples):
        return (nd.dot(big, big) + nd.exp(big)).sum(axis=1)

    threads = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        expected = compute([]).asnumpy()
        for batch in DataLoader([0, 1], 1, num_workers=2, timeout=30, batchify_fn=compute):
            np.testing.assert_allclose(batch.asnumpy(), expected, rtol=1e-5)
    finally:
        torch.set_num_threads(threads)
