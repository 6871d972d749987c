"""The safety services' page in a real browser: an operator asks, approves, sees and closes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from polewatch.demo.run import Demo
from tests.support.browser import ATTACK, Watched, axe_faults, is_text, watched_page
from tests.support.demo import first_alarm, sign_in
from tests.support.wait import wait_until


@pytest.fixture
def page(chromium: Browser, running_demo: Demo) -> Iterator[Watched]:
    first_alarm(running_demo)
    with watched_page(chromium, running_demo.console) as watched:
        sign_in(watched.page, running_demo)
        watched.page.get_by_role("link", name="진행 중인 사건").click()
        watched.page.wait_for_selector("html[data-ready] #ask")
        yield watched


def test_asked_approved_seen_and_closed(page: Watched) -> None:
    page.expected = ("422",)
    at = page.page
    at.locator("[name=lat]").fill("126.7377")
    at.locator("[name=lon]").fill("37.5371")
    at.locator("[name=case]").fill(f"112-2026-7 {ATTACK}")
    at.locator("[name=purpose]").fill(f"폭행 신고 {ATTACK}")
    at.get_by_role("button", name="요청").click()
    expect(at.locator("#problem")).to_contain_text("위도와 경도가 바뀌었습니다")
    at.locator("[name=lat]").fill("37.5371")
    at.locator("[name=lon]").fill("126.7379")
    at.get_by_role("button", name="요청").click()
    case = at.locator("article")
    expect(case).to_have_attribute("data-state", "asked")
    expect(case).to_contain_text("거리")
    is_text(at)
    expect(case.get_by_role("button", name="실시간")).to_have_count(0)
    assert axe_faults(at) == []
    case.get_by_role("button", name="승인").click()
    expect(case).to_have_attribute("data-state", "approved")
    case.get_by_role("button", name="실시간").click()
    time = "() => document.querySelector('#stage video').currentTime"
    wait_until(lambda: float(at.evaluate(time)) > 1.0, 60, "a moving picture")
    page.shoot("case-live")
    at.locator("#stop").click()
    case.get_by_role("button", name="종결").click()
    expect(at.locator("article")).to_have_count(0)
