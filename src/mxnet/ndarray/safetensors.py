"""``.safetensors`` files (https://github.com/huggingface/safetensors): named, dense arrays to bytes and back.

A file is ::

    uint64 size of the header | header | values of all arrays, one after the other, without gaps

and little-endian. The header is a JSON object, padded with spaces, of ``{"dtype": "F32", "shape": [2, 3],
"data_offsets": [begin, end]}`` by name; the offsets count from the header's end. ``__metadata__`` maps text to text.

Files are not trusted, as in binary.py: whatever is wrong is an MXNetError with file, field and offset.
"""

from __future__ import annotations

import io
import json
import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

from .. import dtypes
from ..base import MXNetError
from .binary import LIST_MAGIC, Record
from .reading import MAX_NDIM, Reader, memory

__all__ = ["ENDING", "decode", "encode"]

ENDING = ".safetensors"
METADATA = "__metadata__"
MOST = 100_000_000  # bytes of a header: what the safetensors package accepts
DTYPES = dict(
    F32="float32", F64="float64", F16="float16", BF16="bfloat16", BOOL="bool",
    U8="uint8", I8="int8", I32="int32", I64="int64",
)  # fmt: skip
CODES = {name: code for code, name in DTYPES.items()}


# ---- writing ---------------------------------------------------------------------------------------------------------


