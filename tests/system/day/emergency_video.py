"""Service 1, 112 emergency video: asked for, approved, seen live and from before, over."""

from __future__ import annotations

from typing import Any

import httpx

from collector.services.place import moved
from tests.system.day import plan
from tests.system.day.story import Story
from tests.system.day.town import Town

TITLE = "1  112 emergency video"
CASE = "112-2026-7"
ROOM = ("계양서 상황실", "경위", "김")
"""Who asks: unit, rank, name."""
BACK_S = 4.0


def play(town: Town, story: Story) -> None:
    kim, lee, oper = (town.people[name] for name in ("kim", "lee", "oper"))
    refused = _ask(kim, basis="")
    assert (refused.status_code, refused.json()["code"]) == (422, "case.no-basis")
    story.tell("112 asks without a legal basis: refused, and noted")
    case = _ask(kim).json()
    assert case["state"] == "asked"
    camera = case["cameras"][0]
    assert (camera["camera"], camera["sees"], camera["live"]) == ("street", "yes", True)
    path = f"/api/services/cases/{case['case_id']}"
    for person in (kim, lee):
        assert _grant(person, camera) == (403, "permit.needed")
    assert lee.get(path).json()["code"] == "case.unknown"
    story.tell("112 asks with one; nobody sees anything yet, and to 119 there is no such case")
    assert oper.post(f"{path}/approval").json()["state"] == "approved"
    assert _grant(lee, camera) == (403, "permit.needed")
    story.tell("the operator approves; an officer of 119 is still refused")
    town.console.recorded(camera["device"], camera["camera"], BACK_S)
    for seconds_back, what in ((None, "live"), (BACK_S, f"the last {BACK_S:.0f} seconds")):
        seen = town.watch(("police", "kim"), town.officer("kim"), case, camera, seconds_back)
        frames = seen.report.frames
        story.tell(f"112 watches {what}: first picture after {seen.first_s:.1f} s, {frames} seen")
    assert kim.post(f"{path}/closing", json={}).json()["state"] == "closed"
    assert _grant(kim, camera) == (403, "permit.needed")
    story.tell("112 closes the case: nothing is shown under it any more")


def _ask(person: httpx.Client, **changed: Any) -> httpx.Response:
    body = {
        "place": plan.place(moved(plan.SCENE, 0, 20), address="계산동 1079-1"),
        "case": CASE,
        "purpose": "폭행 신고",
        "basis": plan.BASIS,
        "requester": dict(zip(("unit", "rank", "name"), ROOM, strict=True)),
        **changed,
    }
    return person.post("/api/services/emergency-video", json=body)


def _grant(person: httpx.Client, camera: dict[str, Any]) -> tuple[int, str]:
    wanted = {
        "device": camera["device"], "camera": camera["camera"], "rights": ["live"], "case": CASE,
        "basis": plan.BASIS, "purpose": "폭행 신고", "fingerprint": "AB:" * 31 + "AB",
    }  # fmt: skip
    answer = person.post("/api/grants", json=wanted)
    return answer.status_code, str(answer.json().get("code", ""))
