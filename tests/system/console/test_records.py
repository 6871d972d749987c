"""The pages of reads and of API tokens in a real browser, on the whole collector's routes."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from polewatch.demo.run import Demo
from tests.support.browser import PHONE, Watched, axe_faults, watched_page
from tests.support.demo import add_person, sign_in

ADMINISTRATOR = "root-admin"


@pytest.fixture
def page(chromium: Browser, running_demo: Demo) -> Iterator[Watched]:
    add_person(running_demo, ADMINISTRATOR, "city", "administrator")
    with watched_page(chromium, running_demo.console) as watched:
        sign_in(watched.page, running_demo, ADMINISTRATOR)
        yield watched


def test_a_token_is_shown_once_reads_are_found_and_it_is_revoked(
    page: Watched, running_demo: Demo
) -> None:
    page.expected = ("dialog: cad-112",)
    shown = page.page
    shown.get_by_role("button", name="더보기").click()
    shown.locator("nav.menu").get_by_role("link", name="API 토큰").click()
    shown.wait_for_selector("html[data-ready] #place")
    shown.locator("[name=name]").fill("cad-112")
    shown.locator("[name=agency]").select_option("police")
    shown.locator("[name=scopes]").select_option(["incidents:read", "assets:read"])
    shown.get_by_role("button", name="만들기").click()
    secret = shown.locator("#secret code")
    expect(secret).to_contain_text("pwt_")
    token = secret.inner_text()
    row = shown.locator("tr[data-token='cad-112']")
    expect(row).to_contain_text("사건 읽기")
    assert axe_faults(shown) == []
    page.shoot("tokens")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=running_demo.console, headers=headers, timeout=20) as program:
        assert program.get("/api/incidents?limit=3").status_code == 200
        assert program.get("/api/services/cases").status_code == 403
    shown.get_by_role("button", name="더보기").click()
    shown.locator("nav.menu").get_by_role("link", name="개인정보 열람 기록").click()
    shown.wait_for_selector("html[data-ready] #place")
    shown.locator("[name=person]").fill("token:cad-112")
    shown.get_by_role("button", name="조회").click()
    expect(shown.locator("tr[data-number]")).to_have_count(1)
    expect(shown.locator("tr[data-number]")).to_contain_text("사건 목록")
    assert axe_faults(shown) == []
    page.shoot("reads")
    shown.set_viewport_size(PHONE)
    page.shoot("reads-phone")
    shown.goto(f"{running_demo.console}/tokens")
    shown.once("dialog", lambda dialog: dialog.accept())
    shown.get_by_role("button", name="cad-112 토큰 폐기").click()
    expect(row).to_contain_text("root-admin 폐기")
    with httpx.Client(base_url=running_demo.console, headers=headers, timeout=20) as program:
        assert program.get("/api/incidents?limit=3").status_code == 401
