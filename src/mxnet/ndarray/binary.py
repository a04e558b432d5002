"""MXNet's binary array files (``.params``, ``.nd``): records of tensors to bytes and back, without NDArray.

A file is little-endian (this module reads and writes it on little-endian machines only)::

    uint64 0x112 | uint64 0 | uint64 count | records | uint64 count | names, each: uint64 length, UTF-8 bytes

with one name per record (of a dict) or none (of a list). A shape is int32 ndim, then ndim times int64. A record is ::

    uint32 magic | int32 storage | [shape of values] | shape | int32 device type | int32 device id | int32 dtype
    | [int32 dtype, shape] per index array | values | [index arrays]

where only sparse storage has the parts in brackets. Four magics were in use: V2 is what MXNet 1.x writes, V3 the same
under NumPy shapes, where ``()`` is a scalar (in older records it meant "no shape yet"), V1 lacks the storage type, and
before V1 there was no magic: the record begins with ndim, and dimensions are uint32.

Files are not trusted, see reading.py: every number is checked before anything is allocated, and nothing is executed.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch

from .. import dtypes
from ..base import MXNetError
from ..context import Context
from .reading import MAX_NDIM, Reader, memory

__all__ = ["Record", "decode", "encode", "pack", "unpack"]

LIST_MAGIC = 0x112
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
STORAGE = ("default", "row_sparse", "csr")  # the code in a file is the index
INDEX_ARRAYS = {"default": (), "row_sparse": ("row indices",), "csr": ("row pointers", "column indices")}
SMALLEST_RECORD = 20  # bytes of the oldest layout: ndim, one dimension, device type and id, dtype

# First bytes of files that end up here by mistake, and what to do with them.
FOREIGN = (
    (bytes(6) + b"\x01\x12", "an array file of a big-endian machine: save it again on a little-endian one"),
    (b"\x93NUMPY", "a NumPy .npy file: mx.nd.array(numpy.load(...)) reads it"),
    (b"PK\x03\x04", "a zip archive: numpy.load reads .npz files, torch.load PyTorch's"),
    (b"\x80", "a pickle, as torch.save and MXNet's Trainer.save_states write: Trainer.load_states reads the latter"),
    (b"\x89HDF", "an HDF5 file: the h5py package reads it"),
    (b"\x1f\x8b", "gzip-compressed: decompress it first"),
    (b"\x0a\x23\xd7\xce", "a RecordIO file: mx.recordio.MXRecordIO reads it"),
    (b"{", "JSON, perhaps a network's -symbol.json: its arrays are in the .params file beside it"),
    (b"<", "HTML or XML, perhaps the error page of a failed download"),
    (b"version https://git-lfs", "a Git LFS pointer: `git lfs pull` fetches the file itself"),
)


class Record(NamedTuple):
    """One array of a file."""

    values: torch.Tensor
    """The array itself; of a sparse one, the values that are stored."""
    context: tuple[int, int] = (1, 0)
    """Device type (a key of Context.devtype2str) and device id where it lived when it was saved."""
    storage: str = "default"
    shape: tuple[int, ...] | None = None
    """Of a sparse array; for a dense one, that of ``values``."""
    indices: tuple[torch.Tensor, ...] = ()
    """row_sparse: row numbers; csr: row pointers, column numbers. Unchecked: a damaged file may hold any."""


# ---- writing ---------------------------------------------------------------------------------------------------------


def encode(
    records: Sequence[Record], names: Sequence[str] = (), np_shape: bool = False
) -> Iterator[bytes | memoryview]:
    """The file's bytes for ``records``, in pieces; tensors on the CPU are not copied.

    ``names`` has one name per record, or none at all. ``np_shape`` writes V3 records. A scalar among the
    records asks for that too: MXNet writes it as V2, which it cannot read again.

    Raises ValueError for names that the file cannot hold, MXNetError for sparse records in a V3 file.
    """
    if names and len(names) != len(records):
        raise ValueError(f"{len(records)} arrays cannot have {len(names)} names.")
    encoded = [name.encode() for name in names]
    for name in names:
        if "\0" in name:
            raise ValueError(f"Array name {name!r} contains a zero character, where MXNet's readers would cut it.")
    np_shape = np_shape or any(r.values.dim() == 0 for r in records)
    if np_shape and any(r.storage != "default" for r in records):
        raise MXNetError(
            "Sparse arrays cannot be saved in NumPy shape semantics, nor in one file with an array of shape (). "
            "Save them to a file of their own, outside of np_shape."
        )
    yield struct.pack("<QQQ", LIST_MAGIC, 0, len(records))
    for record in records:
        yield from _encode_record(record, V3 if np_shape else V2)
    yield struct.pack("<Q", len(encoded))
    for name in encoded:
        yield struct.pack("<Q", len(name)) + name


def pack(record: Record) -> bytearray:
    """One record alone, as MXNet pickles an array."""
    return bytearray().join(_encode_record(record, V2 if record.values.dim() else V3))


def _encode_record(record: Record, magic: int) -> Iterator[bytes | memoryview]:
    values, context, storage, shape, indices = record
    header = struct.pack("<Ii", magic, STORAGE.index(storage))
    if storage != "default":
        header += _encode_shape(values.shape)
    header += _encode_shape(values.shape if shape is None else shape)
    header += struct.pack("<iii", *context, dtypes.resolve(values.dtype).code)
    for index in indices:
        header += struct.pack("<i", dtypes.resolve(index.dtype).code) + _encode_shape(index.shape)
    yield header
    for tensor in (values, *indices):
        yield memory(tensor.detach().cpu().contiguous())


def _encode_shape(shape: Sequence[int]) -> bytes:
    return struct.pack(f"<i{len(shape)}q", len(shape), *shape)


# ---- reading ---------------------------------------------------------------------------------------------------------


def decode(stream: io.BufferedIOBase, where: str) -> tuple[list[Record], list[str]]:
    """The records of a seekable stream, as CPU tensors of their own, and their names (none if a list was saved).

    ``where`` names the stream in errors. Raises MXNetError for anything but one whole, well-formed file.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    reader = Reader(stream, size, where)
    magic, head = struct.pack("<Q", LIST_MAGIC), stream.read(32)
    if not head.startswith(magic):
        reader.fail(0, "first bytes", magic.hex(" "), _describe(head))
    reader.offset = stream.seek(len(magic))
    reader.number("Q", "reserved word", legal=range(1))
    count = reader.count("number of arrays", SMALLEST_RECORD)
    records = []
    for i in range(count):
        reader.inside = f"array {i} of {count}: "
        records.append(_decode_record(reader))
    reader.inside = ""
    at = reader.offset
    names = [_decode_name(reader, i) for i in range(reader.count("number of names", 8))]
    if names and len(names) != count:
        reader.fail(at, "number of names", f"0 or {count}, the number of arrays", len(names))
    if reader.offset != size:
        reader.fail(reader.offset, "end of file", "no more bytes", f"{size - reader.offset} more")
    return records, names


