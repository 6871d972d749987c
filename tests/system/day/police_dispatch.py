"""Service 2, 112 dispatch: a unit goes to what the pole saw, its phone shows the way."""

from __future__ import annotations

import hashlib

from collector.services.place import moved
from tests.support.wait import wait_until
from tests.system.day import plan
from tests.system.day.console import LONG_S
from tests.system.day.story import Story
from tests.system.day.town import Town
from tests.system.day.unit import Unit

TITLE = "2  112 dispatch"


def play(town: Town, story: Story) -> None:
    kim, oper = town.people["kim"], town.people["oper"]
    seen = town.heard(town.police, type="intrusion", camera="street")
    asked = {
        "incident_id": seen.incident_id, "case": "112-2026-8", "purpose": "출동",
        "basis": plan.BASIS,
    }  # fmt: skip
    case = kim.post("/api/services/police-dispatch", json=asked).json()
    assert case["cameras"][0]["camera"] == "street"
    path = f"/api/services/cases/{case['case_id']}"
    assert oper.post(f"{path}/approval").json()["state"] == "approved"
    story.tell("112 sends a unit to what the pole saw; the operator approves")
    unit = Unit(town, case, "kim", "순찰 12호")
    wait_until(lambda: unit.shows()["stills"], LONG_S, "the pole's picture")
    shown = unit.shows()
    assert [ring["minutes"] for ring in shown["rings"]] == [1, 2, 3, 5, 10]
    picture = unit.picture(shown["stills"][0])
    assert hashlib.sha256(picture).hexdigest() == shown["stills"][0].rpartition("/")[2]
    story.tell("its phone shows map, ways of escape and the pole's picture")
    from_north = unit.nearest_first(moved(plan.SCENE, 0, 90))
    from_south = unit.nearest_first(moved(plan.SCENE, 0, -20))
    assert (from_north[0], from_south[0]) == ("corner", "street")
    story.tell("as it comes nearer the cameras are ranked anew: from north the corner's first")
    first = case["cameras"][0]
    watched = town.watch(("police", unit.name), unit.ask_grant, case, first)
    story.tell(f"it watches the street live: first picture after {watched.first_s:.1f} s")
    assert kim.post(f"{path}/closing", json={}).json()["state"] == "closed"
    assert unit.shut_out()
    unit.close()
    story.tell("112 closes the case: the link opens nothing any more")
