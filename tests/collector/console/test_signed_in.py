"""Nothing is shown to anybody who is not signed in, and no redirect leads elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.support.console_store import FilledStore, Told, console_app
from wire.names import new_id

API = (
    "/api/incidents",
    "/api/incidents/01a00000-0000-7000-8000-000000000001",
    f"/stills/{'0' * 64}.jpg",
    "/api/cameras",
    "/api/summary",
    "/api/stream",
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilledStore]:
    """One for all: no test here minds what another told."""
    filled = FilledStore(tmp_path_factory.mktemp("store"))
    yield filled
    filled.close()


@pytest.fixture(scope="module")
def app(store: FilledStore) -> FastAPI:
    return console_app(store)


@pytest.mark.parametrize("path", API)
def test_the_api_answers_401_with_a_code(anybody: TestClient, path: str) -> None:
    answer = anybody.get(path)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "auth.required"


def test_a_real_incident_and_its_still_are_kept_from_strangers(
    anybody: TestClient, store: FilledStore
) -> None:
    incident_id = store.tell(Told())
    still = store.reader.incidents().incidents[0].still
    assert anybody.get(f"/api/incidents/{incident_id}").status_code == 401
    answer = anybody.get(f"/stills/{still}.jpg")
    assert answer.status_code == 401
    assert not answer.content.startswith(b"\xff\xd8")


def test_every_route_but_the_door_asks_who_is_there(anybody: TestClient) -> None:
    open_to_all = {"/sign-in", "/language", "/static/{version}/{name}", "/unit", "/board/{board}"}
    paths = set(anybody.app.openapi()["paths"]) - open_to_all  # type: ignore[attr-defined]  # TestClient types its app as a bare ASGI callable
    for path in paths:
        url = path.replace("{incident_id}", new_id()).replace("{sha256}", "0" * 64)
        url = url.replace("{at}", "0").replace("{asset_id}", "a2b3c4d5e6f7")
        assert anybody.get(url).status_code in (401, 303), path


def test_pages_lead_to_the_door_and_back(anybody: TestClient) -> None:
    incident_id = new_id()
    answer = anybody.get(f"/incidents/{incident_id}")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sign-in?next=/incidents/{incident_id}"
    page = anybody.get(answer.headers["location"])
    assert f'data-next="/incidents/{incident_id}"' in page.text


def test_the_way_back_keeps_which_cameras_were_asked_for(anybody: TestClient) -> None:
    wall = "/wall?cameras=pole-001-1/gate,pole-014-1/market"
    page = anybody.get(anybody.get(wall).headers["location"])
    assert f'data-next="{wall}"' in page.text
    for hostile in ("/wall?cameras=//evil.example", "/wall?cameras=a/b&next=evil", "/map?evil"):
        page = anybody.get(anybody.get(hostile).headers["location"])
        assert f'data-next="{hostile.partition("?")[0]}"' in page.text


@pytest.mark.parametrize(
    "next",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/incidents/../../evil",
        "javascript:alert(1)",
        '/"><script>alert(1)</script>',
        "/\n/evil.example",
    ],
)
def test_the_door_leads_nowhere_else(anybody: TestClient, next: str) -> None:
    page = anybody.get("/sign-in", params={"next": next})
    assert 'data-next="/"' in page.text
    assert "evil" not in page.text
    assert "alert(1)" not in page.text
    anybody.cookies.set("pw_person", "yes")
    assert anybody.get("/sign-in", params={"next": next}).headers["location"] == "/"


def test_the_language_is_kept_and_the_way_back_is_ours(anybody: TestClient) -> None:
    for asked, back in (
        ("http://testserver/incidents/" + "0" * 36, "/incidents/" + "0" * 36),
        ("http://testserver/sign-in?next=/", "/sign-in?next=/"),
        ("http://testserver/sign-in?next=//evil.example", "/sign-in?next=/"),
        ("http://testserver//evil.example", "/"),
        ("", "/"),
    ):
        answer = anybody.post("/language", data={"lang": "en"}, headers={"Referer": asked})
        assert answer.status_code == 303
        assert answer.headers["location"] == back
    assert "pw_lang=en" in answer.headers["set-cookie"]
    assert "Sign in" in anybody.get("/sign-in").text


def test_another_site_cannot_switch_the_language(anybody: TestClient) -> None:
    foreign = {"Origin": "https://evil.example"}
    assert anybody.post("/language", data={"lang": "en"}, headers=foreign).status_code == 403
    assert anybody.post("/language", data={"lang": "xx"}).status_code == 400
