"""Service 3, 119 dispatch: a fire at the market, its own camera first, and what engines need."""

from __future__ import annotations

from tests.support.cap import read_by_another
from tests.system.day import plan
from tests.system.day.story import Story
from tests.system.day.town import Town
from tests.system.day.unit import Unit

TITLE = "3  119 dispatch"
BACK_S = 3.0


def play(town: Town, story: Story) -> None:
    kim, lee, oper = (town.people[name] for name in ("kim", "lee", "oper"))
    fire = town.given("market", "fire", "severe")
    told = town.heard(town.fire, fire)
    town.console.acknowledged(told.incident_id)
    alerts = [read_by_another(one["body"]) for one in town.cap.requests()]
    (alert,) = [one for one in alerts if one.incidents == told.incident_id][:1]
    assert (alert.msg_type.value, alert.status.value) == ("Alert", "Actual")
    story.tell("a fire at the market: 119 has it by MQTT and as a CAP Alert, and says so on both")
    asked = {
        "place": plan.place(plan.MARKET), "case": "119-2026-3", "purpose": "화재 출동",
        "basis": plan.BASIS,
    }  # fmt: skip
    case = lee.post("/api/services/fire-dispatch", json=asked).json()
    assert case["incident_id"] == told.incident_id
    first = case["cameras"][0]
    assert first["camera"] == "market"
    assert first["reasons"][0].startswith("the camera that reported it")
    path = f"/api/services/cases/{case['case_id']}"
    assert oper.post(f"{path}/approval").json()["state"] == "approved"
    assert kim.get(path).json()["code"] == "case.unknown"
    story.tell("119 sends an engine: the fire's own camera comes first; 112 sees none of it")
    engine = Unit(town, case, "lee", "펌프 3호")
    notes = {note["kind"] for note in engine.shows()["notes"]}
    assert notes == {"hydrant", "hazard"}
    watched = town.watch(("fire", engine.name), engine.ask_grant, case, first)
    story.tell(f"the engine sees hydrant and gas store, and the fire after {watched.first_s:.1f} s")
    town.console.recorded(first["device"], first["camera"], BACK_S)
    town.watch(("fire", "lee"), town.officer("lee"), case, first, BACK_S)
    assert lee.post(f"{path}/closing", json={}).json()["state"] == "closed"
    engine.close()
    story.tell("the room has seen how it began; 119 closes the case")
