"""mxnet.ndarray.binary against files that MXNet 1.9.1 wrote, and against files that nobody should have written.

tests/golden/binary comes from tools/record_binary.py.
"""

from __future__ import annotations

import gzip
import io
import json
import pickle
import re
import struct
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from mxnet import dtypes, nd
from mxnet.base import MXNetError
from mxnet.ndarray.binary import FOREIGN, V1, V2, V3, Record, decode, encode


def npz(path):
    with np.load(path) as file:
        return dict(file)


GOLDEN = Path(__file__).parents[1] / "golden" / "binary"
INDEX = json.loads((GOLDEN / "index.json").read_text())
EXPECTED = npz(GOLDEN / "expected.npz")
ARTIFACTS = Path(__file__).parents[3] / "shared" / "reference" / "artifacts"

needs_artifacts = pytest.mark.skipif(not ARTIFACTS.exists(), reason="the reference artifacts are not beside this clone")


def loads(raw, where="'some.params'"):
    return decode(io.BytesIO(raw), where)


def dumps(*args, **kwargs):
    return b"".join(encode(*args, **kwargs))


def tensor(values, dtype):
    """A torch tensor from recorded values, in which bfloat16 stands as uint16."""
    found = torch.from_numpy(np.array(values))
    return found.view(torch.bfloat16) if dtype == "bfloat16" else found


def golden_records(file):
    """The records of a golden file, from the oracle's answers rather than from the file."""
    for i, about in enumerate(INDEX[file]["arrays"]):
        parts = {k.rpartition("/")[2]: v for k, v in EXPECTED.items() if k.startswith(f"{file}/{i}/")}
        values = tensor(parts.pop("values") if parts else EXPECTED[f"{file}/{i}"], about["dtype"])
        indices = tuple(torch.from_numpy(parts[k]) for k in sorted(parts))
        yield Record(values, tuple(about.get("context", (1, 0))), about["storage"], tuple(about["shape"]), indices)


def assert_same(got, expected):
    assert got.dtype == expected.dtype
    assert torch.equal(got, expected)


# ---- what MXNet wrote ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", INDEX)
def test_reads_golden(file):
    records, names = loads((GOLDEN / file).read_bytes())
    expected = list(golden_records(file))
    assert names == INDEX[file]["names"]
    assert len(records) == len(expected)
    for got, want, about in zip(records, expected, INDEX[file]["arrays"], strict=True):
        assert (got.storage, got.shape) == (want.storage, want.shape)
        assert dtypes.resolve(got.values.dtype).name == about["dtype"]
        assert_same(got.values, want.values)
        for a, b in zip(got.indices, want.indices, strict=True):
            assert_same(a, b)
        if "context" in about:
            assert got.context == want.context


@pytest.mark.parametrize("file", [f for f, about in INDEX.items() if not about["read_only"]])
def test_writes_the_same_bytes(file):
    raw = dumps(list(golden_records(file)), INDEX[file]["names"], INDEX[file]["np_shape"])
    assert raw == (GOLDEN / file).read_bytes()


def test_context_of_a_gpu():
    (record,), _ = loads((GOLDEN / "gpu.nd").read_bytes())
    assert record.context == (2, 1)
    assert record.values.device.type == "cpu"


@needs_artifacts
@pytest.mark.parametrize("file", ["nd-dict.params", "nd-list.nd", "nd-single.nd", "nd-sparse.params", "np-dict.npy"])
def test_reads_and_rewrites_artifacts(file):
    raw = (ARTIFACTS / file).read_bytes()
    expected = npz((ARTIFACTS / file).with_suffix(".npz"))
    records, names = loads(raw)
    assert dumps(records, names, np_shape=file.startswith("np-")) == raw
    for i, record in enumerate(records):
        key = names[i] if names else f"item{i}"
        if record.storage == "default":
            np.testing.assert_array_equal(record.values.numpy(), expected[key if key in expected else f"arr_{key}"])


@needs_artifacts
@pytest.mark.parametrize("file", sorted(p.name for p in ARTIFACTS.glob("*.params")))
def test_rewrites_every_params_artifact(file):
    raw = (ARTIFACTS / file).read_bytes()
    assert dumps(*loads(raw)) == raw


