"""Operators on images: decoding, resizing, geometry, colours."""

from . import codec, color, geometry, resize
