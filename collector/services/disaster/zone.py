"""The area of an alert: polygons and circles, and what stands in it or sees into it. Pure.

Sides of polygons are straight in latitude and longitude, as everywhere here; circles are flat
around their middle, which at 300 km is wrong by about a percent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from collector.services.place import Area, Point, distance_m, moved, offset_m
from collector.services.ranking import Camera

BANDS = 64
"""Of latitude, in which a polygon's sides are sought."""
ARC_DEG = 15.0
"""The rim of what a camera sees is drawn in steps of so much."""
Corner = tuple[float, float]
"""Latitude and longitude, degrees."""
Reach = Literal["inside", "sees", "perhaps"]


@dataclass(frozen=True, slots=True)
class Round:
    """A circle; 0 metres is the point itself."""

    middle: Point
    radius_m: float

    def holds(self, point: Point) -> bool:
        return distance_m(self.middle, point) <= self.radius_m

    def meets(self, shape: tuple[Corner, ...]) -> bool:
        """Whether it and a polygon have a point in common."""
        if _holds(list(pairwise((*shape, shape[0]))), self.middle.lat, self.middle.lon):
            return True
        flat = [offset_m(self.middle, Point(*one)) for one in (*shape, shape[0])]
        return any(_away(begin, end) <= self.radius_m for begin, end in pairwise(flat))

    @property
    def bounds(self) -> Area:
        low = moved(self.middle, -self.radius_m, -self.radius_m)
        high = moved(self.middle, self.radius_m, self.radius_m)
        return Area(low.lat, low.lon, high.lat, high.lon)


class Ring:
    """A polygon, its sides sorted into bands of latitude."""

    def __init__(self, corners: Iterable[Corner]) -> None:
        """At least three corners; whether the first stands again at the end does not matter."""
        self.corners = tuple(corners)
        lats = [lat for lat, _ in self.corners]
        lons = [lon for _, lon in self.corners]
        self.bounds = Area(min(lats), min(lons), max(lats), max(lons))
        self._height = max(1e-12, (self.bounds.north - self.bounds.south) / BANDS)
        self._bands: list[list[tuple[Corner, Corner]]] = [[] for _ in range(BANDS)]
        for begin, end in pairwise((*self.corners, self.corners[0])):
            for band in self._span(begin[0], end[0]):
                self._bands[band].append((begin, end))

    def holds(self, point: Point) -> bool:
        if not self.bounds.holds(point):
            return False
        (band,) = self._span(point.lat, point.lat)
        return _holds(self._bands[band], point.lat, point.lon)

    def meets(self, shape: tuple[Corner, ...]) -> bool:
        """Whether it and a polygon have a point in common."""
        other = Ring(shape)
        if not _overlap(self.bounds, other.bounds):
            return False
        if self.holds(Point(*shape[0])) or other.holds(Point(*self.corners[0])):
            return True
        for begin, end in pairwise((*shape, shape[0])):
            for band in self._span(begin[0], end[0]):
                if any(_cross(begin, end, *side) for side in self._bands[band]):
                    return True
        return False

    def _span(self, one: float, other: float) -> range:
        low, high = min(one, other), max(one, other)
        first = int((low - self.bounds.south) / self._height)
        last = int((high - self.bounds.south) / self._height)
        return range(min(max(first, 0), BANDS - 1), min(max(last, 0), BANDS - 1) + 1)


@dataclass(frozen=True, slots=True)
class Zone:
    """All of them together, and districts by their codes."""

    rings: tuple[Ring, ...] = ()
    rounds: tuple[Round, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[Ring | Round, ...]:
        return (*self.rounds, *self.rings)

    def holds(self, point: Point) -> bool:
        return any(one.holds(point) for one in self.parts)

    def meets(self, shape: tuple[Corner, ...]) -> bool:
        return any(one.meets(shape) for one in self.parts)

    def reach(self, camera: Camera, area_code: str | None) -> Reach | None:
        """Whether a camera stands in it, or sees into it; None when neither."""
        if self.holds(camera.at) or any(within(area_code, code) for code in self.codes):
            return "inside"
        if not self.meets(view(camera)):
            return None
        return "sees" if camera.bearing_deg is not None or camera.fov_deg >= 360 else "perhaps"

    @property
    def bounds(self) -> Area | None:
        """The rectangle around it; None when it has districts alone."""
        all_ = [one.bounds for one in self.parts]
        if not all_:
            return None
        return Area(
            min(one.south for one in all_),
            min(one.west for one in all_),
            max(one.north for one in all_),
            max(one.east for one in all_),
        )


def view(camera: Camera) -> tuple[Corner, ...]:
    """What a camera may see as a polygon; all around it where nobody knows where it looks."""
    whole = camera.bearing_deg is None or camera.fov_deg >= 360
    first = 0.0 if camera.bearing_deg is None else camera.bearing_deg - camera.fov_deg / 2
    width = 360.0 if whole else camera.fov_deg
    steps = max(2, math.ceil(width / ARC_DEG))
    rim = []
    for step in range(steps if whole else steps + 1):
        angle = math.radians(first + width * step / steps)
        at = moved(camera.at, camera.range_m * math.sin(angle), camera.range_m * math.cos(angle))
        rim.append((at.lat, at.lon))
    return tuple(rim) if whole else ((camera.at.lat, camera.at.lon), *rim)


def within(code: str | None, district: str) -> bool:
    """Whether a ten-digit code lies in a district: 28 245 000 00 holds all that begin 28 245.

    The parts are province, city or gu, dong, and ri (행정표준코드, 법정동코드).
    """
    if code is None:
        return False
    end = next(
        (at for at in (2, 5, 8) if not district[at:].strip("0")),
        len(district),
    )
    return code[:end] == district[:end]


def rectangle(area: Area) -> tuple[Corner, ...]:
    """Its corners."""
    south, west, north, east = area.south, area.west, area.north, area.east
    return ((south, west), (south, east), (north, east), (north, west))


def _holds(sides: list[tuple[Corner, Corner]], lat: float, lon: float) -> bool:
    """Even-odd rule, as NamedArea has it."""
    inside = False
    for (lat1, lon1), (lat2, lon2) in sides:
        if (lat1 > lat) != (lat2 > lat):
            inside ^= lon < lon1 + (lat - lat1) / (lat2 - lat1) * (lon2 - lon1)
    return inside


def _overlap(one: Area, other: Area) -> bool:
    return not (
        one.east < other.west
        or other.east < one.west
        or one.north < other.south
        or other.north < one.south
    )


def _cross(a: Corner, b: Corner, c: Corner, d: Corner) -> bool:
    """Whether two stretches meet; what only touches need not count."""
    if max(a[1], b[1]) < min(c[1], d[1]) or max(c[1], d[1]) < min(a[1], b[1]):
        return False
    return (_side(a, b, c) > 0) != (_side(a, b, d) > 0) and (_side(c, d, a) > 0) != (
        _side(c, d, b) > 0
    )


def _side(a: Corner, b: Corner, point: Corner) -> float:
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])


def _away(begin: tuple[float, float], end: tuple[float, float]) -> float:
    """Distance of a stretch from the origin."""
    dx, dy = end[0] - begin[0], end[1] - begin[1]
    length = dx * dx + dy * dy
    share = 0.0 if length == 0 else min(1.0, max(0.0, -(begin[0] * dx + begin[1] * dy) / length))
    return math.hypot(begin[0] + share * dx, begin[1] + share * dy)
