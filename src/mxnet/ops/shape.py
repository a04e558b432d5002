"""Operators that move elements without changing them: reshape, transpose, join, split, slice, pad, broadcast."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from .arithmetic import number
from .attributes import Axes, Shape
from .checks import need_float
from .registry import operator
from .shapes import forward_slice, infer_reshape, normalize_axes, normalize_axis

__all__: list[str] = []


# ---- the same elements in another shape ------------------------------------------------------------------------------


@operator("Reshape", aliases=["reshape"], returns_view=True)
def reshape(
    data: Tensor, *, shape: Shape = (), reverse: bool = False, target_shape: Shape = (), keep_highest: bool = False
) -> Tensor:
    """The same elements in a new shape.

    In ``shape``, 0 keeps an axis, -1 is computed from the others, -2 keeps all the axes that are left, -3 merges two
    axes, -4 splits one into the two sizes that follow; ``reverse`` reads both shapes from the right.
    ``target_shape`` (0: computed) and ``keep_highest`` (axis 0 stays) are an older way to say it.
    """
    if shape:
        if 0 not in shape and min(shape) >= -1:  # no codes but the -1 that torch knows
            try:
                return data.reshape(shape)
            except RuntimeError:
                pass  # what is wrong is said better below
        return data.reshape(infer_reshape(data.shape, shape, reverse))
    if not target_shape:
        raise ValueError("shape must be given, and have at least one axis")
    target = [-1 if size == 0 else size for size in target_shape]
    if keep_highest:
        target[0] = data.shape[0]
    return data.reshape(target)


@operator("reshape_like", types="T, S -> T", returns_view=True, mixed=True)
def reshape_like(
    lhs: Tensor,
    rhs: Tensor,
    *,
    lhs_begin: int | None = None,
    lhs_end: int | None = None,
    rhs_begin: int | None = None,
    rhs_end: int | None = None,
) -> Tensor:
    """The elements of ``lhs`` in the shape of ``rhs``; or its axes from begin to end replaced by those of ``rhs``."""
    left, right = _span("lhs", lhs_begin, lhs_end, lhs.dim()), _span("rhs", rhs_begin, rhs_end, rhs.dim())
    shape = lhs.shape[: left.start] + rhs.shape[right.start : right.stop] + lhs.shape[left.stop :]
    if shape.numel() != lhs.numel():
        raise ValueError(f"cannot reshape {lhs.numel()} elements of shape {tuple(lhs.shape)} into shape {tuple(shape)}")
    return lhs.reshape(shape)


def _span(side: str, begin: int | None, end: int | None, ndim: int) -> range:
    span = range(*(ndim + i if i < 0 else i for i in (begin or 0, ndim if end is None else end)))
    if not 0 <= span.start < span.stop <= ndim:
        raise ValueError(f"{side}_begin={begin} and {side}_end={end} select nothing of {ndim} axes")
    return span


@operator("Flatten", aliases=["flatten"], returns_view=True)
def flatten(data: Tensor) -> Tensor:
    """All axes but the first as one: (N, ...) becomes (N, D)."""
    return data.flatten(1) if data.dim() > 1 else data.reshape(-1, 1)


@operator("expand_dims", returns_view=True)
def expand_dims(data: Tensor, *, axis: int) -> Tensor:
    """A new axis of size 1, at place ``axis`` of the result."""
    return torch.unsqueeze(data, axis)


@operator("squeeze", returns_view=True)
def squeeze(data: Tensor, *, axis: Axes = None) -> Tensor:
    """Without the axes of size 1, or only without those named, which must have size 1. One axis always remains."""
    if axis is None:
        result = torch.squeeze(data)
    else:
        axes = normalize_axes(axis, data.dim())
        if any(data.shape[a] != 1 for a in axes):
            raise ValueError(f"axis {axis} cannot be removed from shape {tuple(data.shape)}: only axes of size 1 can")
        result = torch.squeeze(data, axes)
    return result if result.dim() else result.reshape(1)


# ---- axes in another order -------------------------------------------------------------------------------------------


@operator("transpose", returns_view=True)
def transpose(data: Tensor, *, axes: Shape = ()) -> Tensor:
    """The axes in the order ``axes``, or reversed. Axes are counted from the front."""
    if not axes:
        return data.t() if data.dim() == 2 else data.permute(*range(data.dim() - 1, -1, -1))
    if len(axes) != data.dim() or min(axes) < 0:
        raise ValueError(f"axes must name each axis from 0 to {data.dim() - 1} once, but got {axes}")
    return data.permute(axes)


@operator("SwapAxis", aliases=["swapaxes"], returns_view=True)
def swapaxes(data: Tensor, *, dim1: int = 0, dim2: int = 0) -> Tensor:
    """Axes ``dim1`` and ``dim2`` exchanged."""
    return torch.transpose(data, dim1, dim2)


@operator("reverse", aliases=["flip"])
def reverse(data: Tensor, *, axis: Shape) -> Tensor:
    """The elements in reverse order along one or several axes, which are counted from the front."""
    if axis and min(axis) < 0:
        raise ValueError(f"axis must not be negative, but got {axis}")
    return torch.flip(data, normalize_axes(axis, data.dim()))


@operator("depth_to_space", returns_view=True)
def depth_to_space(data: Tensor, *, block_size: int) -> Tensor:
    """Channels moved into blocks of pixels: (N, C * b * b, H, W) becomes (N, C, H * b, W * b)."""
    n, c, h, w = _image(data, block_size)
    b = block_size
    if c % (b * b):
        raise ValueError(f"the number of channels, {c}, must be a multiple of block_size**2, {b * b}")
    return data.reshape(n, b, b, c // (b * b), h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // (b * b), h * b, w * b)


@operator("space_to_depth", returns_view=True)
def space_to_depth(data: Tensor, *, block_size: int) -> Tensor:
    """Blocks of pixels moved into channels: (N, C, H * b, W * b) becomes (N, C * b * b, H, W)."""
    n, c, h, w = _image(data, block_size)
    b = block_size
    if h % b or w % b:
        raise ValueError(f"height and width, {h} and {w}, must be multiples of block_size, {b}")
    return data.reshape(n, c, h // b, b, w // b, b).permute(0, 3, 5, 1, 2, 4).reshape(n, c * b * b, h // b, w // b)


def _image(data: Tensor, block_size: int) -> torch.Size:
    if data.dim() != 4 or block_size < 1:
        raise ValueError("data must have the shape (batch, channels, height, width), and block_size be at least 1")
    return data.shape


# ---- repeating -------------------------------------------------------------------------------------------------------


@operator("tile")
def tile(data: Tensor, *, reps: Shape) -> Tensor:
    """``data`` repeated as a whole ``reps`` times along each axis, from the last; new axes come in front."""
    if reps and min(reps) < 1:
        raise ValueError(f"reps must be at least 1, but got {reps}")
    return torch.tile(data, reps)


@operator("repeat")
def repeat(data: Tensor, *, repeats: int, axis: int | None = None) -> Tensor:
    """Every element ``repeats`` times in a row along ``axis``, or in the flat array."""
    return torch.repeat_interleave(data, repeats, axis)


@operator("broadcast_axis", aliases=["broadcast_axes"], returns_view=True)
def broadcast_axis(data: Tensor, *, axis: Shape = (), size: Shape = ()) -> Tensor:
    """Axes of size 1 repeated to the given sizes."""
    if len(axis) != len(size):
        raise ValueError(f"axis and size must have the same length, but got {axis} and {size}")
    shape = list(data.shape)
    for a, n in zip(axis, size, strict=True):
        if a not in range(data.dim()) or shape[a] != 1:
            raise ValueError(f"axis {a} of shape {tuple(data.shape)} cannot be broadcast: it must have size 1")
        shape[a] = n
    return data.expand(shape)


@operator("broadcast_to", returns_view=True)
def broadcast_to(data: Tensor, *, shape: Shape = ()) -> Tensor:
    """Axes of size 1 repeated so that the result has ``shape``, in which 0 keeps an axis."""
    if len(shape) != data.dim() or min(shape) < 0:
        raise ValueError(f"shape must have {data.dim()} axes, like data, and no negative sizes, but got {shape}")
    return data.expand([old if new == 0 else new for old, new in zip(data.shape, shape, strict=True)])


@operator("broadcast_like", types="T, S -> T", returns_view=True, mixed=True)
def broadcast_like(lhs: Tensor, rhs: Tensor, *, lhs_axes: Axes = None, rhs_axes: Axes = None) -> Tensor:
    """Axes of size 1 of ``lhs`` repeated to the shape of ``rhs``.

    With ``lhs_axes`` and ``rhs_axes`` only those axes of ``lhs``, to the sizes of those of ``rhs``.
    """
    if lhs_axes is None or rhs_axes is None:
        if lhs.dim() != rhs.dim():
            raise ValueError("lhs and rhs must have the same number of axes, unless lhs_axes and rhs_axes are given")
        return lhs.expand(rhs.shape)
    left, right = normalize_axes(lhs_axes, lhs.dim()), normalize_axes(rhs_axes, rhs.dim())
    if len(left) != len(right) or not left:
        raise ValueError("lhs_axes and rhs_axes must have the same length, at least 1")
    shape = list(lhs.shape)
    for a, b in zip(left, right, strict=True):
        shape[a] = rhs.shape[b]
    return lhs.expand(shape)


# ---- joining and splitting -------------------------------------------------------------------------------------------


@operator("Concat", aliases=["concat"], precision="widest")
def concat(*data: Tensor, num_args: int = 1, dim: int = 1) -> Tensor:
    """Arrays one after the other along axis ``dim``; their other axes must agree."""
    return torch.cat(data, dim)


@operator("stack", precision="widest")
def stack(*data: Tensor, axis: int = 0, num_args: int = 1) -> Tensor:
    """Arrays of one shape along a new axis, at place ``axis`` of the result."""
    return torch.stack(data, axis)


@operator("SliceChannel", aliases=["split"], returns_view=True, outputs=lambda num_outputs, **_: num_outputs)
def split(data: Tensor, *, num_outputs: int, axis: int = 1, squeeze_axis: bool = False) -> tuple[Tensor, ...] | Tensor:
    """``num_outputs`` parts of equal size along ``axis``; ``squeeze_axis`` removes it, if its size is 1 then."""
    axis = normalize_axis(axis, data.dim())
    if num_outputs < 1 or data.size(axis) % num_outputs:
        raise ValueError(f"axis {axis} of size {data.size(axis)} cannot be split into {num_outputs} equal parts")
    if squeeze_axis and num_outputs > 1 and data.size(axis) == num_outputs:
        return torch.unbind(data, axis)
    return _results(torch.chunk(data, num_outputs, axis), axis, squeeze_axis)


def _parts(indices: tuple, sections: int = 0, **_: object) -> int:
    return sections or len(indices)


@operator("_split_v2", returns_view=True, outputs=_parts)
def split_v2(
    data: Tensor, *, indices: Shape, axis: int = 1, squeeze_axis: bool = False, sections: int = 0
) -> tuple[Tensor, ...] | Tensor:
    """Parts along ``axis``: ``sections`` nearly equal ones, or those that begin at ``indices``, the first being 0."""
    if not sections and not -data.dim() <= axis < data.dim():
        raise IndexError(f"axis {axis} is out of range for an array with {data.dim()} axes")
    axis = normalize_axis(axis, data.dim())
    if sections:
        parts = torch.tensor_split(data, sections, axis)
    else:
        bounds = (*indices, data.shape[axis])
        if bounds[0] != 0 or any(a > b for a, b in pairwise(bounds)):
            raise ValueError(f"indices must begin with 0 and not decrease or pass {bounds[-1]}, but got {indices}")
        parts = torch.tensor_split(data, indices[1:], axis)
    return _results(parts, axis, squeeze_axis)


def _results(parts: tuple[Tensor, ...], axis: int, squeeze_axis: bool) -> tuple[Tensor, ...] | Tensor:
    """The parts, without their axis if asked for; a single one by itself."""
    if squeeze_axis:
        for part in parts:
            if part.shape[axis] != 1:
                raise ValueError(f"squeeze_axis needs parts of size 1 along axis {axis}, not {part.shape[axis]}")
        parts = tuple(part.squeeze(axis) for part in parts)
    return parts[0] if len(parts) == 1 else parts


# ---- parts -----------------------------------------------------------------------------------------------------------


def slice_key(shape: Shape, begin: Shape, end: Shape, step: Shape) -> tuple[tuple[slice, ...], list[int]]:
    """The slices of MXNet's begin, end and step as an index with positive steps, and the axes to reverse afterwards."""
    if not len(begin) == len(end) == len(step or end) <= len(shape):
        raise ValueError(f"begin, end and step must have the same length, at most {len(shape)}")
    if not step:
        return tuple(slice(*slice(b, e).indices(n)) for n, b, e in zip(shape, begin, end, strict=False)), []
    if 0 in step:
        raise ValueError(f"step must not be 0, but got {step}")
    parts = [forward_slice(slice(*bounds), n) for n, *bounds in zip(shape, begin, end, step, strict=False)]
    return tuple(part for part, _ in parts), [axis for axis, (_, flip) in enumerate(parts) if flip]


