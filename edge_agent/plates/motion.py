"""Where a vehicle goes, and roughly how fast, from its boxes and its plate's size. Pure.

The plate is the scale: it is 520 or 335 mm wide by law. What is not known is the camera's angle of
view; 60° is taken for it, so that the classes are rough and no evidence of a speed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from edge_agent.plates.grammar import LONG_ASPECT
from edge_agent.plates.vote import Look
from edge_agent.scene import Box, Direction, Speed

ANGLE_OF_VIEW: Final = math.radians(60)
LONG_M: Final = 0.52
SHORT_M: Final = 0.335

LEAST_S: Final = 0.35
"""Shorter than this between two looks, nothing can be said of a speed."""

STANDING_S: Final = 1.5
STANDING_IOU: Final = 0.85
_GROWTH: Final = 0.12
"""Change of a box's height, as a logarithm, from which on it comes or goes."""

_SHIFT: Final = 0.15
"""Sideways movement, in the box's own widths, from which on it passes."""

_CLASSES: Final[tuple[tuple[float, Speed], ...]] = (
    (1.0, "standing"), (30.0, "slow"), (80.0, "normal"), (math.inf, "fast"),
)  # fmt: skip

Boxes = Sequence[tuple[float, Box]]
"""Media time and a vehicle's box, in order."""


def stood(boxes: Boxes) -> bool:
    """Whether it stayed where it is for the last STANDING_S seconds."""
    if not boxes:
        return False
    now, here = boxes[-1]
    before = [box for at, box in boxes if now - at >= STANDING_S]
    recent = [box for at, box in boxes if now - at < STANDING_S]
    return bool(before) and all(box.iou(here) >= STANDING_IOU for box in (before[-1], *recent))


def direction(boxes: Boxes) -> Direction:
    """Towards the camera, away, or across the picture."""
    if len(boxes) < 2:
        return "standing"
    quarter = max(1, len(boxes) // 4)
    first, last = _mean([b for _, b in boxes][:quarter]), _mean([b for _, b in boxes][-quarter:])
    growth = math.log(max(last.h, 1e-6) / max(first.h, 1e-6))
    shift = (last.x + last.w / 2 - first.x - first.w / 2) / max(first.w, last.w, 1e-6)
    if abs(growth) >= _GROWTH and abs(growth) >= 0.3 * abs(shift):
        return "towards" if growth > 0 else "away"
    if abs(shift) >= _SHIFT:
        return "right" if shift > 0 else "left"
    return "standing"


def speed(looks: Sequence[Look]) -> Speed:
    """Its class, from where the plate was in space at each look."""
    if len(looks) < 2 or looks[-1].media_s - looks[0].media_s < LEAST_S:
        return "unknown"
    times = np.array([look.media_s for look in looks])
    places = np.array([_place(look) for look in looks])
    slopes = np.polyfit(times - times[0], places, 1)[0]
    kmh = 3.6 * float(np.hypot(*slopes))
    return next(name for bound, name in _CLASSES if kmh < bound)


def _place(look: Look) -> tuple[float, float]:
    """Metres to the right of the camera's axis, and along it."""
    height, width = look.crop.shape[:2]
    metres = LONG_M if width / max(height, 1) >= LONG_ASPECT else SHORT_M
    # The frame's width in pixels is not needed: the plate's share of it is.
    share = max(1e-4, look.box.w)
    per_frame = metres / share
    across = (look.box.x + look.box.w / 2 - 0.5) * per_frame
    return across, per_frame / (2 * math.tan(ANGLE_OF_VIEW / 2))


def _mean(boxes: Sequence[Box]) -> Box:
    count = len(boxes)
    return Box(
        sum(b.x for b in boxes) / count,
        sum(b.y for b in boxes) / count,
        sum(b.w for b in boxes) / count,
        sum(b.h for b in boxes) / count,
    )
