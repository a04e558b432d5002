"""Contexts, against MXNet's answers, and what MXNet's CPU cannot show."""

from __future__ import annotations

import threading

import pytest
import torch

import mxnet as mx
from mxnet import context, nd

from .ndarray.cases.replay import check, golden


@golden("contexts")
def test_golden(source, expected):
    check(source, expected)


def test_contexts_are_canonical():
    assert mx.cpu(1) is mx.cpu(1) is mx.Context("cpu", 1).canonical()
    assert nd.ones((1,), mx.Context("cpu", 1)).context is mx.cpu(1)
    assert context.resolve("cpu(1)") is mx.cpu(1)
    assert context.resolve(None) is mx.current_context()


def test_one_context_may_be_entered_twice():
    one = mx.cpu(1)
    with one:
        with one:
            assert mx.current_context() is one
        assert mx.current_context() is one
    assert mx.current_context() is mx.cpu(0)


def test_blocks_are_of_their_thread():
    entered, done = threading.Event(), threading.Event()

    def other():
        with mx.cpu(5):
            entered.set()
            done.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    assert entered.wait(10)
    assert mx.current_context() is mx.cpu(0)
    done.set()
    thread.join()


def test_default_ctx_is_deprecated():
    with mx.cpu(3), pytest.warns(DeprecationWarning, match="current_context"):
        assert mx.Context.default_ctx is mx.cpu(3)


def test_unknown_contexts_are_named():
    with pytest.raises(KeyError, match="'tpu'.*cpu_pinned"):
        mx.Context("tpu")
    with pytest.raises(TypeError):
        mx.cpu("0")
    for ctx in ("tpu(0)", "cpu(", "cpu(x)", "", 5, torch.device("cpu")):
        with pytest.raises(mx.MXNetError, match=r"mx.cpu\(\) or mx.gpu\(0\)"):
            context.resolve(ctx)


@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize("found", [0, 1])
def test_a_gpu_that_is_not_there(monkeypatch, built, found):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: found)
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: built)
    gpu = mx.Context("gpu", 1)
    for use in (lambda: gpu.torch_device, gpu.empty_cache, lambda: mx.context.gpu_memory_info(1)):
        with pytest.raises(mx.MXNetError, match=r"gpu\(1\)") as caught:
            use()
        assert ("1 CUDA device" in str(caught.value)) == bool(found)
        assert ("a build without CUDA" in str(caught.value)) != built


def test_arrays_of_files_find_a_context(monkeypatch):
    assert context.restored(1, 3) is mx.cpu(0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert context.restored(2, 1) is mx.gpu(1)
    assert context.restored(2, 2) is mx.cpu(0)
    assert context.restored(5, 0) is mx.cpu(0)


def test_pinned_memory_mixes_with_the_cpu():
    assert (nd.ones((2,), mx.cpu_pinned()) + nd.ones((2,))).asnumpy().tolist() == [2, 2]
