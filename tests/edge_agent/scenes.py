"""Walks and detections written down in a line, for tests of tracker and rules."""

from __future__ import annotations

from edge_agent.scene import Box, Detection, Point, Track


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
