"""The map's JSON: where cameras stand and look, the city's areas and streets. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from collector.areas import NamedArea
from collector.config import CameraPlace
from collector.console.view import Json
from collector.services.case import Case
from collector.services.layer import Layer
from collector.services.place import Point, bearing_deg, distance_m
from collector.services.unit_positions import UnitPosition
from collector.things import Thing
from wire.clock import Clock
from wire.names import utc_text

MOST_POINTS = 100_000
"""Corners of streets that a page is given; beyond that the narrowest streets are left out."""
MOST_SPOTS = 5_000
"""Hydrants, and hazards."""


def place(one: CameraPlace) -> Json:
    """Where one camera stands and what it covers."""
    return {
        "device": one.device,
        "camera": one.camera,
        "title": {"ko": one.title, "en": one.title_en},
        "address": one.address,
        "lat": one.lat,
        "lon": one.lon,
        "bearing_deg": one.bearing_deg,
        "fov_deg": one.fov_deg,
        "range_m": one.range_m,
    }


def area(one: NamedArea) -> Json:
    """A named part of the city; `circle` is [lat, lon, metres]."""
    return {"name": one.name, "polygon": one.polygon, "circle": one.circle}


def ground(layer: Layer) -> Json:
    """Streets as [width_m, name, [[lat, lon], …]], widest first; `cut` when some were left out."""
    widest = sorted(layer.streets, key=lambda one: -one.width_m)
    kept, points = [], 0
    for street in widest:
        points += len(street.line)
        if points > MOST_POINTS:
            break
        kept.append(street.as_json())
    return {
        "streets": kept,
        "hydrants": [[at.lat, at.lon, name] for name, at in layer.hydrants[:MOST_SPOTS]],
        "hazards": [[at.lat, at.lon, text] for text, at in layer.hazards[:MOST_SPOTS]],
        "cut": len(kept) < len(widest) or max(len(layer.hydrants), len(layer.hazards)) > MOST_SPOTS,
    }


def scenes(cases: Iterable[Case]) -> list[Json]:
    """Open cases of the safety services that have a place."""
    return [
        {
            "case_id": one.case_id,
            "case": one.case,
            "service": one.service,
            "agency": one.agency,
            "state": one.state,
            "lat": one.lat,
            "lon": one.lon,
            "accuracy_m": one.accuracy_m,
            "asked_at": utc_text(one.asked_at),
            "cameras": [f"{camera.device}/{camera.camera}" for camera in one.cameras],
        }
        for one in cases
        if one.lat is not None and one.lon is not None
    ]


def units(positions: Iterable[UnitPosition], cases: Iterable[Case], clock: Clock) -> list[Json]:
    """Units of these cases with the age of their positions and their way to the scene."""
    known = {one.permit_id: one for one in cases}
    found = []
    for unit in positions:
        case = known[unit.permit_id]
        left: Json = {"distance_m": None, "direction_deg": None}
        if case.lat is not None and case.lon is not None:
            scene = Point(case.lat, case.lon)
            left = {
                "distance_m": round(distance_m(unit.at, scene)),
                "direction_deg": round(bearing_deg(unit.at, scene)),
            }
        found.append(
            {
                "unit_id": unit.token_id[-12:],
                "unit": unit.unit,
                "agency": case.agency,
                "service": case.service,
                "case": case.case,
                "lat": unit.at.lat,
                "lon": unit.at.lon,
                "accuracy_m": unit.accuracy_m,
                "age_s": round(clock.monotonic() - unit.heard_s, 1),
                "ends_in_s": round((unit.ends_at - clock.now()).total_seconds()),
                **left,
            }
        )
    return found


def thing(one: Thing) -> Json:
    """A board or another thing of the city."""
    return {
        "kind": one.kind,
        "key": one.key,
        "title": {"ko": one.title, "en": one.title_en},
        "lat": one.lat,
        "lon": one.lon,
        "state": one.state,
        "said": {"ko": one.said, "en": one.said_en},
        "link": one.link,
    }
