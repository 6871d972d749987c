"""Incidents, cameras and counts as the pages get them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient

from collector.console.routes import build_router
from tests.support.console_store import Delivered, FilledStore, Told
from wire.incident import IncidentState

ATTACK = """<img src=x onerror="alert(1)">'"><script>alert(1)</script>"""


def test_newest_first_and_page_by_page(operator: TestClient, store: FilledStore) -> None:
    told = [store.tell(Told(ago=timedelta(minutes=n), picture=None)) for n in range(5)]
    first = operator.get("/api/incidents", params={"limit": 3}).json()
    second = operator.get("/api/incidents", params={"limit": 3, "before": first["before"]}).json()
    ids = [one["incident_id"] for one in first["incidents"] + second["incidents"]]
    assert ids == told
    assert second["before"] is None


def test_wrong_questions_are_refused_with_a_reason(operator: TestClient) -> None:
    for path in ("?limit=0", "?limit=501", "?limit=x", "?before=nonsense"):
        answer = operator.get(f"/api/incidents{path}")
        assert answer.status_code == 400, path
        assert answer.json()["code"] == "request.invalid"
        assert answer.json()["title_ko"]
    assert operator.get("/api/incidents/..%2fetc").status_code in (400, 404)
    assert operator.get("/api/incidents/DROP TABLE incident").status_code == 400


def test_an_incident_says_all_that_a_row_shows(operator: TestClient, store: FilledStore) -> None:
    store.tell(Told("fight", "severe", deliveries=(Delivered("police", seconds=0.2),)))
    (one,) = operator.get("/api/incidents").json()["incidents"]
    assert one["camera_title"] == {"ko": "계양구청 정문", "en": "Gyeyang-gu Office, main gate"}
    assert one["place"]["address"] == "인천 계양구 계산동 1079-1"
    assert "싸움 감지" in one["text"]["ko"]
    assert "Fight" in one["text"]["en"]
    assert one["box"] == {"x": 0.39, "y": 0.35, "w": 0.03, "h": 0.157}
    assert one["still"] == f"/stills/{one['still_sha256']}.jpg"
    assert one["deliveries"] == [
        {
            "agency": "police",
            "channel": "mqtt",
            "state": "received",
            "seconds": 0.2,
            "attempts": 1,
            "officer": None,
            "error": None,
            "instead_of": None,
        }
    ]
    assert one["case_hint"].startswith("GYEYANG-")
    assert one["clip"]["from"] < one["opened_at"]
    assert one["clip"]["to"] is None


def test_a_still_is_named_only_once_it_is_here(operator: TestClient, store: FilledStore) -> None:
    store.tell(Told(picture_here=False))
    (one,) = operator.get("/api/incidents").json()["incidents"]
    assert one["still"] is None
    assert operator.get(one["still_url"]).status_code == 404
    store.still_comes(20)
    (one,) = operator.get("/api/incidents").json()["incidents"]
    assert operator.get(one["still"]).status_code == 200


def test_the_detail_has_steps_and_findings(operator: TestClient, store: FilledStore) -> None:
    incident_id = store.tell(Told(note="현장 확인"))
    found = operator.get(f"/api/incidents/{incident_id}").json()
    assert found["steps"][0]["note"] == "현장 확인"
    assert len(found["finding_ids"]) == 1
    assert operator.get("/api/incidents/01890000-0000-7000-8000-000000000000").status_code == 404


def test_cameras_name_fault_and_remedy(operator: TestClient, store: FilledStore) -> None:
    store.device("pole-001-1")
    store.camera(0)
    store.camera(1, "down", "camera.unreachable")
    store.device("pole-014-1", online=False)
    cameras = {one["camera"]: one for one in operator.get("/api/cameras").json()["cameras"]}
    assert cameras["gate"]["fault"] is None
    assert cameras["yard"]["fault"]["number"] == "PW-101"
    assert cameras["yard"]["fault"]["remedy"]["ko"].startswith("전원")
    assert cameras["market"]["fault"]["code"] == "device.offline"
    store.camera(0, "degraded", "camera.of-tomorrow")
    cameras = {one["camera"]: one for one in operator.get("/api/cameras").json()["cameras"]}
    assert cameras["gate"]["fault"]["title"]["ko"] == "camera.of-tomorrow"


def test_counts(operator: TestClient, store: FilledStore) -> None:
    store.tell(Told(severity="severe", picture=None))
    store.tell(Told(severity="minor", picture=None, lasts=timedelta(seconds=9)))
    counts = operator.get("/api/summary").json()
    assert counts["ongoing_by_severity"] == {"severe": 1}
    assert (counts["incidents"], counts["ongoing"]) == (2, 1)


def test_what_comes_from_outside_stays_text(operator: TestClient, store: FilledStore) -> None:
    store.tell(
        Told(
            type=ATTACK[:40],
            zone=ATTACK,
            rule=ATTACK,
            text=ATTACK,
            note=ATTACK,
            picture=None,
            deliveries=(Delivered(ATTACK, "failed", error=ATTACK, officer=ATTACK),),
        )
    )
    answer = operator.get("/api/incidents")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["incidents"][0]["text"]["ko"] == ATTACK
    assert ATTACK not in operator.get("/").text


def test_a_persons_name_is_escaped(operator: TestClient, store: FilledStore) -> None:
    store.token = store.token.model_copy(update={"person": ATTACK[:80]})
    page = operator.get("/").text
    assert "<script>alert(1)" not in page
    assert "&lt;img src=x onerror=" in page
    assert build_router(store.services()).routes


def test_a_rule_that_people_reject_often_is_suggested(
    operator: TestClient, store: FilledStore
) -> None:
    def told(state: IncidentState, **more: Any) -> str:
        return store.tell(Told(state=state, picture=None, rule="yard", note="봤음", **more))

    rejected = [told("rejected") for _ in range(5)]
    told("confirmed")
    told("rejected", drill=True)
    told("rejected", ago=timedelta(days=31))
    other = told("rejected", place=1)
    (one,) = operator.get("/api/suggestions").json()["suggestions"]
    assert one == {
        "device": "pole-001-1",
        "camera": "gate",
        "rule": "yard",
        "rejected": 5,
        "decided": 6,
        "days": 30,
    }
    assert operator.get(f"/api/incidents/{rejected[0]}").json()["suggestion"] == one
    assert operator.get(f"/api/incidents/{other}").json()["suggestion"] is None


def test_suggestions_are_for_who_is_signed_in(anybody: TestClient) -> None:
    assert anybody.get("/api/suggestions").status_code == 401
