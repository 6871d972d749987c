"""Points, polygons and boxes on the picture."""

from __future__ import annotations

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


def area(polygon: Sequence[Point]) -> float:
    """The polygon's area, in fractions of the frame's area (shoelace formula)."""
    total = 0.0
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        total += x0 * y1 - x1 * y0
    return abs(total) / 2


def stance(box: Box) -> tuple[Point, Point, Point]:
    """Three points across a standing body's feet, a little above the box's lower edge.

    The lift keeps the feet inside a zone that ends with the picture; the outer two stand at a
    quarter of the width, because a walking person's box is wider than their feet are apart.
    """
    y = box.bottom - 0.03 * box.h
    return (box.x + 0.25 * box.w, y), (box.x + 0.5 * box.w, y), (box.x + 0.75 * box.w, y)