@operator("slice", aliases=["crop"], returns_view=True)
def slice_(data: Tensor, *, begin: Shape, end: Shape, step: Shape = ()) -> Tensor:
    """``data[begin:end:step]`` along the first axes; None, negative numbers and steps mean what they mean in Python."""
    key, flips = slice_key(data.shape, begin, end, step)
    return data[key].flip(flips) if flips else data[key]


@operator("_slice_assign", aliases=["_crop_assign"])
def slice_assign(lhs: Tensor, rhs: Tensor, *, begin: Shape, end: Shape, step: Shape = ()) -> Tensor:
    """``lhs`` with the elements that ``slice`` selects replaced by ``rhs``, which has their shape."""
    key, flips = slice_key(lhs.shape, begin, end, step)
    result = lhs.clone()
    region = result[key]
    if region.shape != rhs.shape:
        raise ValueError(f"rhs must have the shape of the slice, {tuple(region.shape)}")
    region.copy_(rhs.flip(flips) if flips else rhs)
    return result


@operator("_slice_assign_scalar", aliases=["_crop_assign_scalar"])
def slice_assign_scalar(data: Tensor, *, scalar: float = 0.0, begin: Shape, end: Shape, step: Shape = ()) -> Tensor:
    """``data`` with the elements that ``slice`` selects replaced by a number."""
    key, _ = slice_key(data.shape, begin, end, step)
    result = data.clone()
    result[key] = scalar if data.dtype is torch.bool else number(data, scalar)
    return result


