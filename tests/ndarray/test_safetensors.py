"""mxnet.ndarray.safetensors beside the safetensors package, and against files that nobody should have written."""

from __future__ import annotations

import io
import json
import re
import struct

import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch

import mxnet as mx
from mxnet import dtypes, nd
from mxnet.base import MXNetError
from mxnet.ndarray.binary import Record
from mxnet.ndarray.safetensors import CODES, decode, encode

SHAPES = [(), (1,), (3, 4), (0,), (2, 0, 3), (1,) * 9]


def tensors():
    """One of every dtype and shape, under names that JSON must escape, too."""
    random, found = torch.Generator().manual_seed(1), {}
    for dtype in dtypes.TABLE:
        for shape in SHAPES:
            values = torch.randint(0, 2 if dtype.name == "bool" else 100, shape, generator=random)
            found[f'{dtype.name} "{shape}" größe\n\\ 形'] = values.to(dtype.torch)
    return found


def dumps(arrays):
    return b"".join(encode([Record(a) for a in arrays.values()], list(arrays)))


def loads(raw):
    records, names = decode(io.BytesIO(raw), "'some.safetensors'")
    return dict(zip(names, (record.values for record in records), strict=True))


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)


# ---- beside the package ----------------------------------------------------------------------------------------------


def test_every_dtype_is_there():
    assert CODES.keys() == dtypes.by_name.keys()


def test_the_package_reads_ours(tmp_path):
    expected, path = tensors(), tmp_path / "ours.safetensors"
    path.write_bytes(dumps(expected))
    assert_same(safetensors.torch.load_file(path), expected)
    with safetensors.safe_open(path, "pt") as file:
        assert file.metadata() == {"format": "mxnet"}


@pytest.mark.parametrize("metadata", [None, {"format": "pt", "größe": '"1"'}])
def test_ours_reads_the_packages(metadata):
    expected = tensors()
    assert_same(loads(safetensors.torch.save(expected, metadata)), expected)


def test_order_of_names_and_alignment():
    arrays = {"z": torch.ones(3, dtype=torch.int8), "a": torch.ones(2, dtype=torch.float64), "m": torch.ones(5)}
    raw = dumps(arrays)
    assert list(loads(raw)) == ["z", "a", "m"]
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + size])
    assert size % 8 == 0
    assert [header[n]["data_offsets"] for n in "zam"] == [[36, 39], [0, 16], [16, 36]]


def test_nothing():
    assert loads(dumps({})) == {}
    assert loads(safetensors.torch.save({})) == {}
    assert loads(struct.pack("<Q", 2) + b"{}") == {}


def test_views_and_special_floats():
    base = torch.arange(12.0).reshape(3, 4)
    bits = torch.tensor([0x7FC00001, 0x7F800000, -0x80000000, 1], dtype=torch.int32)
    arrays = {"t": base.T, "s": base[:, ::2], "e": base[:1].expand(3, 4), "bits": bits.view(torch.float32)}
    found = loads(dumps(arrays))
    for name in "tse":
        assert torch.equal(found[name], arrays[name])
    assert torch.equal(found["bits"].view(torch.int32), bits)


def test_tensors_are_not_copied_on_their_way_out():
    value = torch.zeros(1000)
    pieces = list(encode([Record(value)], ["x"]))
    value.fill_(1)
    assert value.numpy().tobytes() in b"".join(pieces)


# ---- mx.nd.save and load ---------------------------------------------------------------------------------------------


def test_arrays_by_the_ending_of_the_file(tmp_path):
    path = tmp_path / "arrays.safetensors"
    arrays = {"w": nd.array([[1, 2]]), "half": nd.array([1.5]).astype("bfloat16"), "scalar": nd.array(3)}
    arrays["elsewhere"] = nd.ones(2, ctx=mx.cpu(1))
    nd.save(path, arrays)
    for found in (nd.load(path), nd.load(str(path)), nd.load_frombuffer(path.read_bytes())):
        assert isinstance(found, dict)
        assert list(found) == list(arrays)
        for name, value in arrays.items():
            assert (found[name].dtype, found[name].ctx) == (value.dtype, mx.cpu(0))
            assert found[name].asnumpy().tolist() == value.asnumpy().tolist()
    nd.save(path, {})
    assert nd.load(path) == {}


