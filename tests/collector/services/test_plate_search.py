"""A vehicle is searched for across poles: for a case, by whom it is allowed, then forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from collector.services import plate_search
from collector.services.offering import Offering
from collector.services.plate_area import PlateArea
from collector.services.plate_search import PlateSearchDesk
from models.plates import COLOURS
from provisioning.authority import Authority
from tests.collector.services.test_tracing import CASE
from tests.support.diaries import Diaries
from tests.support.service_bench import SCENE, ServiceBench, camera
from wire.command import PlateCropCommand

URL = "/api/plates/searches"
NEAR, FAR = "pole-001-1", "pole-002-1"
BASIS = "개인정보 보호법 제18조제2항제7호"


class Search:
    """A centre, two poles with diaries, and whoever asks."""

    def __init__(self, folder: Path, town: Authority) -> None:
        places = (camera("gate", 0, 0), camera("bridge", 0, 1500, device=FAR))
        self.bench = ServiceBench(folder, town, cameras=places)
        self.poles = Diaries(folder, town, self.bench.clock)
        self.poles.add(NEAR)
        self.poles.add(FAR)
        offering = Offering(self.bench.settings.places(), self.bench.reader.cameras)
        desk = PlateSearchDesk(
            self.bench.database,
            self.poles.commander,
            PlateArea(offering, self.bench.settings.places()),
            self.bench.settings.places(),
            self.poles.names,
            self.bench.clock,
        )
        self.bench.app.include_router(plate_search.build_router(desk, self.bench.persons))

    def body(self, **changed: Any) -> dict[str, Any]:
        now = self.bench.clock.now()
        return {
            "pattern": "12가34??",
            "start_at": (now - timedelta(hours=6)).isoformat(),
            "end_at": now.isoformat(),
            "case": "2026-17",
            "purpose": "뺑소니 차량 추적",
            "basis": BASIS,
            "agency": "police",
            **changed,
        }

    def drive(self) -> None:
        """Past the gate, and 3 minutes later over the bridge; another car only there."""
        now = self.bench.clock.now()
        self.poles.passed(FAR, "bridge", "12가3456", now - timedelta(minutes=57))
        self.poles.passed(NEAR, "gate", "12가3456", now - timedelta(minutes=60))
        self.poles.passed(FAR, "bridge", "99나1234", now - timedelta(minutes=50))

    def found(self, client: TestClient) -> dict[str, Any]:
        """What the usual search tells."""
        told: dict[str, Any] = client.post(URL, json=self.body()).json()
        return told


@pytest.fixture
def search(tmp_path: Path, town: Authority) -> Iterator[Search]:
    made = Search(tmp_path, town)
    yield made
    made.bench.close()


def test_the_poles_reads_become_one_way_and_the_ledger_says_who_asked(search: Search) -> None:
    search.drive()
    with search.bench.client("oper") as client:
        narrowed = search.body() | {"vehicles": ["car", "truck"], "paints": ["red"]}
        answer = client.post(URL, json=narrowed)
        assert answer.status_code == 201, answer.text
        told = answer.json()
        assert (told["state"], told["asked"], told["answered"], told["late"]) == ("done", 2, 2, [])
        (route,) = told["routes"]
        assert [one["camera"] for one in route["sightings"]] == ["gate", "bridge"]
        assert route["plausible"]
        assert 25 < route["sightings"][1]["kmh"] < 35
        (entry,) = search.bench.ledger("plates.searched")
        assert (entry["person"], entry["agency"], entry["case"]) == ("oper", "police", "2026-17")
        assert (entry["basis"], entry["pattern"], entry["poles"]) == (BASIS, "12가34??", 2)
        assert entry["narrowed_to"] == "car, truck, red"

        url = f"{URL}/{told['search_id']}"
        assert client.get(url).json() == told
        assert [one["search_id"] for one in client.get(URL).json()] == [told["search_id"]]
        assert client.get(URL).json()[0]["routes"] == []
        assert client.delete(url).status_code == 204
        assert client.get(url).status_code == 404
    assert len(search.bench.ledger("plates.forgotten")) == 1
    path = search.bench.database.path
    whole = b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
    assert "12가34??".encode() in whole
    assert "12가3456".encode() not in whole, "the centre keeps no plate that was found"


def test_only_poles_of_the_area_are_asked(search: Search) -> None:
    search.drive()
    area = {"lat": SCENE.lat, "lon": SCENE.lon, "radius_m": 300}
    with search.bench.client("oper") as client:
        told = client.post(URL, json=search.body(area=area)).json()
    assert [one.device for one in search.poles.asked] == [NEAR]
    assert [one["camera"] for one in told["routes"][0]["sightings"]] == ["gate"]


def test_a_silent_pole_is_named_and_asked_again(
    search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    search.drive()
    monkeypatch.setattr(plate_search, "POLE_WITHIN_S", 0.3)
    search.poles.silent.add(FAR)
    with search.bench.client("chief") as client:
        told = client.post(URL, json=search.body()).json()
        assert told["late"] == [{"device": FAR, "code": "device.silent"}]
        assert told["answered"] == 1
        search.poles.silent.clear()
        told = client.post(f"{URL}/{told['search_id']}/again").json()
    assert told["late"] == []
    assert [one["camera"] for one in told["routes"][0]["sightings"]] == ["gate", "bridge"]
    assert [one.device for one in search.poles.asked].count(NEAR) == 1


def test_a_pole_without_a_diary_is_counted_and_not_late(search: Search) -> None:
    del search.poles.searches[FAR]
    with search.bench.client("oper") as client:
        told = client.post(URL, json=search.body()).json()
    assert (told["answered"], told["without_diary"], told["late"]) == (1, 1, [])


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"basis": ""}, 422, "case.no-basis"),
        ({"case": " "}, 400, "request.invalid"),
        ({"pattern": "????????"}, 400, "request.invalid"),
        ({"hours": 24 * 40}, 400, "request.invalid"),
        ({"area": {"lat": 126.7, "lon": 37.5, "radius_m": 100}}, 422, "place.impossible"),
        ({"colour": "red"}, 400, "request.invalid"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_nobody_is_asked(
    search: Search, changed: dict[str, Any], status: int, code: str
) -> None:
    hours = changed.get("hours")
    if hours:
        now = search.bench.clock.now()
        changed = {"start_at": (now - timedelta(hours=hours)).isoformat()}
    with search.bench.client("oper") as client:
        answer = client.post(URL, json=search.body(**changed))
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert search.poles.asked == []


@pytest.mark.parametrize("who", ["kim", "tech", "priv", "admin", None])
def test_nobody_else_searches_for_vehicles(search: Search, who: str | None) -> None:
    with search.bench.client(who) as client:
        answer = client.post(URL, json=search.body())
        assert answer.status_code == (401 if who is None else 403)
        assert client.get(URL).status_code == (401 if who is None else 403)
    assert search.poles.asked == []


def test_after_an_hour_it_is_forgotten_and_another_operator_sees_nothing(search: Search) -> None:
    search.drive()
    with search.bench.client("oper") as client:
        url = f"{URL}/{client.post(URL, json=search.body()).json()['search_id']}"
        with search.bench.client("chief") as chief:
            assert chief.get(url).status_code == 200
        search.bench.clock.advance(3600)
        assert client.get(url).status_code == 404


def test_with_its_case_it_is_forgotten_and_none_is_made_under_a_closed_one(search: Search) -> None:
    search.drive()
    with search.bench.client("oper") as client:
        url = f"{URL}/{client.post(URL, json=search.body()).json()['search_id']}"
        with search.bench.database.transaction() as run:
            run.execute(CASE, {"state": "approved"})
        assert client.get(url).status_code == 200
        with search.bench.database.transaction() as run:
            run.execute("UPDATE service_case SET state = 'closed'")
        assert client.get(url).status_code == 404
        refused = client.post(URL, json=search.body())
        assert (refused.status_code, refused.json()["code"]) == (409, "case.state")


def test_kind_and_colour_reach_the_poles(search: Search) -> None:
    search.drive()
    with search.bench.client("oper") as client:
        asked = {"vehicles": ["car"], "paints": ["red"], "confusable": False}
        assert client.post(URL, json=search.body(**asked)).json()["routes"] == []
        (route,) = client.post(URL, json=search.body(paints=["red"])).json()["routes"]
        assert {one["paint"] for one in route["sightings"]} == {"unknown"}
        refused = client.post(URL, json=search.body(paints=["mauve"]))
        assert refused.status_code == 400


def test_the_page_knows_the_colours_that_poles_name() -> None:
    assert set(plate_search.PLATE_COLORS) == set(COLOURS)


def test_the_picture_of_a_read_is_asked_of_its_pole_when_somebody_looks(
    search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    search.drive()
    with search.bench.client("oper") as client:
        told = search.found(client)
        (route,) = told["routes"]
        assert len(search.poles.asked) == 2, "no picture is asked for with the question"
        crop = client.get(route["sightings"][0]["crop"])
        assert crop.status_code == 200, crop.text
        assert crop.content.startswith(b"\xff\xd8\xff")
        assert (crop.headers["cache-control"], crop.headers["content-type"]) == (
            "no-store", "image/jpeg",
        )  # fmt: skip
        action = search.poles.asked[-1].action
        assert isinstance(action, PlateCropCommand)
        assert (action.question.case, action.question.basis) == ("2026-17", BASIS)
        other = f"{URL}/{told['search_id']}/crops/{NEAR}/99"
        assert client.get(other).status_code == 404
        search.poles.silent.add(FAR)
        monkeypatch.setattr(plate_search, "POLE_WITHIN_S", 0.3)
        gone = client.get(route["sightings"][1]["crop"])
        assert (gone.status_code, gone.json()["code"]) == (504, "device.silent")
        client.delete(f"{URL}/{told['search_id']}")
        assert client.get(route["sightings"][0]["crop"]).status_code == 404
    whole = b"".join(
        one.read_bytes()
        for one in search.bench.database.path.parent.glob(f"{search.bench.database.path.name}*")
    )
    assert crop.content not in whole
