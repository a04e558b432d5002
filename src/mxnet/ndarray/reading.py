"""Bytes of files that are not trusted: every number is checked against what may stand there, and against the bytes that
remain, before anything is allocated. Whatever is wrong is an MXNetError with file, field and offset.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Sequence
from typing import NoReturn

import torch

from .. import dtypes
from ..base import MXNetError

__all__ = ["MAX_NDIM", "Reader", "memory"]

MAX_NDIM = 64  # torch's operators take no more
DAMAGED = "the file is truncated or damaged"


def memory(tensor: torch.Tensor) -> memoryview:
    """The memory of a contiguous CPU tensor, as bytes."""
    flat = tensor.as_strided((tensor.numel(),), (1,))  # not view(-1): an axis of size 0 or 1 may have any stride
    return flat.view(torch.uint8).numpy().data


class Reader:
    """Takes checked numbers, shapes and tensors from a stream, and knows where it stands."""

    def __init__(self, stream: io.BufferedIOBase, size: int, where: str) -> None:
        self.stream, self.size, self.where = stream, size, where
        self.offset = 0
        self.inside = ""  # the part of the file that is being read, for errors

    def fail(self, offset: int, field: str, expected: object, found: object) -> NoReturn:
        raise MXNetError(
            f"Cannot load arrays from {self.where}: {self.inside}{field} at byte {offset}: "
            f"expected {expected}; found {found}."
        )

    def need(self, size: int, field: str) -> None:
        """Fail unless ``size`` more bytes are there."""
        if size > self.size - self.offset:
            left = self.size - self.offset
            self.fail(self.offset, field, f"{size} bytes", f"the end after {left}: {DAMAGED}")

    def take(self, size: int, field: str) -> bytes:
        self.need(size, field)
        raw = self.stream.read(size)
        if len(raw) < size:
            self.fail(self.offset, field, f"{size} bytes", f"{len(raw)}: the file shrank while it was read")
        self.offset += size
        return raw

    def number(self, code: str, field: str, legal: Sequence[int] | None = None) -> int:
        """The integer of ``struct`` type ``code`` that comes next."""
        at = self.offset
        (value,) = struct.unpack("<" + code, self.take(struct.calcsize("<" + code), field))
        if legal is not None and value not in legal:
            several = f"{legal[0]} to {legal[-1]}" if isinstance(legal, range) else f"one of {legal}"
            self.fail(at, field, several if len(legal) > 1 else legal[0], value)
        return value

    def count(self, field: str, smallest: int) -> int:
        """A uint64 that counts things of at least ``smallest`` bytes each, which all must fit into the rest."""
        at = self.offset
        value = self.number("Q", field)
        most = (self.size - self.offset) // smallest
        if value > most:
            left = self.size - self.offset
            self.fail(at, field, f"at most {most}, for the {left} bytes that follow", f"{value}: {DAMAGED}")
        return value

    def dtype(self, field: str) -> dtypes.DType:
        return dtypes.by_code[self.number("i", field, legal=tuple(dtypes.by_code))]

    def shape(self, field: str, scalars: bool = False) -> tuple[int, ...]:
        at = self.offset
        return self.dimensions(self.number("i", f"number of dimensions of the {field}"), "q", field, at, scalars)

    def dimensions(self, ndim: int, code: str, field: str, at: int, scalars: bool = False) -> tuple[int, ...]:
        """``ndim``, which stood at ``at``, sizes of ``struct`` type ``code``."""
        least = 0 if scalars else 1
        if not least <= ndim <= MAX_NDIM:
            lost = " (an array without values, or a scalar saved outside of NumPy shape semantics)" if ndim == 0 else ""
            self.fail(at, f"number of dimensions of the {field}", f"{least} to {MAX_NDIM}", f"{ndim}{lost}")
        at = self.offset
        raw = self.take(ndim * struct.calcsize("<" + code), field)
        shape = struct.unpack(f"<{ndim}{code}", raw)
        if any(size < 0 for size in shape):
            self.fail(at, field, "sizes of 0 or more", shape)
        return shape

    def tensor(self, field: str, dtype: dtypes.DType, shape: tuple[int, ...]) -> torch.Tensor:
        """The tensor whose values come next, read into memory of its own."""
        # Sizes beside a 0 allocate nothing, but their product must still be a number that torch can hold.
        if math.prod(max(size, 1) for size in shape) * dtype.itemsize >= 2**63:
            self.fail(self.offset, field, "an array that fits into memory", f"shape {shape} of {dtype.name}")
        size = math.prod(shape) * dtype.itemsize
        self.need(size, f"{field} (shape {shape}, {dtype.name})")
        boolean = dtype.torch is torch.bool
        try:
            tensor = torch.empty(shape, dtype=torch.uint8 if boolean else dtype.torch, device="cpu")
        except RuntimeError as error:
            self.fail(self.offset, field, f"an array that fits into memory ({error})", f"{size} bytes")
        target = memory(tensor)
        done = 0
        while done < size:  # a raw file may give less at once than it was asked for
            step = self.stream.readinto(target[done:])
            if not step:
                self.fail(self.offset, field, f"{size} bytes", f"{done}: the file shrank while it was read")
            done += step
        self.offset += size
        return tensor != 0 if boolean else tensor  # a bool tensor with bytes other than 0 and 1 misbehaves
