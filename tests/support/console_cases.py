"""Cases of the safety services and units on their way, for the console's tests and its looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from collector.config import CameraPlace
from collector.services.case import Case
from collector.services.place import Point
from collector.services.unit_positions import UnitPosition
from wire.clock import SystemClock
from wire.names import new_id

SCENE = Point(37.54, 126.74)


def case_at(cameras: Sequence[CameraPlace]) -> Case:
    """An open case of the police at SCENE with those cameras."""
    return Case.model_validate(
        {
            "case_id": new_id(), "service": "police-dispatch", "agency": "police", "case": "112-7",
            "basis": "b", "purpose": "p", "person": "이경위", "asked_at": datetime.now(UTC),
            "state": "approved", "permit_id": new_id(), "lat": SCENE.lat, "lon": SCENE.lon,
            "cameras": [
                {
                    "device": one.device, "camera": one.camera, "title": one.title,
                    "title_en": one.title, "lat": one.lat, "lon": one.lon, "distance_m": 1,
                    "direction_deg": 0, "sees": "yes", "detail": "detect", "score": 1,
                    "reasons": [], "live": True,
                }
                for one in cameras
            ],
        }
    )  # fmt: skip


def unit_of(
    case: Case, *, age_s: float, name: str = "순찰 12호", north: float = 0.001
) -> UnitPosition:
    """A unit of that case, so many degrees north of SCENE, heard of so long ago."""
    return UnitPosition(
        new_id(),
        str(case.permit_id),
        name,
        Point(SCENE.lat + north, SCENE.lon),
        8.0,
        SystemClock().monotonic() - age_s,
        datetime.now(UTC) + timedelta(minutes=5),
    )
