"""The registry behind the console's tests: its API over a store, and assets in it."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request

from collector.problems import ProblemError
from collector.services.estate import api, work_api
from collector.services.estate.desk import EstateDesk
from collector.services.estate.release import release
from collector.services.estate.table import read_file
from collector.services.estate.world import WorldView
from tests.support.console_store import FilledStore
from wire.clock import SystemClock
from wire.grant import PersonToken

HEADINGS = (
    "관리번호,종류,설치위치번호,장비이름,카메라이름,제조사,모델,일련번호,설치일,보증만료일,설치목적,"
    "촬영방향,관리부서,통신"
)


def asset_routers(store: FilledStore) -> tuple[APIRouter, ...]:
    """Whoever carries the cookie `pw_person=yes` is signed in, as on the pages."""
    clock, zone = SystemClock(), store.settings.zone

    def signed_in(request: Request) -> PersonToken:
        if request.cookies.get("pw_person") != "yes":
            raise ProblemError("auth.required")
        return store.token

    estate = api.Estate(
        store.database, store.reader, WorldView(store.reader, dict, zone, clock, release({}), ()),
        EstateDesk(store.reader.cameras), zone, clock,
    )  # fmt: skip
    return (
        api.build_router(estate, signed_in),
        work_api.build_router(store.database, store.reader, signed_in, clock),
    )


def register(store: FilledStore) -> int:
    """A pole, a box and its cameras for every configured camera; how many assets."""
    rows = [HEADINGS]
    places = store.settings.cameras
    devices = {name: at for at, name in enumerate(sorted({one.device for one in places}), 1)}
    for device, number in devices.items():
        pole, dept, _ = _whose(number)
        rows.append(f"{pole},폴,,,,한국폴,7m 강관,P{number:05d},2019-05-02,,,,{dept},")
        rows.append(
            f"GY-B-{number:04d},함체,{pole},{device},,동양,DY-300,B{number:05d},2019-05-02,"
            f"2024-05-01,,,{dept},광 100M"
        )
    for number, one in enumerate(places, 1):
        pole, dept, purpose = _whose(devices[one.device])
        rows.append(
            f"GY-C-{number:04d},카메라,{pole},{one.device},{one.camera},한화비전,"
            f"XNO-8080R,S{number:06d},2020. 6. 1.,2025. 5. 31.,{purpose},북동,{dept},"
        )
    desk = EstateDesk(store.reader.cameras)
    with store.database.transaction() as run:
        table = read_file("city", "\n".join(rows).encode())
        taken = desk.take(run, table, "chief", datetime.now(UTC))
    assert taken.taken, taken.bad[:3]
    return taken.added


def _whose(number: int) -> tuple[str, str, str]:
    """Number of a pole, its department and purpose."""
    park = number % 3 == 0
    return (
        f"GY-P-{number:04d}",
        "공원녹지과" if park else "스마트도시과",
        "산불 감시" if park else "방범",
    )