# ---- tensors of every kind -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", dtypes.TABLE, ids=lambda d: d.name)
@pytest.mark.parametrize("shape", [(), (1,), (3, 4), (0,), (2, 0, 3), (1,) * 64])
def test_round_trip(dtype, shape):
    random = torch.Generator().manual_seed(1)
    value = torch.randint(0, 2 if dtype.name == "bool" else 100, shape, generator=random).to(dtype.torch)
    (record,), names = loads(dumps([Record(value, (1, 3))], ["x"]))
    assert (names, record.context, record.shape) == (["x"], (1, 3), shape)
    assert_same(record.values, value)


def test_special_floats_keep_their_bits():
    bits = torch.tensor([0x7FC00001, 0x7F800000, -0x800000, -0x80000000, 1], dtype=torch.int32)
    (record,), _ = loads(dumps([Record(bits.view(torch.float32))]))
    assert_same(record.values.view(torch.int32), bits)


def test_views_are_written_as_what_they_show():
    base = torch.arange(24.0).reshape(4, 6)
    views = [base.T, base[1:3], base[:, ::2], base[:1].expand(3, 6), base.requires_grad_()[2]]
    views += [base[:0], torch.from_numpy(np.zeros((0, 3))), base[1, 5:].as_strided((1,), (0,), 11)]
    records, _ = loads(dumps([Record(v) for v in views]))
    for record, view in zip(records, views, strict=True):
        assert_same(record.values, view.detach())


def test_loaded_tensors_own_their_memory():
    raw = dumps([Record(torch.ones(3)), Record(torch.ones(3))])
    (first, second), _ = loads(raw)
    first.values.add_(1)
    assert second.values.tolist() == [1, 1, 1]
    assert raw == dumps([second, second])


def test_default_dtype_and_device_of_torch_do_not_matter():
    raw = (GOLDEN / "dtypes.params").read_bytes()
    with torch.device("meta"):
        records, names = loads(raw)
    assert dumps(records, names) == raw


def test_tensors_are_not_copied_on_their_way_out():
    value = torch.zeros(1000)
    pieces = list(encode([Record(value)]))
    value.fill_(1)
    assert value.numpy().tobytes() in b"".join(pieces)


def test_scalar_makes_the_whole_file_v3():
    """MXNet writes a scalar as V2 outside of NumPy shapes and cannot read that again; V3 it can."""
    raw = dumps([Record(torch.ones(2)), Record(torch.tensor(3.0))])
    assert raw == dumps([Record(torch.ones(2)), Record(torch.tensor(3.0))], np_shape=True)
    assert raw[24:28] == struct.pack("<I", V3)


def test_duplicate_names_are_kept():
    records, names = loads(dumps([Record(torch.zeros(1)), Record(torch.ones(1))], ["a", "a"]))
    assert names == ["a", "a"]
    assert [r.values.item() for r in records] == [0, 1]


@pytest.mark.parametrize(
    ("records", "names", "error", "message"),
    [
        ([Record(torch.ones(1))], ["a", "b"], ValueError, "1 arrays cannot have 2 names"),
        ([Record(torch.ones(1))], ["a\0b"], ValueError, r"'a\\x00b'"),
        ([Record(torch.ones(1))], ["a\ud800"], UnicodeEncodeError, "surrogates"),
        ([Record(torch.ones(1, dtype=torch.complex64))], [], TypeError, "complex64"),
        ([Record(torch.tensor(1.0)), *golden_records("sparse.params")], [], MXNetError, "Sparse arrays"),
    ],
)
def test_what_a_file_cannot_hold(records, names, error, message):
    with pytest.raises(error, match=message):
        dumps(records, names)


# ---- damaged files ---------------------------------------------------------------------------------------------------