@pytest.mark.parametrize("data", [nd.ones(1), [nd.ones(1)], []])
def test_arrays_without_names(data, tmp_path):
    with pytest.raises(ValueError, match="holds arrays by name"):
        nd.save(tmp_path / "a.safetensors", data)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ({"m": nd.ones((2, 2)).tostype("csr")}, MXNetError, "Array 'm' has storage 'csr'"),
        ({"__metadata__": nd.ones(1)}, ValueError, "cannot have the name '__metadata__'"),
        ({"a\ud800": nd.ones(1)}, UnicodeEncodeError, "surrogates"),
    ],
)
def test_what_a_file_cannot_hold(data, error, message, tmp_path):
    with pytest.raises(error, match=message):
        nd.save(tmp_path / "a.safetensors", data)
    assert not list(tmp_path.iterdir())


def test_endings_that_are_wrong(tmp_path):
    nd.save(tmp_path / "a.params", {"x": nd.ones(1)})
    (tmp_path / "a.params").rename(tmp_path / "a.safetensors")
    with pytest.raises(MXNetError, match=r"a file of MXNet's: give it the ending \.params"):
        nd.load(tmp_path / "a.safetensors")
    nd.save(tmp_path / "b.safetensors", {"x": nd.ones(1)})
    (tmp_path / "b.safetensors").rename(tmp_path / "b.params")
    with pytest.raises(MXNetError, match=r"a safetensors file: give it the ending \.safetensors"):
        nd.load(tmp_path / "b.params")


# ---- damaged files ---------------------------------------------------------------------------------------------------

SMALL = {"w": torch.tensor([[1.0, 2.0, 3.0]]), "flag": torch.tensor([True, False])}


def refused(raw, message=""):
    with pytest.raises(MXNetError) as caught:
        loads(raw)
    form = r"Cannot load arrays from 'some\.safetensors': (.+?) at byte (\d+): expected .+; found .+\."
    found = re.fullmatch(form, str(caught.value), re.DOTALL)
    assert found, caught.value
    assert re.search(message, str(caught.value)), caught.value
    assert int(found[2]) <= len(raw)
    return found[1]


