"""``mx.nd.save`` and ``mx.nd.load``: arrays to and from MXNet's binary files. The format itself is in binary.py."""

from __future__ import annotations

import io
import os

from .._files import atomic_write
from ..base import MXNetError
from ..util import is_np_shape
from . import binary
from .ndarray import NDArray
from .sparse.arrays import from_record, to_record

__all__ = ["load", "load_frombuffer", "save"]


def save(fname: str | os.PathLike[str], data: NDArray | list[NDArray] | dict[str, NDArray]) -> None:
    """Save arrays to a file that MXNet 1.x reads, too: one array, a list, or a dict of named arrays.

    The file appears whole or not at all: when saving fails or is interrupted, an older file of this name stays.

    Raises ValueError for other kinds of data, TypeError for a list or dict of something else, and MXNetError when the
    file cannot be written.
    """
    path = _local_path(fname, "save")
    if isinstance(data, NDArray):
        names, arrays = [], [data]
    elif isinstance(data, dict):
        names, arrays = list(data), list(data.values())
    elif isinstance(data, list):
        names, arrays = [], data
    else:
        raise ValueError(
            "data needs to either be a NDArray, dict of str, NDArray pairs or a list of NDArrays, "
            f"but got {type(data).__name__}."
        )
    wrong = [x for x in names if not isinstance(x, str)] + [x for x in arrays if not isinstance(x, NDArray)]
    if wrong:
        raise TypeError(
            "save only accepts NDArray, dict str->NDArray or list of NDArray, "
            f"but this {type(data).__name__} holds {wrong[0]!r} ({type(wrong[0]).__name__})."
        )
    records = [to_record(a) for a in arrays]
    try:
        with atomic_write(path) as file:
            file.writelines(binary.encode(records, names, np_shape=is_np_shape()))
    except OSError as error:
        raise MXNetError(f"Cannot save arrays to {path!r}: {error.strerror or error}.") from error


def load(fname: str | os.PathLike[str]) -> list[NDArray] | dict[str, NDArray]:
    """Load the arrays of a file that ``save``, or any MXNet, wrote: a dict where they have names, else a list.

    Arrays saved from a GPU return to that GPU where this machine has it; all others come to ``cpu(0)``.

    Raises TypeError when ``fname`` is no path, and MXNetError when there is no such file or it is not an array file.
    """
    path = _local_path(fname, "load")
    try:
        with open(path, "rb") as file:
            return _load(file if file.seekable() else io.BytesIO(file.read()), repr(path))
    except OSError as error:
        raise MXNetError(f"Cannot load arrays from {path!r}: {error.strerror or error}.") from error


def load_frombuffer(buf: bytes | str) -> list[NDArray] | dict[str, NDArray]:
    """Load arrays from the content of a file, as ``load`` does from the file."""
    if not isinstance(buf, (bytes, str)):
        raise TypeError(f"buf required to be a string or bytes, but got {type(buf).__name__}.")
    raw = buf.encode() if isinstance(buf, str) else buf
    return _load(io.BytesIO(raw), f"a buffer of {len(raw)} bytes")


def _load(stream: io.BufferedIOBase, where: str) -> list[NDArray] | dict[str, NDArray]:
    records, names = binary.decode(stream, where)
    labels = [f"array {name!r} of {where}" for name in names] or [f"array {i} of {where}" for i in range(len(records))]
    arrays = [from_record(record, label) for record, label in zip(records, labels, strict=True)]
    return dict(zip(names, arrays, strict=True)) if names else arrays


def _local_path(fname: str | os.PathLike[str], verb: str) -> str:
    if not isinstance(fname, (str, os.PathLike)):
        raise TypeError(f"fname required to be a string, but got {fname!r} ({type(fname).__name__}).")
    path = os.fsdecode(fname).removeprefix("file://")
    protocol, separator, _ = path.partition("://")
    if separator and protocol.isalnum():
        raise MXNetError(
            f"Cannot {verb} arrays at {path!r}: only local files are supported, not {protocol}://. "
            f"{'Download the file and load the copy.' if verb == 'load' else 'Save to a local file and upload that.'}"
        )
    return path
