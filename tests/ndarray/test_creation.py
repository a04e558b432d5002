"""New arrays, against MXNet's answers, and what they share with NumPy and torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet import nd

from .cases.replay import check, golden


@golden("creation")
def test_golden(source, expected):
    check(source, expected)


def test_gpu_without_a_gpu_says_what_to_do(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    for create, argument in ((nd.ones, (2,)), (nd.array, [1]), (nd.empty, (2,))):
        with pytest.raises(mx.MXNetError, match=r"gpu\(7\).*Use mx.cpu\(\)"):
            create(argument, mx.gpu(7))


@pytest.mark.parametrize("dtype", "float32 float64 float16 bfloat16 int8 uint8 int32 int64 bool".split())
def test_torch_tensors(dtype):
    tensor = torch.tensor([[1, 0], [3, 4]]).to(getattr(torch, dtype))
    copied, shared = nd.array(tensor, dtype=dtype), nd.from_dlpack(tensor)
    back = torch.from_dlpack(shared)
    tensor[0, 0] = 0
    assert copied.astype("int32").asnumpy().tolist() == [[1, 0], [tensor[1, 0], tensor[1, 1]]]
    assert shared.astype("int32").asnumpy()[0, 0] == 0
    shared[1] = 0
    assert not tensor.any()
    assert not back.any()
    assert back.dtype is tensor.dtype


def test_a_tensor_in_torchs_graph_gives_its_values():
    tensor = torch.ones(2, requires_grad=True) * 2
    assert nd.array(tensor).asnumpy().tolist() == [2, 2]


def test_transposed_tensors_become_compact():
    x = nd.array(torch.arange(6.0).reshape(2, 3).T)
    x.reshape((6,))[0] = 9  # a view only if the memory is compact
    assert x[0, 0].asscalar() == 9
    with pytest.raises(mx.MXNetError, match="contiguous"):
        nd.from_dlpack(torch.ones(2, 3).T)
    with pytest.raises(mx.MXNetError, match="complex64"):
        nd.from_dlpack(torch.ones(2, dtype=torch.complex64))


def test_numpy_and_dlpack():
    x = nd.array([1, 2, 3])
    shared = np.from_dlpack(x)
    x[0] = 7
    assert shared.tolist() == [7, 2, 3]
    values = np.arange(3.0)
    y = nd.from_dlpack(values)
    values[1] = 7
    assert y.asnumpy().tolist() == [0, 7, 2]


def test_numpy_conversions_copy():
    x = nd.array([1, 2])
    for values in (np.asarray(x), np.array(x), np.asarray(x, dtype="float64"), x.asnumpy()):
        values[0] = 9
    assert x.asnumpy().tolist() == [1, 2]
    assert np.asarray(x, dtype="int8").dtype == np.int8
    with pytest.raises(ValueError, match="from_dlpack"):
        x.__array__(copy=False)


def test_from_numpy_shares_read_only_memory_twice():
    values = np.ones(3, "float32")
    first, second = nd.from_numpy(values), nd.from_numpy(values)
    first[0] = 5
    assert second.asnumpy().tolist() == [5, 1, 1]
    assert not values.flags.writeable


def test_large_values_survive():
    assert nd.array([2**60 + 1], dtype="int64").asscalar() == 2**60 + 1
    assert nd.array(np.array([2**63 + 5], "uint64"), dtype="int64").asscalar() == -(2**63) + 5


def test_values_of_other_libraries():
    class Frame:  # pandas' and others' way
        def __array__(self, dtype=None, copy=None):
            return np.arange(3)

    assert nd.array(Frame()).asnumpy().tolist() == [0, 1, 2]


def test_storage_that_does_not_exist():
    for create in (nd.zeros, nd.empty):
        with pytest.raises(ValueError, match="'foo': expected one of default, csr, row_sparse"):
            create((2, 2), stype="foo")
