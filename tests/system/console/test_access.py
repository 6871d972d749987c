"""Everybody can use it: axe-core finds no serious fault, in either theme, on either screen."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import DESKTOP, PHONE, axe_faults, watched_page


def opened(page: Page, what: str) -> None:
    page.wait_for_selector("html[data-ready]")
    if what == "ask":
        page.keyboard.press("p")
    elif what == "cameras":
        page.locator("#cameras-all").click()
    elif what == "help":
        page.locator("#help").click()
    elif what == "detail" and page.locator("#detail").is_hidden():
        page.locator(".row").first.click()


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("screen", ["desktop", "phone"])
@pytest.mark.parametrize("what", ["queue", "detail", "ask", "cameras", "help"])
def test_no_serious_fault(
    chromium: Browser, address: str, scheme: Literal["dark", "light"], screen: str, what: str
) -> None:
    viewport = DESKTOP if screen == "desktop" else PHONE
    with watched_page(
        chromium, address, viewport=viewport, scheme=scheme, cookies={"pw_person": "yes"}
    ) as watched:
        watched.page.goto(f"{address}/")
        if what == "ask" and screen == "phone":
            opened(watched.page, "detail")
        opened(watched.page, what)
        watched.shoot(f"{screen}-{scheme}-{what}")
        assert axe_faults(watched.page) == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_door_has_none_either(
    chromium: Browser, address: str, scheme: Literal["dark", "light"]
) -> None:
    with watched_page(chromium, address, scheme=scheme) as watched:
        watched.page.goto(f"{address}/")
        watched.page.wait_for_selector("#sign-in")
        watched.shoot(f"desktop-{scheme}-signin")
        assert axe_faults(watched.page) == []
