"""What a pose says about whether somebody who went down is down: sitting and bending are not."""

from __future__ import annotations

import math
from enum import Enum
from typing import Final

from edge_agent.scene import BodyPoint, Pose

_SHOULDERS: Final = (5, 6)
_HIPS: Final = (11, 12)
_SURE: Final = 0.3
"""The least confidence of a body point: MoveNet's authors draw points from here on."""

_HIGH_HIPS: Final = 0.42
"""Hips this far above the ground, in standing heights, are carried by legs: standing has 0.53."""

_VERTICAL_DEG: Final = 30.0
"""A torso leaning less than this, shoulders up, holds itself upright."""

_LONG_TORSO: Final = 0.22
"""A vertical torso shorter than this, in standing heights, is a lying one seen end on."""


class Verdict(Enum):
    """What one pose speaks for."""

    DOWN = "down"
    UPRIGHT = "upright"
    UNCLEAR = "unclear"


def judge(pose: Pose | None, aspect: float, height: float, ground: float) -> Verdict:
    """Whether the body of `pose` is down.

    `aspect` is the picture's width over its height; `height` is how tall the person stood and
    `ground` where the feet were, in heights of the picture from its top.
    """
    if pose is None or len(pose.points) <= max(_HIPS):
        return Verdict.UNCLEAR
    hips = _middle(pose, _HIPS, aspect)
    shoulders = _middle(pose, _SHOULDERS, aspect)
    if hips is None or not height > 0:
        return Verdict.UNCLEAR
    if (ground - hips[1]) / height > _HIGH_HIPS:
        return Verdict.UPRIGHT
    if shoulders is None:
        return Verdict.UNCLEAR
    across, up = shoulders[0] - hips[0], hips[1] - shoulders[1]
    lean = math.degrees(math.atan2(abs(across), up))
    if lean < _VERTICAL_DEG and math.hypot(across, up) / height > _LONG_TORSO:
        return Verdict.UPRIGHT
    return Verdict.DOWN


def _middle(pose: Pose, pair: tuple[int, int], aspect: float) -> tuple[float, float] | None:
    """The mean of those of a pair that are sure, in heights of the picture."""
    sure: list[BodyPoint] = [
        pose.points[index] for index in pair if pose.points[index].confidence >= _SURE
    ]
    if not sure:
        return None
    x = sum(point.x for point in sure) / len(sure) * aspect
    y = sum(point.y for point in sure) / len(sure)
    return (x, y) if math.isfinite(x) and math.isfinite(y) else None
