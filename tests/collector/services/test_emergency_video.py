"""112 emergency video: asked for, approved, seen, closed; and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.support.service_bench import BASIS, SCENE, ServiceBench
from wire.names import new_id

URL = "/api/services/emergency-video"
CASES = "/api/services/cases"


def body(**changed: Any) -> dict[str, Any]:
    return {
        "place": {"lat": SCENE.lat, "lon": SCENE.lon, "address": "계산동 1079-1"},
        "case": "112-2026-7",
        "purpose": "폭행 신고",
        "basis": BASIS,
        "requester": {"unit": "계양서 상황실", "rank": "경위", "name": "김", "phone": "032-1"},
        **changed,
    }


def is_(answer: Any, status: int, code: str, said: str = "") -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert said in answer.json()["detail"]


def grant(bench: ServiceBench, client: TestClient, **changed: Any) -> Any:
    now = bench.clock.now()
    wanted = {
        "device": "pole-001-1",
        "camera": "south",
        "rights": ["live", "recorded"],
        "start_at": (now - timedelta(minutes=5)).isoformat(),
        "end_at": now.isoformat(),
        "case": "112-2026-7",
        "basis": BASIS,
        "purpose": "폭행 신고",
        "fingerprint": ":".join(["AA"] * 32),
        **changed,
    }
    return client.post("/api/grants", json=wanted)


def test_the_operator_approves_and_then_the_officer_sees_those_cameras(bench: ServiceBench) -> None:
    with bench.client("kim") as officer, bench.client("oper") as operator:
        asked = officer.post(URL, json=body())
        assert asked.status_code == 201, asked.text
        case = asked.json()
        assert (case["state"], case["agency"], case["person"]) == ("asked", "police", "kim")
        assert "there is no standing rule" in case["waiting"]
        # South looks there from 30 m, north from 40 m; east looks away; far is 900 m off.
        assert [one["camera"] for one in case["cameras"]] == ["south", "north", "east"]
        assert [one["sees"] for one in case["cameras"]] == ["yes", "yes", "no"]
        assert all(one["reasons"] for one in case["cameras"])
        is_(grant(bench, officer), 403, "permit.needed")
        approved = operator.post(f"{CASES}/{case['case_id']}/approval")
        assert approved.json()["decided_by"] == "oper"
        assert grant(bench, officer).status_code == 200
        is_(grant(bench, officer, camera="far"), 403, "permit.needed")
        early = (bench.clock.now() - timedelta(minutes=20)).isoformat()
        is_(grant(bench, officer, start_at=early), 403, "permit.needed")
        is_(operator.post(f"{CASES}/{case['case_id']}/approval"), 409, "case.state", "approved")
        closed = officer.post(f"{CASES}/{case['case_id']}/closing", json={"note": "arrested"})
        assert closed.json()["state"] == "closed"
        is_(grant(bench, officer), 403, "permit.needed")
        is_(officer.get(f"{CASES}/{case['case_id']}"), 404, "case.unknown")
        assert operator.get(f"{CASES}/{case['case_id']}").json()["note"] == "arrested"
    (entry,) = bench.ledger("service.approved")
    assert (entry["person"], entry["basis"], entry["case"]) == ("oper", BASIS, "112-2026-7")
    assert entry["requester"]["unit"] == "계양서 상황실"
    assert len(bench.ledger("service.asked")) == len(bench.ledger("service.closed")) == 1


def test_under_a_standing_rule_it_is_seen_at_once(bench: ServiceBench) -> None:
    bench.rule()
    with bench.client("kim") as officer:
        case = officer.post(URL, json=body()).json()
        assert (case["state"], case["rule"], case["decided_by"]) == (
            "approved", "violent-crime", "kim",
        )  # fmt: skip
        assert grant(bench, officer).status_code == 200


def test_an_operator_asks_for_an_agency_and_still_decides_apart(bench: ServiceBench) -> None:
    with bench.client("oper") as operator, bench.client("kim") as officer:
        is_(operator.post(URL, json=body()), 422, "request.invalid", "agency: name for whom")
        wrong = operator.post(URL, json=body(agency="polic"))
        is_(
            wrong, 422, "request.invalid", "polic is not enrolled (allowed: disaster, fire, police)"
        )
        case = operator.post(URL, json=body(agency="police")).json()
        assert case["state"] == "asked"
        operator.post(f"{CASES}/{case['case_id']}/approval")
        assert grant(bench, officer).status_code == 200


def test_one_that_is_refused_is_not_seen(bench: ServiceBench) -> None:
    with bench.client("kim") as officer, bench.client("oper") as operator:
        case = officer.post(URL, json=body()).json()
        refusal = f"{CASES}/{case['case_id']}/refusal"
        is_(officer.post(refusal, json={"note": "no"}), 403, "auth.forbidden")
        assert operator.post(refusal, json={"note": "no such call"}).json()["state"] == "refused"
        is_(operator.post(f"{CASES}/{case['case_id']}/approval"), 409, "case.state")
        is_(grant(bench, officer), 403, "permit.needed")


def test_without_a_legal_basis_nothing_is_provided_and_the_ledger_says_who_asked(
    bench: ServiceBench,
) -> None:
    with bench.client("kim") as officer:
        for changed in ({"basis": "  "}, {"basis": ""}):
            is_(officer.post(URL, json=body(**changed)), 422, "case.no-basis", "PIPA 18(2)3")
        without = body()
        del without["basis"]
        is_(officer.post(URL, json=without), 422, "case.no-basis")
        is_(officer.post(URL, json=body(case=" ")), 422, "request.invalid", "case: is empty")
        assert officer.get(CASES).json() == []
    entries = bench.ledger("service.refused")
    assert [one["missing"] for one in entries] == [["basis"]] * 3 + [["case"]]
    assert {one["person"] for one in entries} == {"kim"}


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"lat": SCENE.lon, "lon": SCENE.lat}, "latitude and longitude are swapped"),
        ({"lat": 35.18, "lon": 129.07}, "km outside the city"),
        ({"lat": 1e300, "lon": 1e300}, "no place on earth"),
    ],
)
def test_a_position_that_cannot_be_meant_is_told(
    bench: ServiceBench, place: dict[str, float], said: str
) -> None:
    with bench.client("kim") as officer:
        is_(officer.post(URL, json=body(place=place)), 422, "place.impossible", said)


def test_where_there_is_no_camera_near_it_says_so(bench: ServiceBench) -> None:
    with bench.client("kim") as officer:
        place = {"lat": SCENE.lat, "lon": SCENE.lon + 0.015}
        is_(officer.post(URL, json=body(place=place)), 404, "case.no-camera", "within 500 m")


def test_each_agency_sees_its_own_cases_only(bench: ServiceBench) -> None:
    with bench.client("kim") as police, bench.client("lee") as fire:
        case = police.post(URL, json=body()).json()
        assert [one["case_id"] for one in police.get(CASES).json()] == [case["case_id"]]
        assert fire.get(CASES).json() == []
        is_(fire.get(f"{CASES}/{case['case_id']}"), 404, "case.unknown")
        is_(fire.post(f"{CASES}/{case['case_id']}/closing", json={}), 404, "case.unknown")
        is_(fire.post(URL, json=body(agency="police")), 403, "auth.forbidden")
        is_(fire.get(f"{CASES}/{new_id()}"), 404, "case.unknown")


@pytest.mark.parametrize("name", ["tech", "priv", "admin", None])
def test_who_has_no_part_in_it_gets_nothing(bench: ServiceBench, name: str | None) -> None:
    status = 401 if name is None else 403
    with bench.client(name) as client:
        assert client.post(URL, json=body()).status_code == status
        assert client.get(CASES).status_code == status
        assert client.get(f"{CASES}/{new_id()}").status_code == status


def test_when_the_signer_is_away_the_case_waits_and_says_why(bench: ServiceBench) -> None:
    with bench.client("kim") as officer, bench.client("oper") as operator:
        bench.signer_up = False
        case = officer.post(URL, json=body()).json()
        assert (case["state"], case["waiting"]) == ("asked", "signer.unreachable")
        approval = f"{CASES}/{case['case_id']}/approval"
        is_(operator.post(approval), 503, "signer.unreachable")
        bench.signer_up = True
        assert operator.post(approval).json()["state"] == "approved"


def test_a_foreign_page_cannot_ask(bench: ServiceBench) -> None:
    with bench.client("kim") as officer:
        headers = {"Origin": "https://evil.example"}
        is_(officer.post(URL, json=body(), headers=headers), 403, "auth.forbidden")