TWO_FLOATS = struct.pack("<2f", 1, 2)
CONTEXT = [("device type", "i", 1), ("device id", "i", 0), ("dtype code", "i", 0)]
DENSE = ("storage type", "i", 0)
MATRIX = [("number of dimensions", "i", 2), ("dim", "q", 1), ("dim", "q", 2)]
VECTOR = [("number of dimensions", "i", 1), ("dim", "q", 2)]
LAYOUTS = {
    "V2": [("record header", "I", V2), DENSE, *MATRIX, *CONTEXT],
    "V3": [("record header", "I", V3), DENSE, *VECTOR, *CONTEXT],
    "V1": [("record header", "I", V1), *VECTOR, *CONTEXT],
    "before V1": [("record header", "I", 1), ("dim", "I", 2), *CONTEXT],
}
STORED = [("number of dimensions", "i", 2), ("dim", "q", 1), ("dim", "q", 2)]
ROW_INDEX = [("dtype code", "i", 6), ("number of dimensions", "i", 1), ("dim", "q", 1)]
ROWS = [("record header", "I", V2), ("storage type", "i", 1), *STORED, ("number of dimensions", "i", 2)]
SPARSE_LAYOUTS = {
    "row_sparse": (
        [*ROWS, ("dim", "q", 5), ("dim", "q", 2), *CONTEXT, *ROW_INDEX],
        TWO_FLOATS + struct.pack("<q", 3),
    ),
    "csr": (
        [
            *(("record header", "I", V2), ("storage type", "i", 2), *VECTOR, ("number of dimensions", "i", 2)),
            *(("dim", "q", 1), ("dim", "q", 4), *CONTEXT),
            *(("dtype code", "i", 6), ("number of dimensions", "i", 1), ("dim", "q", 2)),
            *(("dtype code", "i", 6), ("number of dimensions", "i", 1), ("dim", "q", 2)),
        ],
        TWO_FLOATS + struct.pack("<4q", 0, 2, 1, 3),
    ),
}


def fields(layout):
    """A legal file as (field, struct code, value) in order; raw bytes have no struct code."""
    return [
        ("first bytes", "Q", 0x112),
        ("reserved word", "Q", 0),
        ("number of arrays", "Q", 1),
        *LAYOUTS[layout],
        ("values", "", TWO_FLOATS),
        ("number of names", "Q", 1),
        ("length of name 0", "Q", 2),
        ("name 0", "", b"ab"),
    ]


def pack(layout):
    return b"".join(struct.pack("<" + code, value) if code else value for _, code, value in layout)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_field_layouts_are_legal(layout):
    (record,), names = loads(pack(fields(layout)))
    assert names == ["ab"]
    assert record.values.flatten().tolist() == [1, 2]


