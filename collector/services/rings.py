"""Ways of escape: which cameras somebody who left a place may have passed, and when. Pure.

Streets are not known here, so distances are as the crow flies; the latest is that of somebody who
walks 1.4 times as far (the detour index of US roads is 1.42: Boscoe, Henry and Zdeb, 2012).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.services.place import Point, bearing_deg, distance_m

RUN_M_S = 3.0
WALK_M_S = 1.2
CAR_M_S = 14.0
"""50 km/h, the limit in Korean cities."""
DETOUR = 1.4
RINGS_MIN = (1, 2, 3, 5, 10)


@dataclass(frozen=True, slots=True)
class Passing:
    """One camera, and when somebody may have come by. Seconds after the start."""

    device: str
    camera: str
    distance_m: float
    direction_deg: float
    by_car_s: float
    running_s: float
    walking_s: float
    """The latest: walking, by detours."""

    def window(self, since: datetime) -> tuple[datetime, datetime]:
        """Where to look in the recording."""
        return since + timedelta(seconds=self.by_car_s), since + timedelta(seconds=self.walking_s)


@dataclass(frozen=True, slots=True)
class Ring:
    """Cameras that a runner reaches within so many minutes, and not within the ring before."""

    minutes: int
    cameras: tuple[Passing, ...]


def rings(
    place: Point, cameras: Iterable[tuple[str, str, Point]], minutes: tuple[int, ...] = RINGS_MIN
) -> tuple[Ring, ...]:
    """The cameras by time ring, nearest first; those beyond the last ring are left out."""
    passings = sorted(
        (_passing(place, *one) for one in cameras),
        key=lambda one: (one.running_s, one.direction_deg, one.device, one.camera),
    )
    found, begin = [], -1.0
    for minute in minutes:
        end = minute * 60.0
        found.append(Ring(minute, tuple(one for one in passings if begin < one.running_s <= end)))
        begin = end
    return tuple(found)


def _passing(place: Point, device: str, camera: str, at: Point) -> Passing:
    away = distance_m(place, at)
    return Passing(
        device=device,
        camera=camera,
        distance_m=round(away, 1),
        direction_deg=round(bearing_deg(place, at), 1),
        by_car_s=round(away / CAR_M_S, 1),
        running_s=round(away / RUN_M_S, 1),
        walking_s=round(away * DETOUR / WALK_M_S, 1),
    )
