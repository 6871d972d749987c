"""What a fire engine must know of a place: hydrants, streets and hazards from a GeoJSON layer file.

RFC 7946: longitude comes first. `kind` in a feature's properties says what it is: `hydrant` (Point,
`id`), `street` (LineString, `width_m`, `name`), `hazard` (Point, `text`).
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.services.place import Point, bearing_deg, distance_m, offset_m
from wire.settings import SettingsError

MAX_BYTES = 64 * 1024 * 1024
HYDRANTS_M, HYDRANTS = 300.0, 5
STREET_M, STREETS = 60.0, 3
HAZARD_M, HAZARDS = 150.0, 10


@dataclass(frozen=True, slots=True)
class Street:
    """A street's middle line and its width, metres."""

    name: str
    width_m: float
    line: tuple[Point, ...]

    def as_json(self) -> list[object]:
        """[width_m, name, [[lat, lon], …]], to the metre: 1e-5 degrees."""
        return [self.width_m, self.name, [[round(p.lat, 5), round(p.lon, 5)] for p in self.line]]


@dataclass(frozen=True, slots=True)
class Layer:
    """Everything in the file."""

    hydrants: tuple[tuple[str, Point], ...] = ()
    streets: tuple[Street, ...] = ()
    hazards: tuple[tuple[str, Point], ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """One thing near the scene: `kind` hydrant, street or hazard."""

    kind: str
    text: str
    distance_m: float
    direction_deg: float
    lat: float
    lon: float
    width_m: float | None = None


def load_layer(path: Path) -> Layer:
    """Read the file; raises SettingsError that names the feature and what is wrong with it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SettingsError(f"{path}: more than {MAX_BYTES // 2**20} MB; cut it to the city")
        found = json.loads(path.read_bytes())
        features = found["features"]
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SettingsError(f"{path}: is no GeoJSON FeatureCollection ({error})") from error
    hydrants, streets, hazards = [], [], []
    if not isinstance(features, list):
        raise SettingsError(f"{path}: features: must be a list")
    for number, feature in enumerate(features):
        try:
            told, shape = feature["properties"], feature["geometry"]
            kind = told["kind"]
            if kind == "hydrant":
                hydrants.append((str(told["id"]), _point(shape)))
            elif kind == "hazard":
                hazards.append((str(told["text"]), _point(shape)))
            elif kind == "street":
                streets.append(_street(told, shape))
            else:
                raise ValueError(f"kind {kind!r} is none of hydrant, street, hazard")
        except (ValueError, KeyError, TypeError, IndexError) as error:
            said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise SettingsError(f"{path}: features[{number}]: {said}") from error
    return Layer(tuple(hydrants), tuple(streets), tuple(hazards))


def notes(layer: Layer, place: Point) -> tuple[Note, ...]:
    """What is near the place: hazards, streets, hydrants, each kind nearest first."""
    hydrants = [_note("hydrant", text, place, at) for text, at in layer.hydrants]
    hazards = [_note("hazard", text, place, at) for text, at in layer.hazards]
    streets = []
    for street in layer.streets:
        at = _nearest(street.line, place)
        away = distance_m(place, at)
        streets.append(
            Note(
                "street", street.name, round(away, 1), round(bearing_deg(place, at), 1),
                at.lat, at.lon, street.width_m,
            )
        )  # fmt: skip
    return (
        *_near(hazards, HAZARD_M, HAZARDS),
        *_near(streets, STREET_M, STREETS),
        *_near(hydrants, HYDRANTS_M, HYDRANTS),
    )


def streets_around(layer: Layer, place: Point, within_m: float) -> tuple[Street, ...]:
    """Streets that come within so many metres, each cut to its part there; widest first."""
    found = []
    for street in layer.streets:
        inside = [
            number
            for number, (begin, end) in enumerate(itertools.pairwise(street.line))
            if distance_m(place, _nearest((begin, end), place)) <= within_m
        ]
        if inside:
            line = street.line[inside[0] : inside[-1] + 2]
            found.append(Street(street.name, street.width_m, line))
    return tuple(sorted(found, key=lambda one: -one.width_m))


def _near(found: Iterable[Note], within_m: float, at_most: int) -> list[Note]:
    near = [one for one in found if one.distance_m <= within_m]
    return sorted(near, key=lambda one: (one.distance_m, one.text))[:at_most]


def _note(kind: str, text: str, place: Point, at: Point) -> Note:
    away, towards = distance_m(place, at), bearing_deg(place, at)
    return Note(kind, text, round(away, 1), round(towards, 1), at.lat, at.lon)


def _nearest(line: tuple[Point, ...], place: Point) -> Point:
    """The point of a line that is nearest to `place`, on flat ground."""
    best, least = line[0], math.inf
    for begin, end in itertools.pairwise(line):
        (bx, by), (ex, ey) = offset_m(place, begin), offset_m(place, end)
        dx, dy = ex - bx, ey - by
        length = dx * dx + dy * dy
        share = 0.0 if length == 0 else min(1.0, max(0.0, -(bx * dx + by * dy) / length))
        away = math.hypot(bx + share * dx, by + share * dy)
        if away < least:
            least = away
            best = Point(
                begin.lat + share * (end.lat - begin.lat), begin.lon + share * (end.lon - begin.lon)
            )
    return best


def _street(told: dict[str, Any], shape: dict[str, Any]) -> Street:
    if shape["type"] != "LineString" or len(shape["coordinates"]) < 2:
        raise ValueError("a street is a LineString of two points or more")
    width = float(told["width_m"])
    if not 0 < width <= 200:
        raise ValueError(f"width_m {width:g} is no width of a street (0 to 200)")
    return Street(str(told["name"]), width, tuple(_at(one) for one in shape["coordinates"]))


def _point(shape: dict[str, Any]) -> Point:
    if shape["type"] != "Point":
        raise ValueError(f"geometry must be a Point, not {shape['type']}")
    return _at(shape["coordinates"])


def _at(pair: list[Any]) -> Point:
    lon, lat = float(pair[0]), float(pair[1])
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise ValueError(f"{pair[:2]} is no place; GeoJSON wants longitude first")
    return Point(lat, lon)