def with_header(header, values=b"", size=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + values


def entry(dtype="F32", shape=(1,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def test_truncated_anywhere():
    raw = dumps(SMALL)
    for end in range(len(raw)):
        refused(raw[:end])
    assert refused(raw + b"\0", "expected no more bytes") == "end of file"


@pytest.mark.parametrize("size", [0, 1, -1, 2**63 - 1, -(2**63), 100_000_001, "one less", "one more"])
def test_damaged_size_of_the_header(size):
    raw = dumps(SMALL)
    (right,) = struct.unpack("<Q", raw[:8])
    size = {"one less": right - 8 * 8, "one more": right + 1}.get(size, size)
    refused(struct.pack("<Q", size % 2**64) + raw[8:])


def field_damages():
    for value in (
        0,
        -1,
        1,
        2**31,
        2**63 - 1,
        2**63,
        2**64,
        10**30,
        0.5,
        1.0,
        True,
        None,
        "1",
        [],
        {},
        [0],
        float("inf"),
    ):
        yield f"shape-{value}", entry(shape=(value,))
        yield f"begin-{value}", entry(offsets=(value, 4))
        yield f"end-{value}", entry(offsets=(0, value))
        yield f"all-shape-{value}", entry(shape=value)
        yield f"all-offsets-{value}", entry(offsets=value)
        yield f"dtype-{value}", entry(dtype=value)
        yield f"entry-{value}", value
    for dtype in ("F31", "U16", "F8_E4M3", "f32", "", "C64"):
        yield f"dtype-{dtype}", entry(dtype=dtype)
    yield "offsets-3", entry(offsets=(0, 4, 4))
    yield "dims-65", entry(shape=(1,) * 65)
    yield "huge-product", entry(shape=(2**62, 2**62, 0), offsets=(0, 0))
    yield "extra", {**entry(), "more": 1}


@pytest.mark.parametrize(("name", "value"), list(field_damages()), ids=lambda v: v if isinstance(v, str) else "")
def test_damaged_entry(name, value):
    raw = with_header({"padding": entry(offsets=(4, 8)), "the array": value}, bytes(8))
    if json.dumps(value) in (json.dumps(entry()), json.dumps(entry(shape=[]))):
        assert loads(raw)["the array"].sum() == 0
        return
    where = refused(raw)
    assert where.startswith(("array 'the array': ", "array 'padding': ")), where


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"[]", "a JSON object; found"),
        (b'"text"', "a JSON object"),
        (b"12345", "a JSON object"),
        (b" {}", "a JSON object"),
        (b"{]", "JSON"),
        (b"{} x", r"JSON \(Extra data\) *; found 'x'|JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "plain numbers"),
        (b'{"a":' * 100_000, "few levels|JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "few levels"),
        (b'{"a\xff": 1}', "byte 11: expected UTF-8"),
        (b'{"\\ud800": {"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', "text that UTF-8 can hold"),
        (b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32"}}', "every name once"),
        (b'{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}', "an object of dtype, shape"),
        (b'{"__metadata__": 3}', "text by name"),
        (b'{"__metadata__": {"a": 3}}', "text by name"),
        (b'{"__metadata__": {"a": "3"}, "__metadata__": {}}', "every name once"),
    ],
)  # fmt: skip
def test_damaged_header(header, message):
    refused(with_header(header, bytes(4)), message)


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([(0, 4), (0, 4)], "begin at 4"),  # the same bytes twice
        ([(0, 4), (2, 6)], "begin at 4"),  # an overlap
        ([(0, 4), (8, 12)], "begin at 4"),  # a gap
        ([(4, 8), (8, 12)], "begin at 0"),
        ([(0, 4), (4, 12)], "4 bytes, of shape"),
        ([(0, 4), (4, 8)], "no more bytes"),
    ],
)
def test_spans_that_do_not_fit(spans, message):
    header = {f"a{i}": entry(offsets=span) for i, span in enumerate(spans)}
    refused(with_header(header, bytes(12)), message)


def test_values_beyond_the_end():
    refused(with_header({"a": entry(shape=(2**40,), offsets=(0, 2**42))}, bytes(8)), "the file is truncated")


def test_random_damage_is_an_error_or_another_legal_file(monkeypatch):
    raw, random, empty, refusals = dumps(SMALL), np.random.RandomState(3), torch.empty, 0

    def modest_empty(shape, dtype, **kwargs):
        assert np.prod(shape, dtype=object) * dtype.itemsize <= len(raw) + 8
        return empty(shape, dtype=dtype, **kwargs)

    monkeypatch.setattr(torch, "empty", modest_empty)
    for _ in range(2000):
        damaged, at = bytearray(raw), random.randint(len(raw))
        kind = random.randint(4)
        if kind == 0:
            damaged[at] = random.randint(256)
        elif kind == 1:
            damaged[at] = ord(random.choice(list('{}[]":,0123456789-')))
        elif kind == 2:
            damaged[at:at] = random.bytes(random.randint(1, 9))
        else:
            del damaged[at : at + random.randint(1, 9)]
        try:
            loads(bytes(damaged))
        except MXNetError:
            refusals += 1
    assert refusals > 1000


def test_thousands_of_names_do_not_take_long():
    header = {f"a{i}": entry(shape=(0,), offsets=(0, 0)) for i in range(20_000)}
    assert len(loads(with_header(header))) == 20_000
    header["a0"]["shape"] = [1]
    refused(with_header(header), "array 'a0'")
