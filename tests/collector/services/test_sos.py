"""A call for help: signed, followed over its positions, seen by the police, erased at its close."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from collector.channels.signature import HEADER, sign
from collector.services.place import moved
from tests.support.service_bench import BASIS, SCENE, SECRET, ServiceBench

URL = "/api/services/sos/watch"
CASES = "/api/services/cases"
NAME = "홍길동"


def call(bench: ServiceBench, east: float = 0, north: float = 0, **changed: Any) -> dict[str, Any]:
    at = moved(SCENE, east, north)
    return {
        "sos_id": "a-1",
        "person": {"name": NAME, "phone": "010-1", "guardian": "어머니", "guardian_phone": "010-2"},
        "lat": at.lat,
        "lon": at.lon,
        "accuracy_m": 20,
        "at": bench.clock.now().isoformat(),
        **changed,
    }


def send(
    bench: ServiceBench,
    client: TestClient,
    body: Any,
    *,
    secret: bytes = SECRET,
    at: datetime | None = None,
    url: str = URL,
) -> Any:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {HEADER: sign(secret, text, at or bench.clock.now())}
    return client.post(url, content=text, headers=headers)


def is_(answer: Any, status: int, code: str, said: str = "") -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert said in answer.json()["detail"]


def grant(bench: ServiceBench, client: TestClient, case: str, camera: str) -> int:
    wanted = {
        "device": "pole-001-1", "camera": camera, "rights": ["live"], "case": case,
        "basis": BASIS, "purpose": "구조", "fingerprint": ":".join(["AA"] * 32),
    }  # fmt: skip
    return int(client.post("/api/grants", json=wanted).status_code)


def test_the_police_are_told_and_see_the_cameras_around_the_circle(bench: ServiceBench) -> None:
    bench.rule(services=["vulnerable"], most_cameras=20)
    with bench.client() as machine, bench.client("kim") as officer:
        answer = send(bench, machine, call(bench))
        assert answer.status_code == 202, answer.text
        assert answer.json()["state"] == "asked"
        assert NAME not in answer.text
        (case,) = officer.get(CASES).json()
        assert [one["camera"] for one in case["cameras"]] == ["south", "north", "east"]
        assert case["personal"]["subject"]["name"] == NAME
        assert case["personal"]["path"][0]["accuracy_m"] == 20
        assert grant(bench, officer, case["case"], "south") == 403
        opened = officer.post(f"{CASES}/{case['case_id']}/opening")
        assert opened.json()["rule"] == "violent-crime"
        assert grant(bench, officer, case["case"], "south") == 200
    (incident,) = bench.rows("SELECT type, severity, camera, text_ko FROM incident")
    assert (incident["type"], incident["severity"], incident["camera"]) == (
        "sos",
        "severe",
        "south",
    )
    assert NAME not in incident["text_ko"]
    (delivery,) = bench.rows("SELECT agency, wanted FROM delivery")
    assert (delivery["agency"], delivery["wanted"]) == ("police", 1)
    assert bench.woken == 1


def test_a_wide_circle_reaches_cameras_beyond_five_hundred_metres(bench: ServiceBench) -> None:
    with bench.client() as machine, bench.client("kim") as officer:
        send(bench, machine, call(bench, accuracy_m=450))
        (case,) = officer.get(CASES).json()
    assert "far" in [one["camera"] for one in case["cameras"]]


def test_its_path_is_followed_and_new_cameras_want_a_word_again(bench: ServiceBench) -> None:
    bench.rule(services=["vulnerable"], most_cameras=20)
    with bench.client() as machine, bench.client("kim") as officer:
        send(bench, machine, call(bench))
        (case,) = officer.get(CASES).json()
        officer.post(f"{CASES}/{case['case_id']}/opening")
        first = bench.clock.now()
        bench.clock.advance(60)
        late = call(bench, 0, 700, at=bench.clock.now().isoformat())
        assert send(bench, machine, late).json() == {
            "case_id": case["case_id"], "state": "asked", "positions": 2,
        }  # fmt: skip
        # Said twice, it is known; one that comes late stands where it belongs.
        assert send(bench, machine, late).json()["positions"] == 2
        between = (first + timedelta(seconds=30)).isoformat()
        assert send(bench, machine, call(bench, 0, 300, at=between)).json()["positions"] == 3
        (case,) = officer.get(CASES).json()
        times = [fix["at"] for fix in case["personal"]["path"]]
        assert times == sorted(times)
        assert case["waiting"] == "moved on: 1 more cameras"
        # Where the person is comes first, where he was stays.
        assert case["cameras"][0]["camera"] == "far"
        assert {"south", "north"} <= {one["camera"] for one in case["cameras"]}
        # What was permitted stays so until the new permit replaces it.
        assert grant(bench, officer, case["case"], "south") == 200
        assert grant(bench, officer, case["case"], "far") == 403
        officer.post(f"{CASES}/{case['case_id']}/opening")
        assert grant(bench, officer, case["case"], "far") == 200
    (delivery,) = bench.rows("SELECT wanted FROM delivery")
    assert delivery["wanted"] == 3


def test_at_its_close_what_is_personal_is_gone_and_the_ledger_holds(bench: ServiceBench) -> None:
    with bench.client() as machine, bench.client("oper") as operator:
        case = send(bench, machine, call(bench)).json()
        operator.post(f"{CASES}/{case['case_id']}/approval")
        closed = operator.post(f"{CASES}/{case['case_id']}/closing", json={"note": "찾음"}).json()
        assert (closed["personal"], closed["lat"], closed["cameras"]) == (None, None, [])
        assert closed["erased_at"] is not None
        again = call(bench, at=(bench.clock.now() + timedelta(seconds=1)).isoformat())
        is_(send(bench, machine, again), 409, "case.state", "send another sos_id")
    held = b"".join(path.read_bytes() for path in bench.database.path.parent.glob("collector*"))
    for secret in (NAME, "010-1", "어머니", "찾음"):
        assert secret.encode() not in held, secret
    (incident,) = bench.rows("SELECT state FROM incident")
    assert incident["state"] == "closed"
    assert bench.ledger("service.closed")[0]["case"] == "SOS-watch-a-1"


@pytest.mark.parametrize(
    ("changed", "status", "code", "said"),
    [
        ({"lat": SCENE.lon, "lon": SCENE.lat}, 422, "place.impossible", "swapped"),
        ({"lat": 35.1, "lon": 129.0}, 422, "place.impossible", "km outside"),
        ({"accuracy_m": -1}, 400, "request.invalid", "accuracy_m"),
        ({"sos_id": "a b"}, 400, "request.invalid", "sos_id"),
        ({"at": "yesterday"}, 400, "request.invalid", "at"),
        ({"at": "2090-01-01T00:00:00+09:00"}, 400, "request.invalid", "ahead of our clock"),
        ({"more": 1}, 400, "request.invalid", "more"),
    ],
)
def test_what_is_wrong_with_a_call_is_told_and_nothing_is_begun(
    bench: ServiceBench, changed: dict[str, Any], status: int, code: str, said: str
) -> None:
    with bench.client() as machine:
        is_(send(bench, machine, call(bench, **changed)), status, code, said)
    assert bench.rows("SELECT 1 FROM service_case UNION SELECT 1 FROM incident") == []


def test_who_does_not_know_the_secret_is_not_believed(bench: ServiceBench) -> None:
    with bench.client() as machine:
        right = call(bench)
        wrong = send(bench, machine, right, secret=b"x" * 40)
        is_(wrong, 401, "auth.refused", "signature does not hold")
        old = bench.clock.now() - timedelta(minutes=6)
        is_(send(bench, machine, right, at=old), 401, "auth.refused", "behind ours")
        is_(machine.post(URL, json=right), 401, "auth.refused", "must be t=SECONDS")
        other = send(bench, machine, right, url="/api/services/sos/nobody")
        is_(other, 401, "auth.refused", "no sender nobody")
        is_(send(bench, machine, b"\xff\x00 no json"), 400, "request.invalid")
    assert bench.rows("SELECT 1 FROM service_case") == []


def test_a_call_where_there_is_no_camera_is_kept_all_the_same(bench: ServiceBench) -> None:
    with bench.client() as machine, bench.client("oper") as operator:
        answer = send(bench, machine, call(bench, 1500, 0))
        assert answer.status_code == 202, answer.text
        case_id = answer.json()["case_id"]
        assert operator.get(f"{CASES}/{case_id}").json()["cameras"] == []
        is_(operator.post(f"{CASES}/{case_id}/approval"), 404, "case.no-camera")
    assert len(bench.rows("SELECT 1 FROM delivery")) == 1


def test_other_agencies_and_roles_see_nothing_of_it(bench: ServiceBench) -> None:
    with bench.client() as machine:
        case_id = send(bench, machine, call(bench)).json()["case_id"]
    for who, status in (("lee", 404), ("tech", 403), ("priv", 403), ("admin", 403)):
        with bench.client(who) as client:
            assert client.get(f"{CASES}/{case_id}").status_code == status
            assert client.post(f"{CASES}/{case_id}/opening").status_code == status