def encode(records: Sequence[Record], names: Sequence[str]) -> Iterator[bytes | memoryview]:
    """The file's bytes for ``records``, in pieces; tensors on the CPU are not copied.

    The header keeps the order of the names. The values are ordered by size of dtype, so that all are aligned.
    Raises ValueError for names that the file cannot hold, MXNetError for sparse arrays.
    """
    for name in names:
        name.encode()  # refuses half of a surrogate pair
        if name == METADATA:
            raise ValueError(f"An array in a {ENDING} file cannot have the name {METADATA!r}: the format uses it.")
    for name, record in zip(names, records, strict=True):
        if record.storage != "default":
            raise MXNetError(
                f"Array {name!r} has storage {record.storage!r}: a {ENDING} file holds dense arrays only. Convert it "
                "with tostype('default'), or save to a .params file."
            )
    rows = [dtypes.resolve(record.values.dtype) for record in records]
    order = sorted(range(len(rows)), key=lambda i: -rows[i].itemsize)
    spans, end = {}, 0
    for i in order:
        begin, end = end, end + records[i].values.numel() * rows[i].itemsize
        spans[i] = [begin, end]
    header: dict[str, Any] = {METADATA: {"format": "mxnet"}}
    for i, name in enumerate(names):
        header[name] = {"dtype": CODES[rows[i].name], "shape": list(records[i].values.shape), "data_offsets": spans[i]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > MOST:
        raise ValueError(f"The names need a header of {len(text)} bytes; a {ENDING} file takes at most {MOST}.")
    yield struct.pack("<Q", len(text)) + text
    for i in order:
        yield memory(records[i].values.detach().cpu().contiguous())


# ---- reading ---------------------------------------------------------------------------------------------------------


def decode(stream: io.BufferedIOBase, where: str) -> tuple[list[Record], list[str]]:
    """The arrays of a seekable stream, as CPU tensors of their own, and their names, in the header's order.

    ``where`` names the stream in errors. Raises MXNetError for anything but one whole, well-formed file.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    reader = Reader(stream, size, where)
    if stream.read(16) == struct.pack("<QQ", LIST_MAGIC, 0):
        reader.fail(0, "first bytes", "the size of a header", "a file of MXNet's: give it the ending .params")
    stream.seek(0)
    length = reader.count("size of the header", 1)
    if not 2 <= length <= MOST:
        reader.fail(0, "size of the header", f"2 to {MOST} bytes", length)
    raw = reader.take(length, "header")
    start, found = reader.offset, {}
    entries = [_Entry.of(name, value, reader, raw) for name, value in _header(reader, raw)]
    for entry in sorted(entries, key=lambda entry: (entry.begin, entry.end)):
        name, dtype, shape, begin, end = entry
        expected, span = reader.offset - start, math.prod(shape) * dtype.itemsize
        if begin != expected:
            _refuse(reader, raw, name, "data_offsets", f"to begin at {expected}, where the array before ends", begin)
        if end - begin != span:
            wanted = f"{span} bytes, of shape {shape} and {dtype.name}"
            _refuse(reader, raw, name, "data_offsets", wanted, f"{end - begin} bytes")
        reader.inside = f"array {name!r}: "
        found[name] = Record(reader.tensor("values", dtype, shape))
    reader.inside = ""
    if reader.offset != size:
        reader.fail(reader.offset, "end of file", "no more bytes", f"{size - reader.offset} more")
    return [found[entry.name] for entry in entries], [entry.name for entry in entries]


class _Pairs(list):
    """A JSON object as it stands, with names that come twice."""


def _header(reader: Reader, raw: bytes) -> list[tuple[str, Any]]:
    """Names and entries; none twice, without the metadata."""
    start = reader.offset - len(raw)
    try:
        header = json.loads(raw.decode(), object_pairs_hook=_Pairs)
    except UnicodeDecodeError as error:
        reader.fail(start + error.start, "header", "UTF-8 text", raw[error.start : error.start + 8])
    except json.JSONDecodeError as error:
        at = start + len(error.doc[: error.pos].encode())
        reader.fail(at, "header", f"JSON ({error.msg})", repr(error.doc[error.pos : error.pos + 20]))
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets
        reader.fail(start, "header", "JSON of plain numbers and few levels", type(error).__name__)
    if not isinstance(header, _Pairs) or raw[:1] != b"{":
        reader.fail(start, "header", "a JSON object", _short(header))
    seen = set()
    for name, value in header:
        if name in seen:
            _refuse(reader, raw, name, "name", "every name once", "it again")
        seen.add(name)
        if any("\ud800" <= char <= "\udfff" for char in name):
            _refuse(reader, raw, name, "name", "text that UTF-8 can hold", repr(name))
        if name == METADATA and not (isinstance(value, _Pairs) and all(isinstance(v, str) for _, v in value)):
            _refuse(reader, raw, name, "metadata", "text by name", _short(value))
    return [(name, value) for name, value in header if name != METADATA]


class _Entry(NamedTuple):
    """What the header says of an array."""

    name: str
    dtype: dtypes.DType
    shape: tuple[int, ...]
    begin: int
    end: int

    @classmethod
    def of(cls, name: str, value: Any, reader: Reader, raw: bytes) -> _Entry:
        """The entry that stands in the header ``raw``, checked by itself."""
        if not isinstance(value, _Pairs) or sorted(key for key, _ in value) != ["data_offsets", "dtype", "shape"]:
            _refuse(reader, raw, name, "entry", "an object of dtype, shape and data_offsets", _short(value))
        fields = dict(value)
        dtype, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
        if not isinstance(dtype, str) or dtype not in DTYPES:
            _refuse(reader, raw, name, "dtype", f"one of {', '.join(DTYPES)}", _short(dtype))
        if not _sizes(shape) or len(shape) > MAX_NDIM:
            _refuse(reader, raw, name, "shape", f"up to {MAX_NDIM} sizes of 0 or more", _short(shape))
        if not _sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
            _refuse(reader, raw, name, "data_offsets", "two rising numbers", _short(offsets))
        return cls(name, dtypes.by_name[DTYPES[dtype]], tuple(shape), *offsets)


def _refuse(reader: Reader, raw: bytes, name: str, field: str, expected: str, found: object) -> NoReturn:
    """Fail because of the entry of that name in the header ``raw``."""
    at = raw.find(json.dumps(name, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    reader.inside = f"array {name!r}: "
    reader.fail(8 + max(at, 0), field, expected, found)


def _sizes(value: Any) -> bool:
    return type(value) is list and all(type(size) is int and 0 <= size < 2**63 for size in value)


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except RecursionError:
        text = "a value of too many levels"
    return text if len(text) <= 80 else f"{text[:77]}..."
