"""112 and 119 dispatch: the unit's link, what it opens, and what it does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from collector.services.place import distance_m, moved
from collector.services.unit_link import UnitLinks
from collector.store.moments import stamp
from tests.support.device import jpeg
from tests.support.service_bench import BASIS, SCENE, ServiceBench
from wire.names import new_id

POLICE, FIRE = "/api/services/police-dispatch", "/api/services/fire-dispatch"
CASES = "/api/services/cases"


def body(**changed: Any) -> dict[str, Any]:
    return {
        "place": {"lat": SCENE.lat, "lon": SCENE.lon},
        "case": "119-7",
        "purpose": "출동",
        "basis": BASIS,
        **changed,
    }


def is_(answer: Any, status: int, code: str, said: str = "") -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert said in answer.json()["detail"]


def burning(bench: ServiceBench, camera: str = "east", *, agency: str = "fire") -> str:
    """A fire that the camera tells of, delivered to `agency`, with its picture."""
    incident, event, picture = new_id(), new_id(), jpeg(camera)
    at, still = (
        stamp(bench.clock.now() - timedelta(minutes=3)),
        camera.encode().hex().rjust(64, "0"),
    )
    device = "pole-001-1"
    with bench.database.transaction() as run:
        run.execute(
            "INSERT INTO incident (incident_id, revision, type, severity, certainty, confidence,"
            " state, drill, device, camera, rule, opened_at, active_at, observed_at, updated_at,"
            " text_ko, text_en) VALUES (?, 1, 'fire', 'severe', 'likely', 0.9, 'open', 0, ?, ?,"
            " 'r', ?, ?, ?, ?, '화재', 'Fire')",
            (incident, device, camera, at, at, at, at),
        )
        run.execute(
            "INSERT INTO delivery (delivery_id, incident_id, agency, channel, wanted, state,"
            " next_at) VALUES (?, ?, ?, 'mqtt', 1, 'waiting', ?)",
            (new_id(), incident, agency, at),
        )
        run.execute(
            "INSERT INTO event (id, device, epoch, seq, kind, camera, at, received_at, still,"
            " token) VALUES (?, ?, 'e', 1, 'finding', ?, ?, ?, ?, x'00')",
            (event, device, camera, at, at, still),
        )
        run.execute("INSERT INTO still VALUES (?, ?, ?, 1, ?)", (still, device, at, picture))
    return incident


def approved(client: TestClient, operator: TestClient, url: str, **changed: Any) -> dict[str, Any]:
    case = client.post(url, json=body(**changed)).json()
    answer = operator.post(f"{CASES}/{case['case_id']}/approval")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def linked(client: TestClient, case: dict[str, Any], **changed: Any) -> dict[str, str]:
    """Headers of a unit that opened its link."""
    asked = {"unit": "계산 1호", **changed}
    answer = client.post(f"{CASES}/{case['case_id']}/unit", json=asked)
    assert answer.status_code == 201, answer.text
    base, bar, token = answer.json()["url"].partition("#")
    assert (base, bar) == ("http://testserver/unit", "#")
    unit = {"Authorization": f"Bearer {token}"}
    is_(client.get("/api/unit", headers=unit), 401, "auth.required", "open the link first")
    assert client.post("/api/unit/opening", headers=unit, json={}).status_code == 204
    return unit


def test_a_link_opens_once(bench: ServiceBench) -> None:
    with bench.client("kim") as police, bench.client("oper") as operator:
        unit = linked(police, approved(police, operator, POLICE))
        again = police.post("/api/unit/opening", headers=unit, json={})
        assert again.status_code == 204
        assert "set-cookie" not in again.headers
        # Somebody else who read the link on its way, before and after a restart of the centre.
        for links in (bench.units.links, UnitLinks(bench.database, bench.clock, secure=False)):
            bench.units.links = links
            assert police.get("/api/unit", headers=unit).status_code == 200
            is_(operator.get("/api/unit", headers=unit), 401, "link.used")
            answer = operator.post("/api/unit/opening", headers=unit, json={})
            is_(answer, 401, "link.used")
        assert [one["unit"] for one in bench.ledger("service.opened")] == ["계산 1호 (kim)"]


def test_a_fire_s_own_camera_comes_first_though_it_looks_elsewhere(bench: ServiceBench) -> None:
    incident = burning(bench)
    with bench.client("lee") as fire, bench.client("oper") as operator:
        case = approved(fire, operator, FIRE)
        assert [one["camera"] for one in case["cameras"]] == ["east", "south", "north"]
        assert case["cameras"][0]["reasons"][0] == "the camera that reported it (Fire)"
        assert case["cameras"][0]["reasons_ko"][0] == "이 사건을 알린 카메라 (화재)"
        assert case["incident_id"] == incident
        unit = linked(fire, case)
        shown = fire.get("/api/unit", headers=unit).json()
    assert shown["text"] == {"ko": "화재", "en": "Fire"}
    assert [(one["kind"], one["text"], one["distance_m"]) for one in shown["notes"]] == [
        ("hydrant", "H-1", 25.0)
    ]
    assert len(shown["stills"]) == 1
    assert bench.ledger("service.unit")[0]["unit"] == "계산 1호"


def test_ways_of_escape_are_the_cameras_by_time_ring_with_where_to_look(
    bench: ServiceBench,
) -> None:
    with bench.client("kim") as police, bench.client("oper") as operator:
        happened = bench.clock.now() - timedelta(minutes=5)
        case = approved(police, operator, POLICE, happened_at=happened.isoformat())
        shown = police.get("/api/unit", headers=linked(police, case)).json()
    first = shown["rings"][0]
    assert (first["minutes"], [one["camera"] for one in first["cameras"]]) == (
        1, ["south", "north", "east"],
    )  # fmt: skip
    assert first["cameras"][0]["from"] > shown["happened_at"]
    assert shown["notes"] == []
    # The recording reaches back to what happened.
    assert case["minutes_back"] >= 6


def test_the_cameras_are_ranked_anew_as_the_unit_moves(bench: ServiceBench) -> None:
    with bench.client("kim") as police, bench.client("oper") as operator:
        unit = linked(police, approved(police, operator, POLICE))

        def at(east: float, north: float) -> tuple[float, list[str]]:
            here = moved(SCENE, east, north)
            where = {"lat": here.lat, "lon": here.lon}
            found = police.post("/api/unit/position", json=where, headers=unit).json()
            bench.clock.advance(1)
            return found["distance_m"], [one["camera"] for one in found["cameras"]]

        assert at(0, -200) == (200.0, ["south", "east", "north"])
        assert at(200, 0) == (200.0, ["east", "south", "north"])
        assert at(0, 60)[1] == ["north", "east", "south"]
        swapped = {"lat": SCENE.lon, "lon": SCENE.lat}
        answer = police.post("/api/unit/position", json=swapped, headers=unit)
        is_(answer, 422, "place.impossible", "swapped")
    assert bench.ledger("service.unit")


def test_where_a_unit_is_is_kept_once_until_its_link_ends(bench: ServiceBench) -> None:
    with bench.client("kim") as police, bench.client("oper") as operator:
        case = approved(police, operator, POLICE)
        permits = {case["permit_id"]}
        unit = linked(police, case, minutes=10)

        def told(east: float, headers: dict[str, str] = unit) -> int:
            here = moved(SCENE, east, 0)
            where = {"lat": here.lat, "lon": here.lon, "accuracy_m": 8}
            answer = police.post("/api/unit/position", json=where, headers=headers)
            return int(answer.status_code)

        assert told(50) == 200
        assert told(60) == 429
        bench.clock.advance(1)
        assert told(100) == 200
        (one,) = bench.positions.of(permits)
        assert (one.unit, one.accuracy_m) == ("계산 1호 (kim)", 8)
        assert distance_m(one.at, SCENE) == pytest.approx(100, abs=1)
        assert bench.positions.of({new_id()}) == ()
        assert police.delete("/api/unit/position", headers=unit).status_code == 204
        assert bench.positions.of(permits) == ()
        assert told(20) == 429
        bench.clock.advance(1)
        assert told(20) == 200
        bench.clock.advance(601)
        assert bench.positions.of(permits) == ()
        second = linked(police, case)
        assert told(20, second) == 200
        bench.positions.keep(bench.cases.permits_in_force())
        assert len(bench.positions.of(permits)) == 1
        police.post(f"{CASES}/{case['case_id']}/closing", json={})
        assert told(30, second) == 401
        bench.positions.keep(bench.cases.permits_in_force())
        assert bench.positions.of(permits) == ()


def test_a_unit_gets_grants_for_its_case_s_cameras_and_no_others(bench: ServiceBench) -> None:
    with bench.client("kim") as police, bench.client("oper") as operator:
        unit = linked(police, approved(police, operator, POLICE))
        wanted = {
            "device": "pole-001-1", "camera": "south", "rights": ["live"], "case": "119-7",
            "basis": BASIS, "purpose": "출동", "fingerprint": ":".join(["AA"] * 32),
        }  # fmt: skip
        answer = police.post("/api/unit/grants", json=wanted, headers=unit)
        assert answer.status_code == 200, answer.text
        for changed in ({"camera": "far"}, {"case": "119-8"}, {"device": "pole-002-1"}):
            answer = police.post("/api/unit/grants", json={**wanted, **changed}, headers=unit)
            is_(answer, 403, "permit.needed")
    assert bench.ledger("grant.issued")[0]["person"] == "계산 1호 (kim)"


def test_a_link_ends_by_time_and_with_the_case(bench: ServiceBench) -> None:
    with bench.client("kim") as police, bench.client("oper") as operator:
        case = approved(police, operator, POLICE)
        short, long = linked(police, case, minutes=10), linked(police, case, minutes=100)
        bench.clock.advance(601)
        is_(police.get("/api/unit", headers=short), 401, "auth.required", "run out")
        assert police.get("/api/unit", headers=long).status_code == 200
        police.post(f"{CASES}/{case['case_id']}/closing", json={})
        is_(police.get("/api/unit", headers=long), 401, "auth.required", "the case is closed")


def test_a_unit_s_token_opens_nothing_else(bench: ServiceBench) -> None:
    with bench.client("kim") as police, bench.client("oper") as operator:
        case = approved(police, operator, POLICE)
        unit = linked(police, case)
    with bench.client() as thief:
        thief.cookies.set("pw_person", unit["Authorization"].partition(" ")[2])
        is_(thief.get(CASES), 401, "auth.required")
        is_(thief.post(POLICE, json=body()), 401, "auth.required")
        is_(thief.get("/api/me"), 401, "auth.required")
        is_(thief.get("/api/unit"), 401, "auth.required")
        is_(thief.get("/api/unit", headers={"Authorization": "Bearer x"}), 401, "auth.required")


def test_a_picture_of_another_camera_is_not_shown(bench: ServiceBench) -> None:
    burning(bench, "far")
    burning_elsewhere = b"far".hex().rjust(64, "0")
    with bench.client("kim") as police, bench.client("oper") as operator:
        unit = linked(police, approved(police, operator, POLICE))
        answer = police.get(f"/api/unit/stills/{burning_elsewhere}", headers=unit)
        is_(answer, 404, "still.unknown")


@pytest.mark.parametrize("who", ["lee", "tech"])
def test_who_has_not_the_case_sends_no_link(bench: ServiceBench, who: str) -> None:
    with bench.client("kim") as police, bench.client("oper") as operator:
        case = approved(police, operator, POLICE)
    with bench.client(who) as other:
        answer = other.post(f"{CASES}/{case['case_id']}/unit", json={"unit": "x"})
        assert answer.status_code in (403, 404)


def test_before_it_is_approved_there_is_no_link(bench: ServiceBench) -> None:
    with bench.client("kim") as police:
        case = police.post(POLICE, json=body()).json()
        answer = police.post(f"{CASES}/{case['case_id']}/unit", json={"unit": "x"})
        is_(answer, 409, "case.state", "asked")


def test_an_incident_of_another_agency_is_not_there(bench: ServiceBench) -> None:
    incident = burning(bench, agency="fire")
    with bench.client("kim") as police, bench.client("lee") as fire:
        where = body(incident_id=incident)
        del where["place"]
        is_(police.post(POLICE, json=where), 404, "incident.unknown")
        case = fire.post(FIRE, json=where).json()
        assert case["cameras"][0]["camera"] == "east"
        without = body()
        del without["place"]
        is_(fire.post(FIRE, json=without), 422, "request.invalid", "place")
        is_(fire.post(FIRE, json=body(basis="")), 422, "case.no-basis")
