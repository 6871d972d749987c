"""Walks and detections written down in a line, for tests of tracker and rules."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edge_agent.scene import Box, Detection, Image, Point, Track

Clothes = tuple[tuple[int, int, int], tuple[int, int, int]]
"""Colours above and below the waist, BGR."""


def standing(foot: Point, height: float = 0.2, width: float = 0.08) -> Box:
    """The box of somebody who stands at `foot`."""
    return Box(foot[0] - width / 2, foot[1] - height, width, height)


def seen(foot: Point, confidence: float = 0.8, label: str = "person") -> Detection:
    """A detection of somebody who stands at `foot`."""
    return Detection(label, confidence, standing(foot))


def track(
    number: int,
    foot: Point,
    *,
    label: str = "person",
    height: float = 0.2,
    visible: bool = True,
    confidence: float = 0.8,
) -> Track:
    """Track `number` with its feet at `foot`."""
    return Track(number, label, standing(foot, height), confidence, 0.0, 0.0, visible)


def along(start: Point, end: Point, share: float) -> Point:
    """The point `share` (0..1) of the way from `start` to `end`."""
    return (
        start[0] + share * (end[0] - start[0]),
        start[1] + share * (end[1] - start[1]),
    )


def dressed(people: Mapping[Box, Clothes]) -> Image:
    """A grey street of 320 by 240 pixels with somebody in each box, dressed like that."""
    picture = np.full((240, 320, 3), 120, np.uint8)
    for box, (upper, lower) in people.items():
        left, right = round(box.x * 320), round(box.right * 320)
        top, waist, bottom = (round((box.y + share * box.h) * 240) for share in (0, 0.52, 1))
        picture[top:waist, left:right] = upper
        picture[waist:bottom, left:right] = lower
    return picture
