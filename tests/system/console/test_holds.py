"""Holds for cases at the console: placed and released with their reason, on a real pole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from polewatch.demo.run import Demo
from tests.support.browser import ATTACK, Watched, axe_faults, is_text, watched_page
from tests.support.demo import recorded_s, sign_in
from tests.support.ledger import entries
from tests.support.wait import wait_until

KEEPER = "kim"
CASE, REASON = f"2026-1187 {ATTACK}", f"쓰러진 사람의 영상이 필요함 {ATTACK}"


@pytest.fixture(scope="module")
def demo(running_demo: Demo) -> Demo:
    command = [
        sys.executable, "-m", "polewatch", "collector", "user", "add", KEEPER,
        "--config", str(running_demo.site.signer_config), "--agency", "police",
        "--role", "supervisor", "--password-stdin",
    ]  # fmt: skip
    secret = f"{running_demo.secret}\n"
    subprocess.run(command, input=secret, text=True, timeout=120, check=True)
    wait_until(lambda: recorded_s(running_demo) > 15, 90, "a recording")
    return running_demo


@pytest.fixture
def page(chromium: Browser, demo: Demo) -> Iterator[Watched]:
    """The page of holds, opened by a supervisor from the queue."""
    with watched_page(chromium, demo.console) as watched:
        sign_in(watched.page, demo, KEEPER)
        watched.page.get_by_role("button", name="더보기").click()
        watched.page.get_by_role("link", name="증거 보존").click()
        watched.page.wait_for_selector("html[data-ready] .holds #place")
        yield watched


def place(page: Page, case: str = CASE, reason: str = REASON) -> None:
    page.locator("[name=case]").fill(case)
    page.locator("#place [name=reason]").fill(reason)
    page.get_by_role("button", name="보존", exact=True).click()


def test_a_recording_is_held_for_a_case_and_released(page: Watched, demo: Demo) -> None:
    shown = page.page
    expect(shown.locator("#holds-list")).to_have_text("보존 중인 녹화가 없습니다.")
    place(shown)
    expect(shown.locator("#said")).to_contain_text("보존했습니다", timeout=60_000)
    row = shown.locator("tr[data-hold]")
    expect(row).to_have_count(1)
    for words in ("계양대로", KEEPER, "경찰 112", REASON, "보존 중", "해제할 때까지", "MB"):
        expect(row).to_contain_text(words)
    expect(shown.locator("tr.case")).to_have_text(f"사건 {CASE}")
    is_text(shown)
    assert axe_faults(shown) == []
    page.shoot("holds")
    (asked,) = entries(demo, "hold.asked")
    assert (asked["case"], asked["person"], asked["reason"]) == (CASE, KEEPER, REASON)
    wait_until(lambda: entries(demo, "pole.hold.placed") != [], 60, "the pole's own entry")
    (told,) = entries(demo, "pole.hold.placed")
    assert (told["case"], told["hold_id"]) == (CASE, asked["hold_id"])

    row.get_by_role("button").click()
    expect(shown.locator("#release-what")).to_contain_text(CASE)
    assert axe_faults(shown) == []
    page.shoot("holds-release")
    shown.locator("#release [name=reason]").fill("사건 종결")
    shown.locator("#release").get_by_role("button", name="해제", exact=True).click()
    expect(row).to_have_count(0)
    (released,) = entries(demo, "hold.released")
    assert (released["hold_id"], released["reason"]) == (asked["hold_id"], "사건 종결")
    wait_until(lambda: entries(demo, "pole.hold.released") != [], 60, "the pole's own entry")
    shown.get_by_label("해제되었거나 거절된 것도 보기").check()
    expect(row).to_contain_text(f"{KEEPER}: 사건 종결")
    page.shoot("holds-released")


def test_times_are_the_site_s_and_what_cannot_be_is_told_in_words(
    chromium: Browser, demo: Demo
) -> None:
    with watched_page(chromium, demo.console, cookies={"pw_lang": "en"}) as watched:
        watched.expected = ("400", "409")
        page = watched.page
        sign_in(page, demo, KEEPER)
        page.goto(f"{demo.console}/holds?from=2026-03-01T12:00:00Z&to=2026-03-01T12:30:00Z&case=9")
        page.wait_for_selector("html[data-ready] .holds #place")
        assert page.locator("[name=start]").input_value() == "2026-03-01T21:00"
        page.locator("[name=end]").fill("2026-03-01T20:00")
        page.locator("#place [name=reason]").fill("a fall")
        with page.expect_request("**/api/holds") as sent:
            page.get_by_role("button", name="Hold", exact=True).click()
        given = sent.value.post_data_json or {}
        assert given["start_at"] == "2026-03-01T12:00:00.000Z"
        assert given["end_at"] == "2026-03-01T11:00:00.000Z"
        expect(page.locator("#said")).to_contain_text("end_at lies before start_at")
        watched.shoot("holds-english")


def test_an_operator_is_told_whose_it_is(chromium: Browser, demo: Demo) -> None:
    with watched_page(chromium, demo.console) as watched:
        page = watched.page
        sign_in(page, demo)
        page.goto(f"{demo.console}/holds")
        expect(page.locator("#forbidden")).to_be_visible()
        expect(page.locator("#place")).to_be_hidden()
        assert axe_faults(page) == []
