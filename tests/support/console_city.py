"""A city for the console: 10,000 incidents, 2,067 cameras on 517 poles, some of them ill."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collector.areas import NamedArea
from collector.config import CameraPlace
from collector.services.layer import Layer, Street
from collector.services.place import Point, moved
from collector.store.moments import stamp
from tests.support.console_store import FilledStore, Told, camera_places
from wire.event import SEVERITY_ORDER
from wire.names import new_id

INCIDENTS = 10_000
CAMERAS = 2_067
ONGOING = 10
MIDDLE = Point(37.5371, 126.7375)
DONGS = ("계산동", "작전동", "효성동", "서운동", "임학동", "용종동", "병방동", "박촌동", "동양동")
ILL = ((40, "down", "camera.unreachable"), (25, "degraded", "camera.stalled"))


def city_places() -> tuple[CameraPlace, ...]:
    """The five cameras of the small store, then poles of four on a crooked grid."""
    chance = random.Random(1)
    found = list(camera_places())
    while len(found) < CAMERAS:
        pole = len(found) // 4
        row, column = divmod(pole, 24)
        at = moved(
            MIDDLE,
            (column - 12) * 210 + chance.uniform(-60, 60),
            (row - 11) * 190 + chance.uniform(-60, 60),
        )
        dong = DONGS[(row // 8) * 3 + column // 8]
        for number in range(min(4, CAMERAS - len(found))):
            found.append(
                CameraPlace(
                    device=f"pole-{pole:03d}-9",
                    camera=f"cam-{number}",
                    title=f"{dong} {pole}번 폴 {number + 1}",
                    title_en=f"{dong} pole {pole}, {number + 1}",
                    lat=at.lat,
                    lon=at.lon,
                    address=f"인천 계양구 {dong} {100 + pole}",
                    bearing_deg=(number * 90 + chance.uniform(0, 60)) % 360,
                    fov_deg=chance.choice((60.0, 75.0, 90.0)),
                    range_m=chance.choice((50.0, 60.0, 80.0)),
                )
            )
    return tuple(found)


def city(folder: Path) -> FilledStore:
    """The store, filled: a few minutes old, ten incidents go on as on a busy night."""
    store = FilledStore(folder, city_places())
    store.tell_all(
        [
            Told(
                severity=SEVERITY_ORDER[n % 3],
                place=n % 5,
                ago=timedelta(minutes=n),
                lasts=timedelta(seconds=20) if n >= ONGOING else None,
                picture=(20, 120, 240)[n % 3],
            )
            for n in range(INCIDENTS)
        ]
    )
    store.areas = (
        NamedArea(name="market", circle=(MIDDLE.lat, MIDDLE.lon, 400.0)),
        NamedArea(name="park", polygon=((37.53, 126.73), (37.53, 126.74), (37.54, 126.735))),
    )
    store.layer = streets()
    _heard(store)
    return store


def streets() -> Layer:
    """Two avenues and the streets between them."""

    def line(name: str, width_m: float, *corners: tuple[float, float]) -> Street:
        return Street(name, width_m, tuple(moved(MIDDLE, *corner) for corner in corners))

    return Layer(
        hydrants=tuple((f"h-{n}", moved(MIDDLE, n * 70 - 300, 15)) for n in range(9)),
        streets=(
            line("계양대로", 35, (0, -2200), (60, -800), (0, 0), (-40, 2300)),
            line("경명대로", 30, (-2500, 60), (-700, 0), (0, 0), (2500, -100)),
            *(
                line(f"{n}길", 6 + n % 3 * 3, (-2400, n * 190 - 2000), (2400, n * 190 - 1950))
                for n in range(22)
            ),
            *(
                line(
                    f"{n}로",
                    8,
                    (n * 210 - 2400, -2100),
                    (n * 210 - 2350 + 40 * math.sin(n), 2100),
                )
                for n in range(23)
            ),
        ),
        hazards=(("주유소", moved(MIDDLE, 180, -120)),),
    )


def _heard(store: FilledStore) -> None:
    """Every fiftieth box is away, every fortieth camera is down."""
    now = stamp(datetime.now(UTC))
    devices = sorted({one.device for one in store.settings.cameras})
    with store.database.transaction() as rows:
        rows.executemany(
            "INSERT INTO device (device, state, since, heard_at) VALUES (?, ?, ?, ?)",
            [
                (name, "offline" if n % 50 == 7 else "online", now, now)
                for n, name in enumerate(devices)
            ],
        )
        rows.executemany(
            "INSERT INTO camera_state (device, camera, state, code, at, seq, epoch)"
            " VALUES (?, ?, ?, ?, ?, 1, ?)",
            [
                (one.device, one.camera, *_state(n), now, new_id())
                for n, one in enumerate(store.settings.cameras)
            ],
        )


def _state(number: int) -> tuple[str, str | None]:
    return next(((state, code) for nth, state, code in ILL if number % nth == 11), ("up", None))
