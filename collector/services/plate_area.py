"""Which poles a question about a vehicle is for: all, or those with cameras around a place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from collector.config import CameraPlace
from collector.services.case import Body
from collector.services.offering import Offering
from collector.services.place import Point, distance_m
from wire.names import Name, WireModel

Line = Annotated[str, StringConstraints(max_length=120, strip_whitespace=True)]
Key = tuple[str, str]


class SearchArea(Body):
    """A circle; cameras in it are meant."""

    lat: float
    lon: float
    radius_m: float = Field(gt=0, le=50_000, description="Metres.")


class LatePole(WireModel):
    """A pole that has not answered."""

    device: Name
    code: str | None = None
    """Of wire.codes; None while it may still answer."""


class PlateArea:
    """Where cameras stand."""

    def __init__(self, offering: Offering, places: Mapping[Key, CameraPlace]) -> None:
        self._offering = offering
        self._places = places

    def cameras(self, area: SearchArea | None) -> frozenset[Key] | None:
        """Those of the area; None: all. Raises ProblemError for no place of the city."""
        if area is None:
            return None
        middle = self._offering.checked(area.lat, area.lon)
        return frozenset(
            key
            for key, one in self._places.items()
            if distance_m(middle, Point(one.lat, one.lon)) <= area.radius_m
        )

    def poles(self, area: SearchArea | None, enrolled: Collection[str]) -> dict[str, list[str]]:
        """The cameras that are meant by pole; none named: all of it. Raises ProblemError."""
        cameras = self.cameras(area)
        if cameras is None:
            return {device: [] for device in enrolled}
        found: dict[str, list[str]] = {}
        for device, camera in cameras:
            if device in enrolled:
                found.setdefault(device, []).append(camera)
        return found
