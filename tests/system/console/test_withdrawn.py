"""A picture that plays ends when its case is closed, and whoever watched reads why."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from polewatch.demo.run import Demo
from polewatch.demo.site import PERSON
from tests.support.browser import Watched, watched_page
from tests.support.demo import add_person, first_alarm
from tests.support.wait import wait_until

OFFICER, NUMBER = "park", "112-2026-31"
BASIS = "개인정보 보호법 제18조제2항제3호"
TIME = "() => document.querySelector('#stage video').currentTime"


@pytest.fixture
def officer(chromium: Browser, running_demo: Demo) -> Iterator[Watched]:
    add_person(running_demo, OFFICER, "police", "officer")
    first_alarm(running_demo)
    with watched_page(chromium, running_demo.console) as watched:
        watched.page.goto(f"{running_demo.console}/sign-in?next=/cases")
        watched.page.fill("[name=name]", OFFICER)
        watched.page.fill("[name=password]", running_demo.secret)
        watched.page.keyboard.press("Enter")
        watched.page.wait_for_selector("html[data-ready] #ask")
        yield watched


def entries(demo: Demo, kind: str) -> list[dict[str, str]]:
    """What the ledger says of this case, of one kind."""
    path = demo.site.collector_config.parent / "data/collector.sqlite"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as run:
        rows = run.execute(
            "SELECT fields FROM ledger JOIN ledger_fields USING (number) WHERE kind = ?", (kind,)
        ).fetchall()
    found = (json.loads(row[0]) for row in rows)
    return [one for one in found if one.get("case") == NUMBER]


def test_who_watches_sees_it_end_and_reads_why(officer: Watched, running_demo: Demo) -> None:
    officer.expected = ("403", "404")
    page, headers = officer.page, {"X-Polewatch": "1"}
    with httpx.Client(base_url=running_demo.console, headers=headers, timeout=20) as room:
        room.post("/api/sign-in", json={"name": PERSON, "password": running_demo.secret})
        asked = {
            "place": {"lat": 37.5371, "lon": 126.7379},
            "agency": "police", "case": NUMBER, "purpose": "폭행 신고", "basis": BASIS,
        }  # fmt: skip
        answer = room.post("/api/services/emergency-video", json=asked)
        assert answer.status_code == 201, answer.text
        case = f"/api/services/cases/{answer.json()['case_id']}"
        assert room.post(f"{case}/approval").status_code == 200
        page.get_by_role("button", name="실시간").first.click()
        wait_until(lambda: float(page.evaluate(TIME)) > 1.0, 30, "a moving picture")
        assert room.post(f"{case}/closing", json={"note": ""}).status_code == 200
    expect(page.locator("#stage")).to_be_hidden(timeout=20_000)
    expect(page.locator("#problem")).to_contain_text("사건이 종결되었거나 열람 승인이 철회됨")
    expect(page.locator("#problem")).to_contain_text("열람을 다시 신청하십시오")
    officer.shoot("case-withdrawn")
    (ended,) = entries(running_demo, "view.ended")
    assert (ended["code"], ended["person"]) == ("grant.withdrawn", OFFICER)
    of_pole = wait_until(
        lambda: entries(running_demo, "pole.session.end"), 20, "the pole's own word of the end"
    )
    assert [one["code"] for one in of_pole] == ["grant.withdrawn"]
