"""Which parts of a picture are worth a look for plates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from edge_agent.scene import Box, Detection, Image

CARRIERS: Final = frozenset({"car", "bus", "truck", "motorcycle"})
"""What carries a plate, in the words of the detector."""

SURE: Final = 0.25
_MARGIN: Final = 0.06
"""Of a vehicle's box, kept around it: the detector cuts bumpers off."""

_LEAST_WIDTH: Final = 100
"""Pixels of a vehicle: narrower, its plate is below 30 pixels and cannot be read."""


def vehicle_parts(detections: Iterable[Detection], image: Image) -> tuple[Box, ...]:
    """The vehicles among `detections` that are large enough to read the plate of, enlarged a
    little, the largest first."""
    width = image.shape[1]
    chosen = [
        part_around(one.box)
        for one in detections
        if one.label in CARRIERS and one.confidence >= SURE and one.box.w * width >= _LEAST_WIDTH
    ]
    return tuple(sorted(chosen, key=lambda box: -box.area))


def part_around(vehicle: Box) -> Box:
    """The part of the picture to look for the plate of `vehicle` in."""
    left, top = max(0.0, vehicle.x - _MARGIN * vehicle.w), max(0.0, vehicle.y - _MARGIN * vehicle.h)
    right = min(1.0, vehicle.right + _MARGIN * vehicle.w)
    bottom = min(1.0, vehicle.bottom + _MARGIN * vehicle.h)
    return Box(left, top, right - left, bottom - top)
