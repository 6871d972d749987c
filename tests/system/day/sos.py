"""Service 5, vulnerable people: a call for help, followed over the city, forgotten when over."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx

from collector.channels.signature import HEADER, sign
from collector.services.place import Point
from tests.support.agencies import SECRET
from tests.system.day import plan
from tests.system.day.console import LONG_S
from tests.system.day.story import Story
from tests.system.day.town import Town

TITLE = "5  A call for help"
NAME, GUARDIAN = "홍길동", "어머니 010-0000-0001"


def play(town: Town, story: Story) -> None:
    kim, oper = town.people["kim"], town.people["oper"]
    assert _call(town, plan.SCENE, "another secret of the right length!").status_code == 401
    case = _call(town, plan.SCENE).json()
    told = town.heard(town.police, type="sos")
    assert NAME not in told.model_dump_json()
    town.console.acknowledged(told.incident_id)
    story.tell("a child's watch calls: 112 hears that, not whose it is; a forged call is refused")
    path = f"/api/services/cases/{case['case_id']}"
    shown = _taken_up(kim, path)
    assert shown["personal"]["subject"]["name"] == NAME
    first = town.watch(("police", "kim"), town.officer("kim"), shown, shown["cameras"][0])
    story.tell(
        f"112 takes it up by a standing rule, and sees the place after {first.first_s:.1f} s"
    )
    assert _call(town, plan.MARKET).json()["positions"] == 2
    moved = kim.get(path).json()
    assert (moved["state"], moved["cameras"][0]["camera"]) == ("asked", "market")
    shown = _taken_up(kim, path)
    assert [fix["lon"] for fix in shown["personal"]["path"]] == [plan.SCENE.lon, plan.MARKET.lon]
    town.watch(("police", "kim"), town.officer("kim"), shown, shown["cameras"][0])
    story.tell("the child is at the market by now: its cameras come first, and show it")
    assert kim.post(f"{path}/closing", json={}).json()["state"] == "closed"
    town.heard(town.police, type="sos", state="closed")
    town.console.acknowledged(told.incident_id)
    over = oper.get(path).json()
    assert (over.get("personal"), over.get("lat"), over["cameras"]) == (None, None, [])
    assert town.holding(NAME, GUARDIAN) == []
    story.tell("found and closed: 112 hears of its end; name, guardian and path lie in no file")


def _taken_up(officer: httpx.Client, path: str) -> dict[str, Any]:
    answer = officer.post(f"{path}/opening")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["state"] == "approved"
    return found


def _call(town: Town, at: Point, secret: str = SECRET) -> httpx.Response:
    person = {"name": NAME, "guardian": GUARDIAN}
    call = {
        "sos_id": "a-1", "person": person, **plan.place(at), "accuracy_m": 30,
        "at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    text = json.dumps(call).encode()
    headers = {HEADER: sign(secret.encode(), text, datetime.now(UTC))}
    return httpx.post(
        f"{town.url}/api/services/sos/watch", content=text, headers=headers, timeout=LONG_S
    )
