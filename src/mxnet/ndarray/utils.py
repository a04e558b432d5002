"""``mx.nd.save`` and ``mx.nd.load``: arrays to and from files. The formats themselves are in binary.py (MXNet's) and
safetensors.py (files with the ending ``.safetensors``).
"""

from __future__ import annotations

import io
import math
import os

from .._files import atomic_write
from ..base import MXNetError
from ..util import is_np_shape
from . import binary, safetensors
from .ndarray import NDArray
from .sparse.arrays import from_record, to_record

__all__ = ["load", "load_frombuffer", "save"]


def save(fname: str | os.PathLike[str], data: NDArray | list[NDArray] | dict[str, NDArray]) -> None:
    """Save arrays to a file that MXNet 1.x reads, too: one array, a list, or a dict of named arrays.

    A name that ends in ``.safetensors`` makes a file of that format, which holds dicts of dense arrays.
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
    if not path.endswith(safetensors.ENDING):
        pieces = binary.encode(records, names, np_shape=is_np_shape())
    elif isinstance(data, dict):
        pieces = safetensors.encode(records, names)
    else:
        raise ValueError(
            f"A {safetensors.ENDING} file holds arrays by name: save a dict, not this {type(data).__name__}."
        )
    try:
        with atomic_write(path) as file:
            file.writelines(pieces)
    except OSError as error:
        raise MXNetError(f"Cannot save arrays to {path!r}: {_reason(error, path)}.") from error


def load(fname: str | os.PathLike[str]) -> list[NDArray] | dict[str, NDArray]:
    """Load the arrays of a file that ``save``, or any MXNet, wrote: a dict where they have names, else a list.

    A name that ends in ``.safetensors`` stands for a file of that format, whoever wrote it: a dict on ``cpu(0)``.
    Otherwise arrays saved from a GPU return to that GPU where this machine has it; all others come to ``cpu(0)``.

    Raises TypeError when ``fname`` is no path, and MXNetError when there is no such file or it is not an array file.
    """
    path = _local_path(fname, "load")
    try:
        with open(path, "rb") as file:
            stream = file if file.seekable() else io.BytesIO(file.read())
            return _load(stream, repr(path), path.endswith(safetensors.ENDING))
    except OSError as error:
        raise MXNetError(f"Cannot load arrays from {path!r}: {_reason(error, path)}.") from error


def load_frombuffer(buf: bytes | str) -> list[NDArray] | dict[str, NDArray]:
    """Load arrays from the content of a file, as ``load`` does from the file."""
    if not isinstance(buf, (bytes, str)):
        raise TypeError(f"buf required to be a string or bytes, but got {type(buf).__name__}.")
    raw = buf.encode() if isinstance(buf, str) else buf
    # Nothing but a guess is possible here: MXNet's format has a zero where a JSON header begins.
    return _load(io.BytesIO(raw), f"a buffer of {len(raw)} bytes", by_name=raw[8:9] == b"{")


def checkpoint_names(prefix: str | os.PathLike[str], epoch: float) -> tuple[str, str]:
    """The files of a checkpoint: the network's graph, its parameters.

    ``net``, 3 to ``net-symbol.json``, ``net-0003.params``; a prefix with the ending ``.safetensors`` gives it to the
    parameters: ``net.safetensors``, 3 to ``net-symbol.json``, ``net-0003.safetensors``.
    """
    stem, ending = os.fsdecode(prefix), ".params"
    if stem.endswith(safetensors.ENDING):
        stem, ending = stem.removesuffix(safetensors.ENDING), safetensors.ENDING
    return f"{stem}-symbol.json", f"{stem}-{math.trunc(epoch):04d}{ending}"


def _load(stream: io.BufferedIOBase, where: str, by_name: bool) -> list[NDArray] | dict[str, NDArray]:
    """by_name: whether the format is that of safetensors."""
    records, names = (safetensors if by_name else binary).decode(stream, where)
    labels = [f"array {name!r} of {where}" for name in names] or [f"array {i} of {where}" for i in range(len(records))]
    arrays = [from_record(record, label) for record, label in zip(records, labels, strict=True)]
    return dict(zip(names, arrays, strict=True)) if names or by_name else arrays


def _reason(error: OSError, path: str) -> str:
    folder = os.path.dirname(path)
    if isinstance(error, FileNotFoundError) and folder and not os.path.isdir(folder):
        return f"{error.strerror}, since there is no folder {folder!r}"
    return error.strerror or str(error)


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
