"""Named parts of the city: polygons and circles that routes may ask for."""

from __future__ import annotations

import math
from itertools import pairwise

from pydantic import Field, model_validator

from wire.names import Name
from wire.settings import Settings

METRES_A_DEGREE = 111_195.0
"""Of latitude, on the mean earth radius of IUGG 1980."""
KOREA_LAT = (32.0, 39.5)
KOREA_LON = (124.0, 132.5)


class NamedArea(Settings):
    """One part of the city: a polygon or a circle, WGS84, the latitude first."""

    name: Name = Field(description="Unique; what routes call it.")
    polygon: tuple[tuple[float, float], ...] = Field(
        (), max_length=1000, description="Corners [lat, lon] in order; at least three."
    )
    circle: tuple[float, float, float] | None = Field(
        None, description="[lat, lon, metres around it]"
    )
    code: str | None = Field(
        None,
        pattern=r"^\d{10}$",
        description="District (행정구역코드) that it is, for alerts that name one.",
    )

    @model_validator(mode="after")
    def _one_shape(self) -> NamedArea:
        if bool(self.polygon) == (self.circle is not None):
            raise ValueError("needs either a polygon or a circle")
        if self.polygon and len(self.polygon) < 3:
            raise ValueError("a polygon has at least three corners")
        if self.circle is not None and not 0 < self.circle[2] <= 100_000:
            raise ValueError("a circle has its radius in metres, up to 100000")
        for lat, lon in (*self.polygon, *([self.circle[:2]] if self.circle else [])):
            _plausible(lat, lon)
        return self

    def holds(self, lat: float, lon: float) -> bool:
        """Whether a position lies within; a city is small enough to take it as flat."""
        if self.circle is not None:
            north = (lat - self.circle[0]) * METRES_A_DEGREE
            east = (lon - self.circle[1]) * METRES_A_DEGREE * math.cos(math.radians(lat))
            return math.hypot(north, east) <= self.circle[2]
        # Even-odd rule: each side of the ring that a ray to the east crosses changes the answer.
        inside = False
        for (lat1, lon1), (lat2, lon2) in pairwise((*self.polygon, self.polygon[0])):
            if (lat1 > lat) != (lat2 > lat):
                crossing = lon1 + (lat - lat1) / (lat2 - lat1) * (lon2 - lon1)
                inside ^= lon < crossing
        return inside


def _plausible(lat: float, lon: float) -> None:
    """Raises ValueError for what is no position, and says when the two are swapped."""
    if _within(lon, KOREA_LAT) and _within(lat, KOREA_LON):
        raise ValueError(f"[{lat:g}, {lon:g}] has its longitude first; write [lat, lon]")
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise ValueError(f"[{lat:g}, {lon:g}] is no position: [lat, lon] in degrees")


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]
