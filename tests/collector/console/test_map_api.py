"""What the map is told: no more than somebody may see, and tiles from the named origin alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from collector.config import MapSettings
from collector.console.map_view import MOST_POINTS, ground
from collector.console.routes import build_router
from collector.mounting import mount
from collector.services.case import Case
from collector.services.layer import Layer, Street
from collector.services.place import Point
from collector.things import Thing
from tests.support.console_cases import case_at, unit_of
from tests.support.console_store import Delivered, FilledStore, Told
from wire.grant import PersonToken


@pytest.fixture
def browser(store: FilledStore) -> Iterator[TestClient]:
    """Of whoever it is; the police have a case with camera 4 and a unit on its way."""
    case = case_at(store.settings.cameras[4:5])
    store.units = (unit_of(case, age_s=30),)
    store.things = (Thing("board", "b-1", "계양대로 1", 37.54, 126.74, "down"),)

    async def cases(person: PersonToken) -> list[Case]:
        return [case] if person.agency in ("police", "centre") else []

    app = FastAPI()
    mount(app, build_router(replace(store.services(), cases_of=cases)))
    with TestClient(app) as client:
        client.cookies.set("pw_person", "yes")
        yield client


def told(
    store: FilledStore, browser: TestClient, *roles: str, agency: str = "police"
) -> dict[str, Any]:
    """What the map tells somebody of those roles."""
    store.token = store.token.model_copy(update={"roles": roles, "agency": agency})
    answer = browser.get("/api/map")
    states = browser.get("/api/cameras").json()["cameras"]
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    # What the other list of cameras tells reaches no farther.
    assert {(one["device"], one["camera"]) for one in states} == {
        (one["device"], one["camera"]) for one in found["places"]
    }
    return found


def test_an_officer_sees_the_cameras_of_his_incidents_and_cases(
    store: FilledStore, browser: TestClient
) -> None:
    store.tell(Told(place=1, picture=None))
    store.tell(Told(place=2, picture=None, deliveries=(Delivered("fire"),)))
    store.camera(1, "down", "camera.unreachable")
    for roles in (("operator",), ("technician",), ("administrator",)):
        found = told(store, browser, *roles)
        assert len(found["places"]) == 5
        assert found["every_camera"]
    found = told(store, browser, "officer")
    assert [one["camera"] for one in found["places"]] == ["yard", "river"]
    assert [one["camera"] for one in found["cameras"]] == ["yard", "river"]
    assert [one["camera"] for one in found["incidents"]] == ["yard"]
    assert found["scenes"][0]["cameras"] == ["pole-031-1/river"]
    assert not found["every_camera"]
    for role, agency in (("officer", "city"), ("privacy", "police"), ("nobody", "police")):
        found = told(store, browser, role, agency=agency)
        assert (found["places"], found["cameras"]) == ([], []), role
        assert (found["incidents"], found["scenes"]) == ([], []), role


def test_a_unit_s_place_is_told_to_those_who_see_its_case(
    store: FilledStore, browser: TestClient
) -> None:
    for roles, agency in ((("operator",), "centre"), (("officer",), "police")):
        found = told(store, browser, *roles, agency=agency)
        (unit,) = found["units"]
        assert (unit["unit"], unit["case"], unit["distance_m"]) == ("순찰 12호", "112-7", 111)
        assert 30 <= unit["age_s"] < 60
        assert 0 < unit["ends_in_s"] <= 300
        assert found["things"][0]["title"]["ko"] == "계양대로 1"
    for role, agency in (("officer", "fire"), ("technician", "centre"), ("privacy", "police")):
        assert told(store, browser, role, agency=agency)["units"] == [], role


def test_pictures_come_from_the_tiles_origin_and_nowhere_else(store: FilledStore) -> None:
    def policy(tiles: MapSettings, path: str = "/map") -> str:
        store.settings = store.settings.model_copy(update={"map": tiles})
        app = FastAPI()
        mount(app, build_router(store.services()))
        with TestClient(app) as client:
            client.cookies.set("pw_person", "yes")
            return str(client.get(path).headers["content-security-policy"])

    assert "img-src 'self';" in policy(MapSettings())
    tiles = MapSettings(tiles="https://map.example:8443/t/{z}/{x}/{y}.png")
    assert "img-src 'self' data: https://map.example:8443;" in policy(tiles)
    assert "img-src 'self';" in policy(tiles, "/")
    assert "unsafe" not in policy(tiles)


@pytest.mark.parametrize(
    ("tiles", "wms_layers", "said"),
    [
        ("http://map.example/{z}/{x}/{y}.png", None, "https://"),
        ("https://user:word@map.example/{z}/{x}/{y}.png", None, "without user name"),
        ("https://map.example;script-src *//{z}/{x}/{y}", None, "no host"),
        ("https://map.example/{z}/{x}.png", None, "lacks {y}"),
        ("map.example/{z}/{x}/{y}", None, "https://"),
        (None, "roads", "wms_layers needs tiles"),
    ],
)
def test_tiles_that_cannot_be_used_are_named(
    tiles: str | None, wms_layers: str | None, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        MapSettings(tiles=tiles, wms_layers=wms_layers)


def test_the_widest_streets_are_drawn_where_there_are_too_many() -> None:
    corner = Point(37.5, 126.7)
    long = Street("wide", 30, (corner,) * (MOST_POINTS - 1))
    found = ground(Layer(streets=(Street("narrow", 3, (corner, corner)), long)))
    assert [one[1] for one in found["streets"]] == ["wide"]
    assert found["cut"]
    assert not ground(Layer(streets=(long,)))["cut"]


def test_the_map_is_a_page_to_come_back_to(anybody: TestClient, tmp_path: Path) -> None:
    answer = anybody.get("/map")
    assert answer.headers["location"] == "/sign-in?next=/map"
    assert anybody.get("/api/map").status_code == 401
    assert anybody.get("/api/map/ground").status_code == 401
    assert 'data-next="/map"' in anybody.get("/sign-in?next=/map").text
