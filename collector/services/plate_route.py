"""Where a vehicle was seen, in order, and whether it can have driven so. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from collector.config import CameraPlace
from collector.services.place import Point, distance_m
from wire.event import Fraction
from wire.names import Moment, Name, WireModel
from wire.plates import PlateRead

FASTEST_KMH: Final = 180.0
"""Straight from camera to camera, over minutes; who was faster was two vehicles, or misread."""
CLOCKS_S: Final = 5.0
"""By so much two poles' clocks may differ."""
SAME_PLACE_M: Final = 100.0
"""Cameras of one crossing may see a car at once."""


class Sighting(WireModel):
    """One read of one pole, at the camera's place."""

    device: Name
    camera: Name
    title: str
    title_en: str
    lat: float | None
    lon: float | None
    at: Moment
    text: str
    confidence: Fraction
    chance: Fraction
    near_match: bool
    type: str | None
    color: str | None
    direction: str | None
    vehicle: str | None = None
    paint: str | None = None
    """The vehicle's own colour."""
    crop: str | None = None
    """Address of the plate's picture."""
    metres: float | None = None
    """From the sighting before, as the crow flies."""
    kmh: float | None = None
    """What that takes at least; None where it is the first, or at the same place."""
    plausible: bool = True
    """No vehicle is as fast as this one would have had to be."""


class Route(WireModel):
    """All sightings of one text, the oldest first."""

    text: str
    near_match: bool
    chance: Fraction
    """Of the surest of them."""
    plausible: bool
    """Each way between them can be driven."""
    sightings: tuple[Sighting, ...]


def sighting_of(place: CameraPlace | None, device: str, read: PlateRead) -> Sighting:
    """A pole's read at its camera's place, None when that is not configured."""
    unnamed = f"{device} / {read.camera}"
    return Sighting(
        device=device,
        camera=read.camera,
        title=place.title if place else unnamed,
        title_en=(place.title_en or place.title) if place else unnamed,
        lat=place.lat if place else None,
        lon=place.lon if place else None,
        at=read.at,
        text=read.text,
        confidence=read.confidence,
        chance=read.chance,
        near_match=read.near_match,
        type=read.type,
        color=read.color,
        direction=read.direction,
        vehicle=read.vehicle,
        paint=read.paint,
    )


def routes(sightings: Iterable[Sighting]) -> tuple[Route, ...]:
    """One route a text; what says what was asked for first, then the surest, then the longest."""
    by_text: dict[str, list[Sighting]] = {}
    for one in sightings:
        by_text.setdefault(one.text, []).append(one)
    found = [_route(text, seen) for text, seen in by_text.items()]
    return tuple(
        sorted(found, key=lambda r: (r.near_match, -round(r.chance, 2), -len(r.sightings), r.text))
    )


def _route(text: str, seen: list[Sighting]) -> Route:
    ordered = sorted(seen, key=lambda one: (one.at, one.device, one.camera))
    told = [ordered[0]]
    for one in ordered[1:]:
        told.append(_after(told[-1], one))
    return Route(
        text=text,
        near_match=all(one.near_match for one in told),
        chance=max(one.chance for one in told),
        plausible=all(one.plausible for one in told),
        sightings=tuple(told),
    )


def _after(before: Sighting, one: Sighting) -> Sighting:
    if before.lat is None or before.lon is None or one.lat is None or one.lon is None:
        return one
    metres = distance_m(Point(before.lat, before.lon), Point(one.lat, one.lon))
    if metres <= SAME_PLACE_M:
        return one.model_copy(update={"metres": round(metres)})
    seconds = (one.at - before.at).total_seconds() + CLOCKS_S
    kmh = metres / seconds * 3.6
    changed = {"metres": round(metres), "kmh": round(kmh, 1), "plausible": kmh <= FASTEST_KMH}
    return one.model_copy(update=changed)
