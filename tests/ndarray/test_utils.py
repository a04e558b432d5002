"""mx.nd.save, mx.nd.load, mx.nd.load_frombuffer. The format itself is tested in test_binary.py."""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx
from mxnet import context as contexts
from mxnet import nd
from mxnet.base import MXNetError
from mxnet.ndarray import utils

GOLDEN = Path(__file__).parents[1] / "golden" / "binary"
INDEX = json.loads((GOLDEN / "index.json").read_text())
with np.load(GOLDEN / "expected.npz") as _file:
    EXPECTED = dict(_file)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "some.params")


@pytest.mark.parametrize("file", INDEX)
def test_loads_what_mxnet_wrote(file, monkeypatch):
    monkeypatch.setattr(contexts, "num_gpus", lambda: 0)
    loaded = nd.load(str(GOLDEN / file))
    if INDEX[file]["names"]:
        assert list(loaded) == INDEX[file]["names"]
        loaded = list(loaded.values())
    assert isinstance(loaded, list)
    assert len(loaded) == len(INDEX[file]["arrays"])
    for i, array in enumerate(loaded):
        about = INDEX[file]["arrays"][i]
        assert array.shape == tuple(about["shape"])
        assert array.context == mx.cpu(0)  # whatever CPU it was saved from; a GPU, too, where there is none
        assert array.stype == about.get("storage", "default")
        if array.stype == "row_sparse":
            parts = {"values": array.data, "index0": array.indices}
        elif array.stype == "csr":
            parts = {"values": array.data, "index0": array.indptr, "index1": array.indices}
        else:
            parts = {}
        for name, part in parts.items():
            np.testing.assert_array_equal(part.asnumpy(), EXPECTED[f"{file}/{i}/{name}"])
        if parts:
            continue
        if about["dtype"] == "bfloat16":
            values = (EXPECTED[f"{file}/{i}"].astype(np.uint32) << 16).view(np.float32)
            np.testing.assert_array_equal(array.astype("float32").asnumpy(), values)
        else:
            assert array.dtype == np.dtype(about["dtype"])
            np.testing.assert_array_equal(array.asnumpy(), EXPECTED[f"{file}/{i}"])


SAME_BYTES = ["dtypes.params", "list.nd", "names.params", "zero_size.nd", "empty.nd", "sparse.params"]


@pytest.mark.parametrize("file", SAME_BYTES)
def test_saves_the_bytes_that_mxnet_wrote(file, path):
    nd.save(path, nd.load(str(GOLDEN / file)))
    assert Path(path).read_bytes() == (GOLDEN / file).read_bytes()


def test_one_array_comes_back_as_a_list(path):
    nd.save(path, nd.array([[1, 2]]))
    (array,) = nd.load(path)
    assert array.asnumpy().tolist() == [[1, 2]]


def test_context_is_written_and_loads_to_the_first_cpu(path):
    nd.save(path, [nd.ones((2,), ctx=mx.cpu(1))])
    raw = Path(path).read_bytes()
    assert raw[44:52] == bytes([1, 0, 0, 0, 1, 0, 0, 0])
    (array,) = nd.load(path)
    assert array.context == mx.cpu(0)


@pytest.mark.skipif(mx.context.num_gpus() == 0, reason="no CUDA device")
def test_array_of_a_gpu_returns_to_it(path):
    nd.save(path, {"x": nd.ones((2,), ctx=mx.gpu(0)), "y": nd.ones((2,))})
    loaded = nd.load(path)
    assert (loaded["x"].context, loaded["y"].context) == (mx.gpu(0), mx.cpu(0))
    assert loaded["x"].asnumpy().tolist() == [1, 1]


def test_empty_dict_comes_back_as_a_list(path):
    nd.save(path, {})
    assert nd.load(path) == []


def test_dict_keeps_order_and_dtype(path):
    arrays = OrderedDict((n, nd.array([i], dtype=d)) for i, (n, d) in enumerate([("z", "int8"), ("a", "float16")]))
    nd.save(path, arrays)
    loaded = nd.load(path)
    assert list(loaded) == ["z", "a"]
    assert [a.dtype for a in loaded.values()] == [np.int8, np.float16]


def test_loaded_arrays_can_be_written_to(path):
    nd.save(path, [nd.zeros((2,)), nd.zeros((2,))])
    first, second = nd.load(path)
    first[:] = 5
    assert second.asnumpy().tolist() == [0, 0]


def test_views_and_recorded_arrays(path):
    x = nd.arange(6).reshape((2, 3))
    x.attach_grad()
    with mx.autograd.record():
        y = x * 2
    nd.save(path, [x[1], x.T, y])
    row, transposed, recorded = (a.asnumpy().tolist() for a in nd.load(path))
    assert row == [3, 4, 5]
    assert transposed == [[0, 3], [1, 4], [2, 5]]
    assert recorded == [[0, 2, 4], [6, 8, 10]]


def test_scalar_is_not_lost(path):
    """MXNet writes a file here that it cannot read."""
    nd.save(path, {"x": nd.array(3), "y": nd.ones((2,))})
    loaded = nd.load(path)
    assert loaded["x"].shape == ()
    assert loaded["x"].asscalar() == 3
    assert loaded["y"].asnumpy().tolist() == [1, 1]


