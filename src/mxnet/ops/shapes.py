"""Arithmetic on shapes that several operators and NDArray methods share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

__all__ = ["forward_slice", "infer_reshape", "normalize_axes", "normalize_axis", "split_points"]


def normalize_axis(axis: int, ndim: int) -> int:
    """The axis counted from the front. Raises ValueError when an array of ``ndim`` axes has no such axis."""
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis {axis} is out of range for an array with {ndim} axes")
    return axis % ndim


def normalize_axes(axis: int | Sequence[int], ndim: int) -> tuple[int, ...]:
    """One or several axes, counted from the front. Raises ValueError for one that does not exist or stands twice."""
    axes = tuple(normalize_axis(a, ndim) for a in ((axis,) if isinstance(axis, int) else axis))
    if len(set(axes)) < len(axes):
        raise ValueError(f"axis {axis} names an axis twice")
    return axes


def forward_slice(part: slice, size: int) -> tuple[slice, bool]:
    """A slice with a positive step that selects the same elements, and whether their order must be reversed.

    Torch has no negative steps.
    """
    positions = range(*part.indices(size))
    if positions.step > 0:
        return slice(positions.start, positions.stop, positions.step), False
    if not positions:
        return slice(0, 0), False
    return slice(positions[-1], positions[0] + 1, -positions.step), True


def split_points(indices_or_sections: int | tuple[int, ...]) -> dict[str, int | tuple[int, ...]]:
    """What ``_split_v2`` is told for what ``split_v2`` takes: a number of sections, or where to cut."""
    if isinstance(indices_or_sections, int):
        return {"indices": (), "sections": indices_or_sections}
    if isinstance(indices_or_sections, tuple):
        return {"indices": (0, *indices_or_sections), "sections": 0}
    raise ValueError("indices_or_sections must either int or tuple of ints")


@lru_cache(maxsize=4096)
def infer_reshape(shape: tuple[int, ...], target: tuple[int, ...], reverse: bool = False) -> tuple[int, ...]:
    """The shape that MXNet's reshape gives an array of ``shape``.

    Sizes in ``target`` that are not positive are codes, each for one or several axes of ``shape``, from the left:
    0 keeps the next axis; -1 is whatever makes the number of elements right (once, and it passes over an axis); -2
    keeps all the axes that are left; -3 merges the next two; -4 splits the next one into the two sizes that follow it,
    one of which may be -1. With ``reverse`` both shapes are read from the right.

    Raises ValueError when a code finds no axis, or the number of elements would change.
    """
    shape = tuple(shape)  # torch.Size: a tuple that prints otherwise
    source, codes = (shape[::-1], target[::-1]) if reverse else (shape, target)
    result: list[int] = []
    unknown = None  # where the -1 stands
    axis = i = 0
    while i < len(codes):
        code = codes[i]
        i += 1
        if code == -2:
            result += source[axis:]
            axis = len(source)
            continue
        if code in (0, -3, -4) and axis + (code == -3) >= len(source):
            raise ValueError(f"code {code} in target shape {target} finds no axis left in shape {shape}")
        if code == 0:
            result.append(source[axis])
        elif code == -3:
            result.append(source[axis] * source[axis + 1])
            axis += 1
        elif code == -4:
            result += _split(source[axis], codes[i : i + 2], shape, target)
            i += 2
        elif code == -1:
            if unknown is not None:
                raise ValueError(f"target shape {target} has more than one -1")
            unknown = len(result)
            result.append(1)
        elif code > 0:
            result.append(code)
        else:
            raise ValueError(f"target shape {target} has the size {code}, which means nothing")
        axis += 1
    size, known = math.prod(shape), math.prod(result)
    if unknown is not None and known:
        result[unknown] = size // known
    if math.prod(result) != size:
        raise ValueError(f"cannot reshape {size} elements of shape {shape} into target shape {target}")
    return tuple(result[::-1] if reverse else result)


def _split(size: int, parts: tuple[int, ...], shape: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, int]:
    """The two sizes after code -4, the -1 among them computed."""
    if len(parts) == 2:
        left, right = parts
        if left == -1 and right > 0:
            left = size // right
        elif right == -1 and left > 0:
            right = size // left
        if left > 0 and right > 0 and left * right == size:
            return left, right
    raise ValueError(f"code -4 in target shape {target} cannot split the axis of size {size} of shape {shape}")
