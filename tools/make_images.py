"""Make the small image files of tests/golden/images, which tests decode.

Run it where Pillow is installed, then record MXNet's answers anew: ``python tools/record_ops.py image``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "golden" / "images"


def main() -> None:
    rows, columns = np.mgrid[:5, :7]
    colour = np.stack([columns * 36, rows * 50, columns * rows * 9], -1)
    colour = (colour + np.random.RandomState(0).randint(-20, 20, colour.shape)).clip(0, 255).astype(np.uint8)
    transparency = (columns * 40).astype(np.uint8)[..., None]
    turned = Image.Exif()
    turned[274] = 6  # "the camera was held upright"
    picture = Image.fromarray(colour)
    files = {
        "colour.jpg": (picture, {"quality": 80}),
        "colour444.jpg": (picture, {"quality": 95, "subsampling": 0}),
        "progressive.jpg": (picture, {"quality": 85, "progressive": True}),
        "gray.jpg": (Image.fromarray(colour[..., 0]), {"quality": 85}),
        "cmyk.jpg": (picture.convert("CMYK"), {"quality": 85}),
        "turned.jpg": (picture, {"quality": 85, "exif": turned}),
        "colour.png": (picture, {}),
        "gray.png": (Image.fromarray(colour[..., 0]), {}),
        "gray16.png": (Image.fromarray((columns * 9000 + rows).astype(np.uint16)), {}),
        "transparent.png": (Image.fromarray(np.concatenate([colour, transparency], -1)), {}),
        "palette.png": (picture.quantize(8), {}),
        "colour.bmp": (picture, {}),
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (image, options) in files.items():
        image.save(FOLDER / name, **options)
    whole = (FOLDER / "colour.png").read_bytes()
    (FOLDER / "cut.png").write_bytes(whole[: len(whole) // 2])


if __name__ == "__main__":
    main()
