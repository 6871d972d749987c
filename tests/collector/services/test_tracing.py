"""A vehicle is traced live: told by the poles at once, ended everywhere, and kept nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from collector.services.offering import Offering
from collector.services.plate_area import PlateArea
from collector.services.tracing import api
from collector.services.tracing.desk import TraceDesk
from collector.services.tracing.keeper import TraceKeeper
from provisioning.authority import Authority
from tests.support.diaries import Diaries
from tests.support.service_bench import SCENE, ServiceBench, camera

URL = "/api/plates/traces"
NEAR, FAR = "pole-001-1", "pole-002-1"
BASIS = "개인정보 보호법 제18조제2항제7호"
BODY = {
    "pattern": "12가34??", "case": "2026-17", "purpose": "뺑소니 차량 추적", "basis": BASIS,
    "agency": "police", "hours": 2,
}  # fmt: skip


class Tracing:
    """A centre that traces, and two poles; each round of the keeper is the test's."""

    def __init__(self, folder: Path, town: Authority) -> None:
        places = (camera("gate", 0, 0), camera("bridge", 0, 1500, device=FAR))
        self.bench = ServiceBench(folder, town, cameras=places)
        self.clock = self.bench.clock
        self.poles = Diaries(folder, town, self.clock, timeout_s=0.3)
        for name in (NEAR, FAR):
            self.poles.add(name)
        database, configured = self.bench.database, self.bench.settings.places()
        self.desk = TraceDesk(database, configured, self.clock, most_hours=24)
        self.keeper = TraceKeeper(
            self.desk, database, self.poles.commander, self.poles.names, self.clock
        )
        self.poles.told = self.desk.heard
        area = PlateArea(Offering(configured, self.bench.reader.cameras), configured)
        self.bench.app.include_router(
            api.build_router(self.desk, area, self.bench.persons, self.poles.names)
        )

    def begin(self, client: TestClient, **changed: Any) -> str:
        """A trace that the poles which answer follow; its address."""
        answer = client.post(URL, json={**BODY, **changed})
        assert answer.status_code == 201, answer.text
        self.keeper.round()
        return f"{URL}/{answer.json()['trace_id']}"

    def passes(self, pole: str, name: str, text: str = "12가3456") -> None:
        self.poles.passed(pole, name, text, self.clock.now())

    def follow(self) -> set[str]:
        """Poles that hold a trace."""
        return {name for name, desk in self.poles.traces.items() if desk.ids}

    def back(self, pole: str) -> None:
        self.poles.silent.discard(pole)
        self.keeper.device_came(pole)
        self.keeper.round()

    def kinds(self) -> list[str]:
        rows = self.bench.rows("SELECT kind FROM ledger WHERE kind LIKE 'trace.%' ORDER BY number")
        return [row["kind"] for row in rows]

    def stored(self) -> bytes:
        """What the centre keeps of traces and vehicles beside the ledger."""
        tables = ("trace", "device_trace", "event", "incident")
        rows = [row for table in tables for row in self.bench.rows(f"SELECT * FROM {table}")]
        return repr([tuple(row) for row in rows]).encode()


@pytest.fixture
def tracing(tmp_path: Path, town: Authority) -> Iterator[Tracing]:
    made = Tracing(tmp_path, town)
    yield made
    made.bench.close()


def cameras(told: dict[str, Any]) -> list[str]:
    return [one["camera"] for route in told["routes"] for one in route["sightings"]]


