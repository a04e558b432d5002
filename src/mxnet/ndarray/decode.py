"""``mx.nd.imdecode``: MXNet's old way to decode an image. ``mx.image.imdecode`` is the new one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .creation import array
from .face import face
from .ndarray import NDArray

__all__ = ["imdecode"]


def imdecode(
    str_img: bytes,
    clip_rect: Sequence[int] = (0, 0, 0, 0),
    out: NDArray | None = None,
    index: int = 0,
    channels: int = 3,
    mean: NDArray | None = None,
) -> NDArray:
    """The image in the bytes of a file, as float32 (channels, H, W).

    clip_rect: left, top, right and bottom of the part to return; zeros for the whole image · out: an array of the
    result's shape to write to, or a batch of such arrays, whose item ``index`` is written · channels: 3, or 1 for gray
    · mean: an array to subtract. Returns the image, or ``out``. Raises MXNetError for bytes that are no image.
    """
    buffer = array(np.frombuffer(str_img, np.uint8), dtype=np.uint8)
    image = face("_cvimdecode")(buffer, flag=0 if channels == 1 else 1)
    if any(clip_rect):
        left, top, right, bottom = clip_rect
        image = face("_image_crop")(image, x=left, y=top, width=right - left, height=bottom - top)
    image = face("transpose")(image, axes=(2, 0, 1)).astype("float32")
    if mean is not None:
        image = image - mean
    if out is None:
        return image
    target = out if len(out.shape) == 3 else out[index]
    target[:] = image
    return out
