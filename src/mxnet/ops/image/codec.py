"""Images from files and bytes, decoded by OpenCV, as MXNet does: the extra ``image`` installs it.

Colours come as red, green, blue. A note on orientation that a camera left in the file is not followed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..._extras import require
from ..registry import operator

__all__: list[str] = []


def decode(data: np.ndarray, flag: int, to_rgb: bool) -> np.ndarray:
    """The image (H, W, 3), or (H, W, 1) with flag 0, in the bytes ``data``."""
    if flag < 0 or (flag > 0 and flag % 2 == 0):
        raise ValueError(f"flag must be 0 (grayscale) or 1 (colour), but got {flag}")
    cv2: Any = require("cv2", "image")
    mode = (cv2.IMREAD_COLOR if flag else cv2.IMREAD_GRAYSCALE) | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(data, mode) if data.size else None
    except cv2.error as error:
        raise ValueError(f"the image cannot be decoded: {error}") from None
    if image is None:
        raise ValueError(f"the {data.size} bytes are no image, or a damaged one, or of a kind that is not supported")
    if not flag:
        return image[:, :, None]
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if to_rgb else image


@operator("_cvimdecode", differentiable=False, dynamic=True)
def cv_decode(buf: Tensor, *, flag: int = 1, to_rgb: bool = True) -> Tensor:
    """The image in the bytes of a JPEG, PNG, BMP ... file: uint8 (H, W, 3), or (H, W, 1) in gray with ``flag=0``.

    buf: the bytes, uint8 · to_rgb: red first; otherwise blue first.
    """
    if buf.is_meta:
        raise ValueError("the shape of an image is known only when it is decoded: decode outside graphs")
    if buf.dtype is not torch.uint8:
        raise ValueError("buf must be uint8: the bytes of a file")
    return torch.from_numpy(decode(buf.detach().reshape(-1).cpu().numpy(), flag, to_rgb)).to(buf.device)


@operator("_cvimread", differentiable=False, dynamic=True)
def cv_read(*, filename: str, flag: int = 1, to_rgb: bool = True, _device: torch.device) -> Tensor:
    """The image in a file: ``_cvimdecode`` of its bytes."""
    if _device.type == "meta":
        raise ValueError("the shape of an image is known only when it is decoded: read outside graphs")
    try:
        content = Path(filename).read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read {filename!r}: {error.strerror}") from None
    return torch.from_numpy(decode(np.frombuffer(content, np.uint8), flag, to_rgb)).to(_device)
