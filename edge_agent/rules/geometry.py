"""Points, polygons and boxes on the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edge_agent.scene import Box, Point


def inside(point: Point, polygon: Sequence[Point]) -> bool:
    """Whether `point` lies within `polygon` (even-odd rule; vertices in order, not repeated)."""
    x, y = point
    within = False
    before = polygon[-1]
    for corner in polygon:
        (x0, y0), (x1, y1) = before, corner
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
            within = not within
        before = corner
    return within


def stance(box: Box) -> tuple[Point, Point, Point]:
    """Three points across a standing body's feet, a little above the box's lower edge.

    The lift keeps the feet inside a zone that ends with the picture; the outer two stand at a
    quarter of the width, because a walking person's box is wider than their feet are apart.
    """
    y = box.bottom - 0.03 * box.h
    return (box.x + 0.25 * box.w, y), (box.x + 0.5 * box.w, y), (box.x + 0.75 * box.w, y)


def sound(box: Box) -> bool:
    """Whether a box's numbers are numbers, and its size one in a picture."""
    numbers = (box.x, box.y, box.w, box.h)
    return all(map(math.isfinite, numbers)) and max(map(abs, numbers)) <= 10 and box.w > 0 < box.h


def usable(aspect: float) -> bool:
    """Whether width over height is that of a picture."""
    return math.isfinite(aspect) and 0.1 <= aspect <= 10


def squared(point: Point, aspect: float) -> Point:
    """The point in heights of the picture, across and down alike."""
    return (point[0] * aspect, point[1])


def feet_apart(a: Box, b: Box, aspect: float) -> float:
    """How far apart the feet are, in heights of the taller box; infinite if the sizes differ."""
    tall, short = max(a.h, b.h), min(a.h, b.h)
    if short < 0.5 * tall:
        return math.inf
    return math.dist(squared(a.foot, aspect), squared(b.foot, aspect)) / tall


def from_segment(point: Point, a: Point, b: Point) -> float:
    """The distance of `point` from the segment from `a` to `b`."""
    ax, ay = b[0] - a[0], b[1] - a[1]
    length = ax * ax + ay * ay
    if length <= 0:
        return math.dist(point, a)
    along = ((point[0] - a[0]) * ax + (point[1] - a[1]) * ay) / length
    along = min(1.0, max(0.0, along))
    return math.dist(point, (a[0] + along * ax, a[1] + along * ay))


def passes(start: Point, end: Point, a: Point, b: Point) -> int:
    """Whether the step from `start` to `end` passes the segment from `a` to `b`.

    1 from its left to its right, as seen looking from `a` to `b` with y growing downwards, -1 from
    its right to its left, else 0. A point on the line counts as to its left, so that the steps of a
    path that touches it count once in all.
    """
    before, after = _right_of(start, a, b), _right_of(end, a, b)
    if before == after or _right_of(a, start, end) == _right_of(b, start, end):
        return 0
    return 1 if after else -1


def _right_of(point: Point, a: Point, b: Point) -> bool:
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) > 0