def unpack(raw: bytes | bytearray, where: str) -> Record:
    """The record that ``pack``, or MXNet, made. Raises MXNetError for anything else."""
    head, tail = struct.pack("<QQQ", LIST_MAGIC, 0, 1), struct.pack("<Q", 0)
    (record,), _ = decode(io.BytesIO(head + raw + tail), where)
    return record


def _decode_record(reader: Reader) -> Record:
    at = reader.offset
    magic = reader.number("I", "record header")
    kind, values_shape = "default", None
    if magic in (V2, V3):
        kind = STORAGE[reader.number("i", "storage type", legal=range(1 if magic == V3 else len(STORAGE)))]
        if kind != "default":
            values_shape = reader.shape("shape of the stored values")
        shape = reader.shape("shape", scalars=magic == V3)
    elif magic == V1:
        shape = reader.shape("shape")
    elif magic <= MAX_NDIM:
        shape = reader.dimensions(magic, "I", "shape", at)
    else:
        versions = ", ".join(f"{v:#x}" for v in (V1, V2, V3))
        reader.fail(at, "record header", f"{versions} or a number of dimensions up to {MAX_NDIM}", f"{magic:#x}")
    context = (
        reader.number("i", "device type", legal=tuple(Context.devtype2str)),
        reader.number("i", "device id", legal=range(2**31)),
    )
    dtype = reader.dtype("dtype code")
    layouts = [
        (name, reader.dtype(f"dtype code of the {name}"), reader.shape(f"shape of the {name}"))
        for name in INDEX_ARRAYS[kind]
    ]
    values = reader.tensor("values", dtype, shape if values_shape is None else values_shape)
    return Record(values, context, kind, shape, tuple(reader.tensor(*layout) for layout in layouts))


def _decode_name(reader: Reader, i: int) -> str:
    length = reader.count(f"length of name {i}", 1)
    at = reader.offset
    raw = reader.take(length, f"name {i}")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        reader.fail(at, f"name {i}", "UTF-8 text", raw[:40])


def _describe(head: bytes) -> str:
    """What a file that begins with ``head`` seems to be, for people."""
    if not head:
        return "an empty file"
    found = head[:8].hex(" ")
    kinds = [kind for prefix, kind in FOREIGN if head.startswith(prefix)]
    if head[8:9] == b"{":
        kinds = ["a safetensors file: give it the ending .safetensors"]
    return f"{found}: this looks like {kinds[0]}" if kinds else found