def test_what_matches_is_told_at_once_as_one_way_and_nothing_else(tracing: Tracing) -> None:
    with tracing.bench.client("oper") as client:
        url = tracing.begin(client)
        assert client.get(url).json()["following"] == 2
        tracing.passes(NEAR, "gate")
        tracing.passes(FAR, "bridge", "99나1234")
        tracing.clock.advance(180)
        tracing.passes(FAR, "bridge")
        told = client.get(url).json()
        assert cameras(told) == ["gate", "bridge"]
        leg = told["routes"][0]["sightings"][1]
        assert leg["plausible"]
        assert 25 < leg["kmh"] < 35
        crop = client.get(leg["crop"])
        assert (crop.status_code, crop.content[:3]) == (200, b"\xff\xd8\xff")
        assert client.get(f"{url}?after={told['revision'] - 1}").status_code == 200
    (entry,) = tracing.bench.ledger("trace.begun")
    assert (entry["person"], entry["case"], entry["basis"]) == ("oper", "2026-17", BASIS)
    assert not tracing.bench.rows("SELECT 1 FROM incident")
    assert "12가3456".encode() not in tracing.stored()


def test_a_pole_that_was_away_is_named_follows_once_it_is_back_and_tells_what_it_read(
    tracing: Tracing,
) -> None:
    with tracing.bench.client("oper") as client:
        tracing.poles.silent.add(FAR)
        url = tracing.begin(client)
        assert client.get(url).json()["late"] == [{"device": FAR, "code": "device.silent"}]
        assert FAR not in tracing.follow() or client.get(url).json()["following"] == 1
        tracing.clock.advance(60)
        tracing.passes(FAR, "bridge")
        assert cameras(client.get(url).json()) == []
        tracing.back(FAR)
        told = client.get(url).json()
        assert (told["late"], told["following"], cameras(told)) == ([], 2, ["bridge"])
        # Told again it is the same sighting.
        tracing.back(FAR)
        assert cameras(client.get(url).json()) == ["bridge"]


def test_it_ends_by_its_time_on_the_poles_themselves_and_here(tracing: Tracing) -> None:
    with tracing.bench.client("oper") as client:
        url = tracing.begin(client)
        tracing.passes(NEAR, "gate")
        tracing.poles.silent.add(FAR)
        tracing.clock.advance(7201)
        tracing.poles.traces[FAR].end_expired()
        assert FAR not in tracing.follow(), "without a word of the centre"
        tracing.keeper.round()
        told = client.get(url).json()
        assert (told["why"], told["pattern"], told["routes"]) == ("expired", None, [])
        assert [one["device"] for one in told["late"]] == [FAR]
        tracing.back(FAR)
        assert client.get(url).status_code == 404
        assert client.get(f"{url}?after={told['revision']}").status_code == 205
        assert client.get(URL).json() == []
    assert tracing.follow() == set()
    assert tracing.kinds() == ["trace.begun", "trace.ended", "trace.removed"]
    assert (FAR, "trace.ended", "trace.over") in tracing.poles.recorded


def test_an_operator_ends_it_and_its_removal_is_proven_on_a_pole_that_was_away(
    tracing: Tracing,
) -> None:
    with tracing.bench.client("oper") as client:
        url = tracing.begin(client)
        tracing.passes(NEAR, "gate")
        tracing.poles.silent.add(FAR)
        assert client.delete(url).status_code == 204
        tracing.keeper.round()
        assert tracing.follow() == {FAR}
        told = client.get(url).json()
        assert (told["why"], told["routes"], told["asked"]) == ("oper", [], 1)
        assert "12가34".encode() not in tracing.stored()
        assert client.delete(url).json()["code"] == "trace.over"
        tracing.back(FAR)
        assert tracing.follow() == set()
        assert client.get(url).status_code == 404
    assert tracing.kinds() == ["trace.begun", "trace.ended", "trace.removed"]
    assert (FAR, "trace.ended", None) in tracing.poles.recorded


def test_a_closed_case_ends_it_and_begins_none(tracing: Tracing) -> None:
    with tracing.bench.client("oper") as client:
        url = tracing.begin(client)
        with tracing.bench.database.transaction() as run:
            run.execute(CASE, {"state": "approved"})
        tracing.keeper.round()
        assert client.get(url).json()["ended_at"] is None
        with tracing.bench.database.transaction() as run:
            run.execute("UPDATE service_case SET state = 'closed'")
        tracing.keeper.round()
        assert tracing.follow() == set()
        assert client.get(url).status_code == 404
        refused = client.post(URL, json=BODY)
        assert (refused.status_code, refused.json()["code"]) == (409, "case.state")
    assert tracing.bench.ledger("trace.ended")[0]["why"] == "closed"