def damages():
    """(layout, number of the field, damaged value): every number of every layout set to 0, -1, and the largest."""
    for layout in LAYOUTS:
        for i, (name, code, value) in enumerate(fields(layout)):
            if code:
                bits = 8 * struct.calcsize("<" + code)
                highest = 2**bits - 1 if code.isupper() else 2 ** (bits - 1) - 1
                lowest = 0 if code.isupper() else -1
                for damaged in sorted({0, lowest, highest, highest // 2 + 1, value + 1} - {value}):
                    yield pytest.param(layout, i, damaged, id=f"{layout}-{i}-{name}-{damaged}")


@pytest.mark.parametrize(("layout", "i", "damaged"), list(damages()))
def test_damaged_number(layout, i, damaged):
    parts = fields(layout)
    name, code, _ = parts[i]
    parts[i] = (name, code, damaged)
    raw = pack(parts)
    # These make another file, just as legal: a second GPU or CPU, NumPy shapes.
    if (name == "device id" and damaged > 0) or (name, damaged) in (("device type", 2), ("record header", V3)):
        (record,), _ = loads(raw)
        assert record.context == tuple(value for field, _, value in parts if field in ("device type", "device id"))
        return
    with pytest.raises(MXNetError) as caught:
        loads(raw)
    found = re.fullmatch(
        r"Cannot load arrays from 'some.params': (?:array 0 of \d+: )?(.+?) at byte (\d+): expected .+; found .+\.",
        str(caught.value),
    )
    assert found, caught.value
    # A number that is legal by itself (a size, a count that fits) is found out where the next thing does not follow.
    field, at = found[1], int(found[2])
    if name == "dim":
        name, i = "shape", next(k for k, part in enumerate(parts) if part[0] == "dim")
    assert at >= len(pack(parts[:i]))
    if damaged == -1 or damaged == 2**64 - 1:
        assert at == len(pack(parts[:i]))
        assert field.startswith(name)


def sparse_fields(storage):
    layout, values = SPARSE_LAYOUTS[storage]
    return [*fields("V2")[:3], *layout, ("values", "", values), *fields("V2")[-3:]]


@pytest.mark.parametrize("storage", SPARSE_LAYOUTS)
def test_sparse_field_layouts_are_legal(storage):
    (array,) = nd.load_frombuffer(pack(sparse_fields(storage))).values()
    dense = {"row_sparse": [[0, 0]] * 3 + [[1, 2], [0, 0]], "csr": [[0, 1, 0, 2]]}
    assert array.stype == storage
    assert array.asnumpy().tolist() == dense[storage]


@pytest.mark.parametrize("storage", SPARSE_LAYOUTS)
@pytest.mark.parametrize("kind", ["0", "-1", "most", "half", "one more", "one less"])
def test_damaged_number_of_a_sparse_array(storage, kind):
    """Every number by itself; through nd.load_frombuffer, which also looks at what the index arrays say."""
    parts = sparse_fields(storage)
    for i, (name, code, value) in enumerate(parts):
        if not code:
            continue
        most = 2 ** (8 * struct.calcsize("<" + code) - (not code.isupper())) - 1
        damaged = {"0": 0, "-1": most if code.isupper() else -1, "most": most, "half": most // 2 + 1}.get(kind)
        damaged = value + (1 if kind == "one more" else -1) if damaged is None else damaged
        if damaged == value or (damaged < 0 and code.isupper()):
            continue
        changed = pack([*parts[:i], (name, code, damaged), *parts[i + 1 :]])
        try:
            (array,) = nd.load_frombuffer(changed).values()
        except MXNetError as error:
            assert re.search(r"at byte \d+: expected .+; found |storage is damaged", str(error)), error  # noqa: PT017
            continue
        # Another place, or another number of rows or columns that hold nothing: just as legal.
        assert name in ("device id", "device type", "dim"), (name, damaged)
        assert array.data.asnumpy().flatten().tolist() == [1, 2]


@pytest.mark.parametrize("code", sorted(set(range(-2, 20)) - set(dtypes.by_code)))
def test_unknown_dtype_code(code):
    raw = pack([("", c, code if n == "dtype code" else v) for n, c, v in fields("V2")])
    with pytest.raises(MXNetError, match=rf"dtype code at byte 60: .*found {code}\."):
        loads(raw)


@pytest.mark.parametrize("file", INDEX)
def test_truncated_anywhere(file):
    raw = (GOLDEN / file).read_bytes()
    for end in range(len(raw)):
        with pytest.raises(MXNetError, match=r"at byte \d+: expected"):
            loads(raw[:end])


@pytest.mark.parametrize("file", INDEX)
def test_bytes_after_the_end(file):
    raw = (GOLDEN / file).read_bytes()
    with pytest.raises(MXNetError, match=f"end of file at byte {len(raw)}: expected no more bytes; found 1 more"):
        loads(raw + b"\0")


@pytest.mark.parametrize("file", INDEX)
def test_random_damage_is_an_error_or_another_legal_file(file, monkeypatch):
    """Whatever the bytes: MXNetError or arrays, and never an allocation that the file's size does not warrant."""
    raw = (GOLDEN / file).read_bytes()
    random = np.random.RandomState(3)
    empty = torch.empty

    def modest_empty(shape, dtype, **kwargs):
        assert np.prod(shape, dtype=object) * dtype.itemsize <= len(raw) + 8
        return empty(shape, dtype=dtype, **kwargs)

    monkeypatch.setattr(torch, "empty", modest_empty)
    refused = 0
    for _ in range(200):
        damaged = bytearray(raw)
        at = random.randint(len(raw))
        kind = random.randint(4)
        if kind == 0:
            damaged[at] = random.randint(256)
        elif kind == 1:
            damaged[at : at + 8] = random.bytes(8)
        elif kind == 2:
            damaged[at:at] = random.bytes(random.randint(1, 9))
        else:
            del damaged[at : at + random.randint(1, 9)]
        try:
            loads(bytes(damaged))
        except MXNetError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize("shape", [(2**31, 2**31, 2**31), (2**62, 4), (0, 2**62, 2**62), (2**40,), (2**63 - 1, 0)])
def test_huge_shapes(shape):
    raw = struct.pack(f"<QQQIii{len(shape)}qiii", 0x112, 0, 1, V2, 0, len(shape), *shape, 1, 0, 0) + bytes(8)
    with pytest.raises(MXNetError, match=r"array 0 of 1: values .*shape \("):
        loads(raw)


def test_zero_size_beside_a_large_one():
    raw = struct.pack("<QQQIii2qiii", 0x112, 0, 1, V2, 0, 2, 0, 2**40, 1, 0, 0) + bytes(8)
    (record,), _ = loads(raw)
    assert record.shape == (0, 2**40)


def test_array_without_a_shape():
    """What MXNet leaves of a scalar that was saved outside of NumPy shapes: it cannot read it either."""
    raw = struct.pack("<QQQIiiiiif", 0x112, 0, 1, V2, 0, 0, 1, 0, 0, 3.0) + bytes(8)
    with pytest.raises(MXNetError, match="scalar saved outside of NumPy shape semantics"):
        loads(raw)


@pytest.mark.parametrize("names", [[b"a"], [b"a", b"b", b"c"]])
def test_number_of_names(names):
    raw = dumps([Record(torch.ones(1)), Record(torch.ones(1))])[:-8]
    raw += struct.pack("<Q", len(names)) + b"".join(struct.pack("<Q", len(n)) + n for n in names)
    with pytest.raises(MXNetError, match=rf"number of names at byte \d+: expected 0 or 2, .*found {len(names)}\."):
        loads(raw)


def test_name_that_is_no_text():
    raw = dumps([Record(torch.ones(1))], ["ab"])[:-2] + b"\xff\xfe"
    with pytest.raises(MXNetError, match=rf"name 0 at byte {len(raw) - 2}: expected UTF-8 text"):
        loads(raw)


def test_bytes_of_bool_are_made_true_or_false():
    raw = bytearray(dumps([Record(torch.tensor([True, False, True]))]))
    raw[-11:-8] = b"\x02\x00\xff"
    (record,), _ = loads(bytes(raw))
    assert record.values.view(torch.uint8).tolist() == [1, 0, 1]


def test_file_that_shrinks_while_it_is_read():
    class Shrinking(io.BytesIO):
        def readinto(self, buffer):
            return 0

    with pytest.raises(MXNetError, match="shrank while it was read"):
        decode(Shrinking(dumps([Record(torch.ones(4))])), "'some.params'")


# ---- files of other programs -----------------------------------------------------------------------------------------


def written(write, *args):
    file = io.BytesIO()
    write(file, *args)
    return file.getvalue()


class Explosive:
    def __reduce__(self):
        return pytest.fail, ("a pickle was opened",)


FOREIGN_FILES = {
    "npy": (written(np.save, np.ones(3)), r"\.npy"),
    "npz": (written(np.savez, np.ones(3)), r"\.npz"),
    "torch zip": (written(lambda f: torch.save({"a": torch.ones(3)}, f)), r"torch\.load"),
    "torch old": (written(lambda f: torch.save(torch.ones(3), f, _use_new_zipfile_serialization=False)), "pickle"),
    "pickle": (pickle.dumps(Explosive()), "pickle"),
    "safetensors": (safetensors.torch.save({"a": torch.ones(3)}), "safetensors"),
    "gzip": (gzip.compress(dumps([Record(torch.ones(3))])), "gzip"),
    "json": (json.dumps({"nodes": []}).encode(), "JSON"),
    "html": (b"<!DOCTYPE html><html>404</html>", "download"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n", "git lfs pull"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(8), "h5py"),
    "recordio": (struct.pack("<II", 0xCED7230A, 4) + b"abcd", "RecordIO"),
    "big-endian": (struct.pack(">QQQQ", 0x112, 0, 0, 0), "big-endian"),
    "text": (b"hello, world", "68 65 6c 6c 6f"),
    "nothing": (b"", "an empty file"),
}


@pytest.mark.parametrize("kind", FOREIGN_FILES)
def test_foreign_file(kind):
    raw, hint = FOREIGN_FILES[kind]
    with pytest.raises(MXNetError, match=rf"'some.params': first bytes at byte 0: expected 12 01 .*; found .*{hint}"):
        loads(raw)


def test_every_hint_is_tested():
    seen = {prefix for prefix, _ in FOREIGN for raw, _ in FOREIGN_FILES.values() if raw.startswith(prefix)}
    assert seen == {prefix for prefix, _ in FOREIGN}