@operator("slice_axis", returns_view=True)
def slice_axis(data: Tensor, *, axis: int, begin: int, end: int | None) -> Tensor:
    """``data[begin:end]`` along one axis. Negative numbers count from the end, None is the end; no empty ranges."""
    try:
        size = data.shape[axis]
    except IndexError:
        raise ValueError(f"axis {axis} is out of range for an array with {data.dim()} axes") from None
    first = size + begin if begin < 0 else begin
    last = size if end is None else size + end if end < 0 else end
    if not 0 <= first < last <= size:
        raise ValueError(f"begin={begin}, end={end} is no range of axis {axis}, whose size is {size}")
    return data.narrow(axis, first, last - first)


@operator("slice_like", types="T, S -> T", returns_view=True, mixed=True)
def slice_like(data: Tensor, shape_like: Tensor, *, axes: Shape = ()) -> Tensor:
    """The beginning of ``data`` in the shape of ``shape_like``, along all axes or those in ``axes``."""
    if not axes and data.dim() != shape_like.dim():
        raise ValueError("data and shape_like must have the same number of axes, unless axes are given")
    for axis in [normalize_axis(a, data.dim()) for a in axes] or range(data.dim()):
        if axis >= shape_like.dim():
            raise ValueError(f"shape_like has no axis {axis}: its shape is {tuple(shape_like.shape)}")
        size, target = data.shape[axis], shape_like.shape[axis]
        if target > size:
            raise ValueError(f"axis {axis} of data has size {size}, shape_like asks for {target}")
        data = torch.narrow(data, axis, 0, target)
    return data