CASE = """INSERT INTO service_case (case_id, service, agency, case_number, basis, purpose, person,
    asked_at, state, accuracy_m, cameras, minutes_back, hours, drill) VALUES
    ('01a00000-0000-7000-8000-000000000001', 'emergency-video', 'police', '2026-17', 'b', 'p',
     'kim', '2026-03-01T00:00:00.000000Z', :state, 0, '[]', 0, 1, 0)"""


def test_only_cameras_of_the_area_are_traced(tracing: Tracing) -> None:
    area = {"lat": SCENE.lat, "lon": SCENE.lon, "radius_m": 300}
    with tracing.bench.client("oper") as client:
        url = tracing.begin(client, area=area)
        assert tracing.follow() == {NEAR}
        tracing.passes(NEAR, "yard")
        tracing.passes(NEAR, "gate")
        assert cameras(client.get(url).json()) == ["gate"]


def test_a_pole_without_a_diary_is_counted_and_not_late(tracing: Tracing) -> None:
    del tracing.poles.searches[FAR]
    with tracing.bench.client("oper") as client:
        told = client.get(tracing.begin(client)).json()
        assert (told["following"], told["without_diary"], told["late"]) == (1, 1, [])


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"basis": ""}, 422, "case.no-basis"),
        ({"case": " "}, 400, "request.invalid"),
        ({"pattern": "?????가"}, 400, "request.invalid"),
        ({"hours": 25}, 400, "request.invalid"),
        ({"hours": 0}, 400, "request.invalid"),
        ({"area": {"lat": 126.7, "lon": 37.5, "radius_m": 100}}, 422, "place.impossible"),
    ],
)
def test_what_cannot_be_traced_is_refused_and_no_pole_is_told(
    tracing: Tracing, changed: dict[str, Any], status: int, code: str
) -> None:
    with tracing.bench.client("oper") as client:
        answer = client.post(URL, json={**BODY, **changed})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    tracing.keeper.round()
    assert tracing.poles.asked == []


@pytest.mark.parametrize("who", ["kim", "tech", "priv", "admin", None])
def test_nobody_else_traces_or_looks(tracing: Tracing, who: str | None) -> None:
    with tracing.bench.client("oper") as client:
        url = tracing.begin(client)
    denied = 401 if who is None else 403
    with tracing.bench.client(who) as client:
        assert client.post(URL, json=BODY).status_code == denied
        assert client.get(URL).status_code == denied
        assert client.get(url).status_code == denied
        assert client.delete(url).status_code == denied


def test_after_a_restart_of_the_centre_the_diaries_tell_it_again(tracing: Tracing) -> None:
    with tracing.bench.client("oper") as client:
        url = tracing.begin(client)
        tracing.clock.advance(60)
        tracing.passes(NEAR, "gate")
        tracing.desk.gone(url.rpartition("/")[2])
        assert cameras(client.get(url).json()) == []
        tracing.back(NEAR)
        assert cameras(client.get(url).json()) == ["gate"]


def test_a_word_about_an_unknown_trace_is_let_go(tracing: Tracing) -> None:
    with tracing.bench.client("oper") as client:
        url = tracing.begin(client)
        tracing.clock.advance(1)
        client.delete(url)
        tracing.passes(NEAR, "gate")
        assert client.get(url).json()["routes"] == []


def test_expiry_is_what_was_asked_for(tracing: Tracing) -> None:
    with tracing.bench.client("oper") as client:
        told = client.get(tracing.begin(client, hours=0.5)).json()
    assert told["expires_at"].startswith(
        (tracing.clock.now() + timedelta(minutes=30)).isoformat()[:16]
    )
