"""Polygons in fractions of the frame, without any picture: how large, and whether well drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Point = tuple[float, float]


def area(polygon: Sequence[Point]) -> float:
    """The polygon's area, in fractions of the frame's area (shoelace formula)."""
    total = 0.0
    for (x0, y0), (x1, y1) in _edges(polygon):
        total += x0 * y1 - x1 * y0
    return abs(total) / 2


def crossing(polygon: Sequence[Point]) -> tuple[int, int] | None:
    """Two edges that meet where they should not, as the numbers of their first corners.

    None when the polygon does not cross or touch itself. Neighbours may share their corner only.
    """
    edges = list(_edges(polygon))
    for one in range(len(edges)):
        for other in range(one + 1, len(edges)):
            beside = other == one + 1 or (one == 0 and other == len(edges) - 1)
            if (_folds if beside else _meet)(edges[one], edges[other]):
                return one, other
    return None


def _edges(polygon: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    return zip(polygon, [*polygon[1:], polygon[0]], strict=True)


def _meet(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    (a, b), (c, d) = one, other
    sides = _side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)
    if sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0:
        return True
    points = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(side == 0 and _between(*p) for side, p in zip(sides, points, strict=True))


def _folds(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Whether two edges that share a corner run back over each other."""
    shared = next(point for point in one if point in other)
    start = one[0] if one[1] == shared else one[1]
    end = other[0] if other[1] == shared else other[1]
    if _side(start, shared, end) != 0:
        return False
    (x, y), (x0, y0), (x1, y1) = shared, start, end
    return (x0 - x) * (x1 - x) + (y0 - y) * (y1 - y) > 0


def _side(a: Point, b: Point, point: Point) -> float:
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])


def _between(a: Point, b: Point, point: Point) -> bool:
    return min(a[0], b[0]) <= point[0] <= max(a[0], b[0]) and (
        min(a[1], b[1]) <= point[1] <= max(a[1], b[1])
    )
