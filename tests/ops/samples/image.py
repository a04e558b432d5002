"""Operators on images: colours, crops, mirrors, resizing, decoding.

Random operators are called with a range of one number, which leaves nothing to chance. The gradients of most of them
are not MXNet's, which passes the head's gradient on unchanged (and fails for to_tensor): finite differences judge.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .core import Array, Family, arr, ints, lit

family = Family("image")
add, error = family.add, family.error

IMAGES = Path(__file__).resolve().parents[2] / "golden" / "images"


@dataclass(frozen=True)
class File(Array):
    """The bytes of a file in ``tests/golden/images``."""

    name: str = ""

    def make(self, seed: str) -> np.ndarray:
        return np.frombuffer((IMAGES / self.name).read_bytes(), np.uint8).copy()

    def __str__(self) -> str:
        return f"{self.name} {zlib.crc32(self.make('').tobytes()):08x}"


def file(name: str) -> File:
    return File((len((IMAGES / name).read_bytes()),), "uint8", name=name)


class Place(str):
    """The path of a file in ``tests/golden/images``, which differs from machine to machine: known by its name."""

    def __repr__(self) -> str:
        return Path(self).name


def pixels(*shape: int, dtype: str = "uint8") -> Array:
    return ints(*shape, high=256, dtype=dtype) if "int" in dtype else arr(*shape, low=0, high=255, dtype=dtype)


# ---- colours ---------------------------------------------------------------------------------------------------------

add("image.to_tensor", pixels(2, 3, 3))
add("image.to_tensor", pixels(2, 1, 2, 3))
add("image.to_tensor", arr(2, 3, 1), grad=())
add("image.to_tensor", arr(1, 2, 4, dtype="float64"), grad=())
add("image.to_tensor", ints(1, 2, 3, high=300))
error("image.to_tensor", pixels(2, 3))
error("image.to_tensor", pixels(1, 1, 2, 3, 3))
error("image.to_tensor", [])

three = {"mean": (0.1, 0.2, 0.3), "std": (0.5, 1.0, 2.0)}
add("image.normalize", arr(3, 2, 2), three)
add("image.normalize", arr(2, 3, 1, 2), three)
add("image.normalize", arr(3, 2, 1), {"mean": 0.5, "std": 2.0})
add("image.normalize", arr(1, 2, 2, dtype="float64"), {"mean": (0.5,), "std": (0.25,)})
add("image.normalize", arr(2, 1, 2, 2), {"mean": 0.5, "std": 2.0})
add("image.normalize", ints(3, 2, 2, high=9), {"mean": (1.5, 2.0, 3.0), "std": (0.5, 2.0, 0.75)})
error("image.normalize", arr(3, 2, 2))  # the defaults are four numbers
error("image.normalize", arr(3, 2, 2), {"mean": (1.0, 2.0), "std": 1.0})
error("image.normalize", arr(3, 2, 2), {"mean": 1.0, "std": (1.0, 2.0)})
error("image.normalize", arr(2, 2, 2), {"mean": 0.0, "std": 1.0})
error("image.normalize", arr(2, 2), {"mean": 0.0, "std": 1.0})

noise = {"atol": 1.0, "why": "float32 noise decides whether 99.9999 becomes 99 or 100"}
double_noise = {"rtol": 1e-5, "atol": 1e-3, "why": "MXNet computes in float32"}
for name in ("brightness", "contrast", "saturation", "hue"):
    op = f"image.random_{name}"
    for factor in (1.0,) if name == "saturation" else (0.0, 0.3, 1.7):  # MXNet's gray is wrong: see test_image.py
        span = {"min_factor": factor, "max_factor": factor}
        add(op, pixels(2, 3, 3), span, **(noise if name == "hue" else {}))
        if name == "hue":
            add(op, pixels(2, 3, 3, dtype="float32"), span, golden_gradient=False, atol=1e-3, why="MXNet's own noise")
        else:
            add(op, pixels(2, 3, 3, dtype="float32"), span, golden_gradient=False, atol=1e-4, why="the values' size")
            add(op, pixels(2, 2, 1), span)
    whole = {"min_factor": 1.0, "max_factor": 1.0}
    add(op, pixels(2, 2, 3, dtype="float64"), whole, golden_gradient=False, **double_noise)
    add(op, pixels(2, 2, 3, dtype="float16"), whole, grad=(), rtol=4e-3, why="a digit of float16")
    add(op, pixels(2, 2, 3), {"min_factor": 0.5, "max_factor": 1.5}, chance=True)
    add(op, pixels(2, 2, 3, dtype="float32"), {"min_factor": 1.5, "max_factor": 0.5}, chance=True)
    error(op, pixels(2, 2, 3), {"min_factor": -0.5, "max_factor": 0.5})
    error(op, pixels(2, 2, 3), {"min_factor": 0.5})
    error(op, pixels(2, 2), whole)
    error(op, pixels(1, 2, 2, 3), whole)
    error(op, pixels(2, 2, 4), whole)
add("image.random_brightness", ints(2, 2, 3, high=600), {"min_factor": 0.7, "max_factor": 0.7})
add("image.random_contrast", ints(2, 2, 3, high=90, dtype="int8"), {"min_factor": 0.7, "max_factor": 0.7})

jitter = {"brightness": 0.4, "contrast": 0.3, "saturation": 0.2, "hue": 0.1}
add("image.random_color_jitter", pixels(2, 2, 3), jitter, chance=True)
add("image.random_color_jitter", pixels(2, 2, 3, dtype="float32"), jitter, chance=True)
add("image.random_color_jitter", pixels(2, 2, 1, dtype="float64"), {**jitter, "contrast": 0.0}, chance=True)
error("image.random_color_jitter", pixels(2, 2, 4), jitter)
error("image.random_color_jitter", pixels(2, 2), jitter)
error("image.random_color_jitter", pixels(2, 2, 3), {"brightness": 0.4})

for alpha in ((1.0, 0.0, 0.0), (0.1, -0.2, 0.3)):
    add("image.adjust_lighting", pixels(2, 2, 3), {"alpha": alpha})
    add("image.adjust_lighting", pixels(2, 2, 3, dtype="float32"), {"alpha": alpha})
add("image.adjust_lighting", pixels(1, 2, 3, dtype="float64"), {"alpha": (0.0, 1.0, 1.0)}, **double_noise)
add("image.adjust_lighting", ints(1, 2, 3, high=600), {"alpha": (0.5, 1.0, 1.0)})
error("image.adjust_lighting", pixels(2, 2, 3), {"alpha": (1.0, 2.0)})
error("image.adjust_lighting", pixels(2, 2, 3))
error("image.adjust_lighting", pixels(2, 2, 2), {"alpha": (1.0, 2.0, 3.0)})
add("image.random_lighting", pixels(2, 2, 3), {"alpha_std": 0.0})
add("image.random_lighting", pixels(2, 2, 3, dtype="float32"), {"alpha_std": 0.1}, chance=True)
add("image.random_lighting", pixels(2, 2, 3), chance=True)
error("image.random_lighting", pixels(2, 2))

# ---- places ----------------------------------------------------------------------------------------------------------

part = {"x": 1, "y": 2, "width": 3, "height": 2}
add("image.crop", pixels(4, 5, 3), part)
add("image.crop", pixels(4, 5, 1, dtype="float32"), part)
add("image.crop", pixels(2, 4, 5, 3, dtype="float32"), part)
add("image.crop", pixels(2, 3, 3), {"x": 0, "y": 0, "width": 3, "height": 2})
add("image.crop", pixels(2, 3, 1, dtype="float64"), {"x": 2, "y": 1, "width": 1, "height": 1})
error("image.crop", pixels(4, 5, 3), {**part, "x": 3})
error("image.crop", pixels(4, 5, 3), {**part, "y": 3})
error("image.crop", pixels(4, 5, 3), {**part, "width": 0})
error("image.crop", pixels(4, 5, 3), {"x": 1, "y": 2, "width": 3})
error("image.crop", pixels(4, 5), part)
error("image.crop", pixels(4, 5, 2), part)

# MXNet leaves the middle column or row of odd sizes unwritten: see test_image.py.
for name in ("flip_left_right", "flip_top_bottom"):
    add(f"image.{name}", pixels(2, 4, 3))
    add(f"image.{name}", pixels(4, 2, 1, dtype="float32"), golden_gradient=False)
    add(f"image.{name}", pixels(2, 2, 3, dtype="float64"), golden_gradient=False)
    error(f"image.{name}", pixels(2, 3))
    error(f"image.{name}", pixels(1, 2, 2, 3))
    add(f"image.random_{name}", pixels(2, 4, 3), chance=True)
    add(f"image.random_{name}", pixels(2, 2, 1, dtype="float32"), chance=True)
    add(f"image.random_{name}", pixels(2, 2, 3, dtype="float64"), chance=True)
    error(f"image.random_{name}", pixels(2, 2, 2))
    error(f"image.random_{name}", pixels(2, 2))

margin = {"top": 1, "bot": 2, "left": 3, "right": 0}
for kind in range(5):
    add("_cvcopyMakeBorder", pixels(2, 3, 3), {**margin, "type": kind, "value": 7.0}, symbol=False)
    add("_cvcopyMakeBorder", pixels(1, 2, 1), {"top": 2, "bot": 3, "left": 4, "right": 5, "type": kind}, symbol=False)
add("_cvcopyMakeBorder", pixels(2, 3, 3), {**margin, "values": (300.0, -2.6, 3.5)}, symbol=False)
add("_cvcopyMakeBorder", pixels(2, 3, 3), {**margin, "values": (1.0, 2.0)}, symbol=False)
add("_cvcopyMakeBorder", pixels(2, 3, 2, dtype="float32"), {**margin, "value": 2.5}, symbol=False, grad=())
add("_cvcopyMakeBorder", pixels(2, 3, 1, dtype="float64"), {**margin, "type": 2}, symbol=False, grad=())
add("_cvcopyMakeBorder", ints(2, 2, 3), {**margin, "type": 1}, symbol=False)
error("_cvcopyMakeBorder", pixels(2, 3, 3), {**margin, "type": 5})
error("_cvcopyMakeBorder", pixels(2, 3, 3), {**margin, "top": -1})
error("_cvcopyMakeBorder", pixels(2, 3), margin)
error("_cvcopyMakeBorder", pixels(2, 3, 3), {"top": 1})

# ---- sizes -----------------------------------------------------------------------------------------------------------

big = {"rtol": 1e-5, "atol": 3e-4, "why": "float32 weights"}
for interp in range(6):
    for shape, size in (((4, 6, 3), (3, 2)), ((5, 7, 1), (3, 4)), ((2, 3, 4), (7, 4)), ((4, 3, 3), (5, 2))):
        add("_cvimresize", pixels(*shape), {"w": size[0], "h": size[1], "interp": interp}, symbol=False)
    for dtype in ("float32", "float64"):
        to = {"w": 3, "h": 5, "interp": interp}
        add("_cvimresize", pixels(4, 5, 3, dtype=dtype), to, symbol=False, grad=(), **big)
    add("image.resize", pixels(4, 6, 3), {"size": (4, 3), "interp": interp})
    add("image.resize", pixels(4, 6, 1, dtype="float32"), {"size": 3, "interp": interp}, golden_gradient=False, **big)
    add("image.resize", pixels(2, 3, 4, 2), {"size": (5, 2), "interp": interp})
for shape in ((4, 6, 3), (7, 4, 3), (3, 3, 1)):
    add("image.resize", pixels(*shape), {"size": 3, "keep_ratio": True})
add("image.resize", pixels(4, 6, 3), {"size": (3, 3), "keep_ratio": True})
add("image.resize", pixels(2, 4, 4, 3), {"size": (2,)})
add("image.resize", pixels(4, 6, 3, dtype="float64"), {"size": (12, 8)}, golden_gradient=False, **big)
add("image.resize", ints(3, 4, 3, high=1000), {"size": (6, 2), "interp": 0})
error("image.resize", pixels(4, 6, 3))
error("image.resize", pixels(4, 6, 3), {"size": (3, 2, 1)})
error("image.resize", pixels(4, 6, 3), {"size": 0})
error("image.resize", pixels(4, 6, 3), {"size": (3, -1)})
error("image.resize", pixels(4, 6), {"size": 3})
error("image.resize", pixels(4, 6, 3), {"size": 3, "interp": 9})
error("image.resize", ints(4, 6, 3), {"size": 3})
error("image.resize", pixels(4, 6, 3, dtype="float16"), {"size": 3})
add("_cvimresize", pixels(4, 6, 3), {"w": 6, "h": 4}, symbol=False)
error("_cvimresize", pixels(4, 6, 3), {"w": 0, "h": 4})
error("_cvimresize", pixels(4, 6, 3), {"w": 3})
error("_cvimresize", pixels(4, 6), {"w": 3, "h": 4})
error("_cvimresize", pixels(1, 4, 6, 3), {"w": 3, "h": 4})
error("_cvimresize", pixels(4, 6, 3), {"w": 3, "h": 4, "interp": 10})
error("_cvimresize", pixels(4, 6, 3), {"w": 3, "h": 4, "interp": -1})

# ---- files -----------------------------------------------------------------------------------------------------------

for name in sorted(p.name for p in IMAGES.iterdir() if p.stem != "cut"):
    for attrs in ({}, {"flag": 0}):
        add("_cvimdecode", file(name), attrs, symbol=False)
add("_cvimdecode", file("colour.jpg"), {"to_rgb": False}, symbol=False)
add("_cvimdecode", file("transparent.png"), {"flag": 1, "to_rgb": False}, symbol=False)
add("_cvimdecode", file("gray.png"), {"flag": 0, "to_rgb": False}, symbol=False)
error("_cvimdecode", file("cut.png"))
error("_cvimdecode", lit([1, 2, 3], "uint8"))
error("_cvimdecode", lit([1.0, 2.0]))
error("_cvimdecode", file("gray.png"), {"flag": -1})
error("_cvimdecode", file("gray.png"), {"flag": 2})
for attrs in ({}, {"flag": 0}, {"to_rgb": False}):
    add("_cvimread", [], {"filename": Place(IMAGES / "colour.jpg"), **attrs}, symbol=False)
error("_cvimread", [], {"filename": Place(IMAGES / "missing.jpg")})
error("_cvimread", [], {"filename": Place(IMAGES / "cut.png")})
error("_cvimread", [])
