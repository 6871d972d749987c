"""Places on the map: distance and bearing, and whether a position can be meant.

Positions are WGS84 degrees. A city is small: the earth is taken as flat around it, which is wrong
by less than a metre over 500 m (equirectangular projection, mean earth radius of IUGG 1980).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

EARTH_M = 6_371_008.8
MARGIN_M = 2_000.0
"""A call may come from just beyond the last camera."""


class PlaceError(ValueError):
    """A position that cannot be meant; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Point:
    """Latitude and longitude, degrees."""

    lat: float
    lon: float

    def __str__(self) -> str:
        return f"lat {self.lat:g}, lon {self.lon:g}"


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of degrees; the city's bounds."""

    south: float
    west: float
    north: float
    east: float

    def holds(self, point: Point) -> bool:
        return self.south <= point.lat <= self.north and self.west <= point.lon <= self.east

    def nearest(self, point: Point) -> Point:
        """The point of the area that is nearest to `point`."""
        return Point(
            min(max(point.lat, self.south), self.north), min(max(point.lon, self.west), self.east)
        )


def offset_m(origin: Point, point: Point) -> tuple[float, float]:
    """Metres east and north of `origin`."""
    east = math.radians(point.lon - origin.lon) * math.cos(math.radians(origin.lat)) * EARTH_M
    return east, math.radians(point.lat - origin.lat) * EARTH_M


def moved(origin: Point, east_m: float, north_m: float) -> Point:
    """The point so many metres east and north of `origin`."""
    lat = origin.lat + math.degrees(north_m / EARTH_M)
    lon = origin.lon + math.degrees(east_m / (EARTH_M * math.cos(math.radians(origin.lat))))
    return Point(lat, lon)


def distance_m(one: Point, other: Point) -> float:
    """Metres between two points of a city."""
    return math.hypot(*offset_m(one, other))


def bearing_deg(origin: Point, point: Point) -> float:
    """Direction from `origin` to `point`, degrees clockwise from north, 0 to 360."""
    east, north = offset_m(origin, point)
    return math.degrees(math.atan2(east, north)) % 360.0


def area_of(points: Iterable[Point], margin_m: float = MARGIN_M) -> Area | None:
    """The rectangle around `points` with a margin; None without any."""
    held = list(points)
    if not held:
        return None
    low = moved(Point(min(p.lat for p in held), min(p.lon for p in held)), -margin_m, -margin_m)
    high = moved(Point(max(p.lat for p in held), max(p.lon for p in held)), margin_m, margin_m)
    return Area(low.lat, low.lon, high.lat, high.lon)


def checked(lat: float, lon: float, area: Area | None) -> Point:
    """The position, when it lies in the city; raises PlaceError that says what is wrong.

    `area` None means that no camera has a place yet, and every position on earth is taken.
    """
    if not (math.isfinite(lat) and math.isfinite(lon)):
        raise PlaceError("latitude and longitude must be numbers")
    if area is not None and area.holds(Point(lon, lat)) and not area.holds(Point(lat, lon)):
        raise PlaceError(
            f"latitude and longitude are swapped: lat {lat:g}, lon {lon:g} lies outside the city,"
            f" lat {lon:g}, lon {lat:g} inside; send them the other way round"
        )
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise PlaceError(
            f"lat {lat:g}, lon {lon:g} is no place on earth (lat -90 to 90, lon -180 to 180)"
        )
    point = Point(lat, lon)
    if area is not None and not area.holds(point):
        away = distance_m(area.nearest(point), point) / 1000
        raise PlaceError(
            f"{point} lies {away:.1f} km outside the city (lat {area.south:.4f} to"
            f" {area.north:.4f}, lon {area.west:.4f} to {area.east:.4f}); check the position"
        )
    return point
