"""What each role sees of the incidents: everything, its agency's open ones, or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient

from collector.changes import Change
from collector.console.stream import Stream
from collector.console.view import Site
from tests.support.console_store import PLACES, Delivered, FilledStore, Told


@contextmanager
def role(store: FilledStore, *roles: str, agency: str = "police") -> Iterator[None]:
    before = store.token
    store.token = before.model_copy(update={"roles": roles, "agency": agency})
    yield
    store.token = before


def told(store: FilledStore) -> dict[str, str]:
    """One incident of each sort, by name."""
    fire = (Delivered("fire"),)
    return {
        "police": store.tell(Told()),
        "both": store.tell(Told(deliveries=(Delivered("police"), *fire))),
        "fire": store.tell(Told(place=2, deliveries=fire)),
        "closed": store.tell(Told(state="closed")),
        "rejected": store.tell(Told(state="rejected")),
    }


SEEN = [
    (("operator",), {"police", "both", "fire", "closed", "rejected"}),
    (("supervisor",), {"police", "both", "fire", "closed", "rejected"}),
    (("officer",), {"police", "both"}),
    (("technician",), set()),
    (("privacy",), set()),
    (("administrator",), set()),
    ((), set()),
    (("technician", "officer"), {"police", "both"}),
    (("officer", "operator"), {"police", "both", "fire", "closed", "rejected"}),
]


@pytest.mark.parametrize(("roles", "seen"), SEEN)
def test_lists_details_and_pictures_reach_equally_far(
    operator: TestClient, store: FilledStore, roles: tuple[str, ...], seen: set[str]
) -> None:
    names = told(store)
    pictures = {
        one["incident_id"]: one["still"]
        for one in operator.get("/api/incidents").json()["incidents"]
    }
    with role(store, *roles):
        listed = {one["incident_id"] for one in operator.get("/api/incidents").json()["incidents"]}
        assert listed == {names[one] for one in seen}
        for name, incident in names.items():
            wanted = 200 if name in seen else 404
            assert operator.get(f"/api/incidents/{incident}").status_code == wanted, name
        # The same picture is that of several incidents here: who sees one of them sees it.
        for still in set(pictures.values()):
            assert operator.get(still).status_code == (200 if seen else 404)
        asked = operator.get("/api/cameras").json()["cameras"]
        trade = {"operator", "supervisor", "technician", "administrator"} & set(roles)
        cameras = {one[1] for one in PLACES} if trade else {"gate"} if seen else set()
        assert {one["camera"] for one in asked} == cameras
        span = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T01:00:00Z"}
        for device, camera, *_ in PLACES:
            answer = operator.get(f"/api/recordings/{device}/{camera}", params=span)
            assert answer.status_code == (200 if camera in cameras else 403), camera
        assert operator.get("/api/summary").status_code == 200


def test_an_agency_that_got_nothing_sees_nothing(operator: TestClient, store: FilledStore) -> None:
    names = told(store)
    picture = operator.get(f"/api/incidents/{names['fire']}").json()["incident"]["still"]
    with role(store, "officer", agency="city"):
        assert operator.get("/api/incidents").json()["incidents"] == []
        assert operator.get(picture).status_code == 404
        assert operator.get("/api/suggestions").json() == {"suggestions": []}
        assert operator.get("/api/summary").json()["ongoing_by_severity"] == {}


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        (("operator",), ["incident", "incident", "incident"]),
        (("officer",), ["incident", "resync"]),
        (("technician",), []),
    ],
)
def test_the_stream_says_no_more_than_the_lists(
    store: FilledStore, roles: tuple[str, ...], said: list[str]
) -> None:
    names = told(store)
    changes = [Change("incident", names[one]) for one in ("police", "fire", "closed")]
    with role(store, *roles):
        stream = Stream(store.services(), Site.of(store.settings), store.token)
        found = [name for name, _ in stream._read(changes) if name in ("incident", "resync")]
    assert found == said
