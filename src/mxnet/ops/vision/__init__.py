"""Operators on maps of features: resampling, boxes, regions, deformable convolutions."""

from . import boxes, deformable, multibox, proposal, resampling, roi, spatial
