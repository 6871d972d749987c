"""Everybody can use it: axe-core finds no serious fault, in either theme, on either screen."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.support.browser import DESKTOP, PHONE, axe_faults, watched_page


def shown(page: Page) -> str:
    """The incident that is selected."""
    return str(page.locator(".row[aria-selected=true]").get_attribute("data-id"))


def show(page: Page, what: str) -> None:
    """Bring the page into a state; `what` is also the screenshot's name."""
    if what == "detail" and page.locator("#detail").is_hidden():
        page.locator(".row").first.click()
    elif what == "ask":
        page.locator(".controls button").first.click()
    elif what in ("cameras", "shift", "help"):
        page.keyboard.press("Escape")
        page.locator("#cameras-all" if what == "cameras" else f"#{what}").click()
    elif what == "file":
        page.goto(f"{page.url.split('/incidents/')[0]}/incidents/{shown(page)}/file")
        page.wait_for_selector("html[data-ready] #timeline li")
        page.locator("#asking summary").focus()
    if what == "shift":
        page.wait_for_selector("#shift-body .tallies")


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_no_serious_fault(
    chromium: Browser, address: str, scheme: Literal["dark", "light"], screen: str
) -> None:
    viewport = DESKTOP if screen == "desktop" else PHONE
    with watched_page(
        chromium, address, viewport=viewport, scheme=scheme, cookies={"pw_person": "yes"}
    ) as watched:
        watched.page.goto(f"{address}/")
        watched.page.wait_for_selector("html[data-ready]")
        for what in ("queue", "detail", "ask", "cameras", "shift", "help", "file"):
            show(watched.page, what)
            watched.shoot(f"{screen}-{scheme}-{what}")
            assert axe_faults(watched.page) == [], what


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_door_has_none_either(
    chromium: Browser, address: str, scheme: Literal["dark", "light"]
) -> None:
    with watched_page(chromium, address, scheme=scheme) as watched:
        watched.page.goto(f"{address}/")
        watched.page.wait_for_selector("#sign-in")
        watched.shoot(f"desktop-{scheme}-signin")
        assert axe_faults(watched.page) == []


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_menu_is_one_line_and_leads_to_rarer_pages_by_keyboard(
    chromium: Browser, address: str, language: str
) -> None:
    cookies = {"pw_person": "yes", "pw_lang": language}
    screen: ViewportSize = {"width": 1280, "height": 800}
    with watched_page(chromium, address, viewport=screen, cookies=cookies) as watched:
        page = watched.page
        for path in ("/assets", "/health", "/"):
            page.goto(f"{address}{path}")
            page.wait_for_selector("html[data-ready]")
            lines = page.locator("nav.menu > a, nav.menu #more-pages").evaluate_all(
                "all => new Set(all.map((one) => one.getBoundingClientRect().top)).size"
            )
            assert lines == 1, path
            if path != "/":
                head = page.locator(".top").bounding_box()
                assert head is not None
                assert head["height"] < 80, path
            watched.shoot(f"menu-{language}-{path[1:] or 'queue'}")
        more, rarer = page.locator("#more-pages"), page.locator("#rarer")
        expect(rarer).to_be_hidden()
        more.focus()
        page.keyboard.press("Enter")
        expect(rarer).to_be_visible()
        assert axe_faults(page) == []
        watched.shoot(f"menu-{language}-more")
        page.keyboard.press("Escape")
        expect(rarer).to_be_hidden()
        expect(more).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(rarer.locator("a").first).to_be_focused()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        # Who goes on elsewhere has left it.
        expect(rarer).to_be_hidden()