@operator("diag", returns_view=True)
def diag(data: Tensor, *, k: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The ``k``-th diagonal of ``axis1`` and ``axis2``, as the last axis; of a vector, the matrix with it."""
    if data.dim() == 1:
        return torch.diag_embed(data, k)
    rows, columns = (data.shape[normalize_axis(axis, data.dim())] for axis in (axis1, axis2))
    if not -rows <= k <= columns:  # just outside, the diagonal is empty
        raise ValueError(f"there is no diagonal k={k} in shape {tuple(data.shape)}")
    return torch.diagonal(data, k, axis1, axis2)


# ---- margins ---------------------------------------------------------------------------------------------------------

_PAD_MODES = {"constant": "constant", "edge": "replicate", "reflect": "reflect"}


@operator("Pad", aliases=["pad"])
def pad(
    data: Tensor, *, mode: Literal["constant", "edge", "reflect"], pad_width: Shape, constant_value: float = 0.0
) -> Tensor:
    """Margins around axes 2, 3 (and 4) of (N, C, H, W) or (N, C, D, H, W) in floating point.

    ``pad_width`` has the margin before and after each axis in turn, 0 for the first two axes. Margins hold
    ``constant_value``, the nearest element (``edge``), or the elements mirrored at the border (``reflect``).
    """
    need_float(data)
    if data.dim() not in (4, 5) or len(pad_width) != 2 * data.dim():
        raise ValueError("data must have 4 or 5 axes, and pad_width two numbers for each of them")
    if any(pad_width[:4]) or min(pad_width) < 0:
        raise ValueError(f"pad_width must be 0 for the first two axes and not negative, but got {pad_width}")
    before, after = pad_width[4::2], pad_width[5::2]
    if mode == "reflect" and any(max(m) >= n for *m, n in zip(before, after, data.shape[2:], strict=True)):
        raise ValueError("reflect needs margins smaller than the axes that they extend")
    widths = [
        w for pair in zip(before[::-1], after[::-1], strict=True) for w in pair
    ]  # torch begins with the last axis
    if mode == "constant":
        return F.pad(data, widths, value=number(data, constant_value))
    return F.pad(data, widths, mode=_PAD_MODES[mode])