@pytest.mark.parametrize("data", [None, 3, "x", (), np.ones(2)], ids=lambda x: type(x).__name__)
def test_data_of_the_wrong_kind(path, data):
    with pytest.raises(ValueError, match="data needs to either be a NDArray"):
        nd.save(path, data)
    assert not os.path.exists(path)


@pytest.mark.parametrize("data", [[3], [np.ones(2)], [nd.ones, 3], {"a": 3}, {"a": None}])
def test_members_of_the_wrong_kind(path, data):
    with pytest.raises(TypeError, match="save only accepts"):
        nd.save(path, data)
    assert not os.path.exists(path)


@pytest.mark.parametrize("key", [1, b"a", None])
def test_keys_of_the_wrong_kind(path, key):
    with pytest.raises(TypeError, match=f"save only accepts .* holds {key!r}"):
        nd.save(path, {key: nd.ones((1,))})
    assert not os.path.exists(path)


def test_a_failed_save_leaves_the_old_file(path, monkeypatch):
    nd.save(path, nd.ones((2,)))
    before = Path(path).read_bytes()
    encode = utils.binary.encode

    def full_disk(*args, **kwargs):
        yield next(iter(encode(*args, **kwargs)))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(utils.binary, "encode", full_disk)
    with pytest.raises(MXNetError, match=r"Cannot save arrays to '.*some\.params': No space left"):
        nd.save(path, nd.zeros((5,)))
    assert Path(path).read_bytes() == before
    assert os.listdir(os.path.dirname(path)) == ["some.params"]


@pytest.mark.parametrize("name", ["", "nowhere/a.params"])
def test_no_such_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MXNetError, match=f"Cannot load arrays from '{name}': No such file"):
        nd.load(name)
    with pytest.raises(MXNetError, match=f"Cannot save arrays to '{name}': No such file"):
        nd.save(name, nd.ones((1,)))


def test_directory(tmp_path):
    with pytest.raises(MXNetError, match="Cannot load arrays"):
        nd.load(str(tmp_path))
    with pytest.raises(MXNetError, match="Cannot save arrays"):
        nd.save(str(tmp_path), nd.ones((1,)))


@pytest.mark.parametrize("uri", ["http://example.com/a.params", "https://example.com/a", "s3://bucket/a", "hdfs://a/b"])
def test_remote_files(uri):
    with pytest.raises(MXNetError, match="only local files are supported"):
        nd.load(uri)
    with pytest.raises(MXNetError, match="only local files are supported"):
        nd.save(uri, nd.ones((1,)))


def test_file_uri_and_path_objects(path):
    nd.save("file://" + path, nd.ones((1,)))
    assert nd.load("file://" + path)[0].asscalar() == 1
    nd.save(Path(path), nd.zeros((1,)))
    assert nd.load(Path(path))[0].asscalar() == 0


@pytest.mark.parametrize("fname", [3, None, ["a"]])
def test_file_name_that_is_none(fname):
    with pytest.raises(TypeError, match="fname required to be a string"):
        nd.load(fname)
    with pytest.raises(TypeError, match="fname required to be a string"):
        nd.save(fname, nd.ones((1,)))


def test_damaged_file_names_itself(path):
    nd.save(path, {"a": nd.ones((4, 4))})
    raw = Path(path).read_bytes()
    Path(path).write_bytes(raw[:60])
    with pytest.raises(MXNetError, match=r"'.*some\.params': array 0 of 1: .* at byte \d+: expected .*; found"):
        nd.load(path)


def test_damaged_sparse_storage_is_named(path):
    nd.save(path, {"m": nd.array([[0, 1], [2, 0]]).tostype("csr")})
    raw = bytearray(Path(path).read_bytes())
    at = raw.rindex(np.array([1, 0]).tobytes())  # the column indices
    raw[at : at + 8] = np.array([77]).tobytes()
    Path(path).write_bytes(raw)
    with pytest.raises(MXNetError, match="array 'm' of .*csr storage is damaged: indices must lie in 0 to 1"):
        nd.load(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_named_pipe(tmp_path):
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    writer = threading.Thread(target=nd.save, args=(pipe, nd.array([1, 2])))
    writer.start()
    (array,) = nd.load(pipe)
    writer.join()
    assert array.asnumpy().tolist() == [1, 2]


def test_buffer():
    raw = (GOLDEN / "names.params").read_bytes()
    assert list(nd.load_frombuffer(raw)) == INDEX["names.params"]["names"]


@pytest.mark.parametrize("buffer", [None, 3, bytearray(b"ab"), memoryview(b"ab")], ids=lambda x: type(x).__name__)
def test_buffer_of_the_wrong_kind(buffer):
    with pytest.raises(TypeError, match="buf required to be a string or bytes"):
        nd.load_frombuffer(buffer)


@pytest.mark.parametrize("buffer", [b"", b"abc", "abc"])
def test_buffer_that_holds_no_arrays(buffer):
    with pytest.raises(MXNetError, match=f"a buffer of {len(buffer)} bytes"):
        nd.load_frombuffer(buffer)
