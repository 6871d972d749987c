"""112 emergency video through the whole of Polewatch: asked, approved, and the first picture."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from collector.ledger import verify
from collector.signer.accounts import Account, SignerStore
from collector.signer.config import SignerSettings
from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA, PERSON
from tests.support.demo import first_alarm, recorded_s
from tests.support.video_case import watched
from tests.support.wait import wait_until
from wire.settings import load_settings

PASSWORD = "correct horse battery"
BASIS = "개인정보 보호법 제18조제2항제3호"
CASE = "112-2026-7"
BACK_S = 8.0


@pytest.fixture(scope="module")
def demo(running_demo: Demo) -> Demo:
    store = SignerStore(load_settings(running_demo.site.signer_config, SignerSettings).data)
    store.add(Account("kim", "police", ("officer",)), PASSWORD, datetime.now(UTC))
    store.close()
    first_alarm(running_demo)
    wait_until(lambda: recorded_s(running_demo) > BACK_S + 3, 60, "a recording")
    return running_demo


@contextmanager
def signed_in(demo: Demo, name: str, password: str) -> Iterator[httpx.Client]:
    headers = {"X-Polewatch": "1"}
    with httpx.Client(base_url=demo.console, headers=headers, timeout=20) as client:
        answer = client.post("/api/sign-in", json={"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        yield client


def asking(**changed: Any) -> dict[str, Any]:
    """Twenty metres from the demo's camera."""
    return {
        "place": {"lat": 37.5371, "lon": 126.7377 + 20 / 88_400},
        "case": CASE,
        "purpose": "폭행 신고",
        "basis": BASIS,
        "requester": {"unit": "계양서 상황실", "name": "김"},
        **changed,
    }


@pytest.mark.timed
async def test_from_the_call_to_the_picture(demo: Demo) -> None:
    with signed_in(demo, "kim", PASSWORD) as officer, signed_in(demo, PERSON, demo.secret) as oper:
        refused = officer.post("/api/services/emergency-video", json=asking(basis=""))
        assert refused.json()["code"] == "case.no-basis"
        swapped = asking(place={"lat": 126.7377, "lon": 37.5371})
        answer = officer.post("/api/services/emergency-video", json=swapped)
        assert "swapped" in answer.json()["detail"]
        case = officer.post("/api/services/emergency-video", json=asking()).json()
        assert (case["state"], case["cameras"][0]["camera"]) == ("asked", CAMERA)
        assert case["cameras"][0]["live"]
        approval = oper.post(f"/api/services/cases/{case['case_id']}/approval")
        assert approval.json()["state"] == "approved"

        def ask_grant(wanted: dict[str, Any]) -> httpx.Response:
            return officer.post("/api/grants", json=wanted)

        for seconds_back in (None, BACK_S):
            seen = await watched(demo.console, ask_grant, case, case["cameras"][0], seconds_back)
            assert seen.report.frames >= 20
            assert seen.first_s <= 3.0
        closed = officer.post(f"/api/services/cases/{case['case_id']}/closing", json={})
        assert closed.json()["state"] == "closed"
    path = demo.site.collector_config.parent / "data/collector.sqlite"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as run:
        assert verify(run).fault is None
        kinds = [row[0] for row in run.execute("SELECT kind FROM ledger ORDER BY number")]
        fields = run.execute(
            "SELECT fields FROM ledger_fields JOIN ledger USING (number) WHERE kind = 'view.opened'"
        ).fetchall()
    for kind in ("service.refused", "service.asked", "service.approved", "service.closed"):
        assert kinds.count(kind) == 1
    views = [json.loads(row[0]) for row in fields]
    assert [(one["person"], one["case"], one["basis"]) for one in views] == [
        ("kim", CASE, BASIS)
    ] * 2
