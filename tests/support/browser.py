"""Debian's Chromium, watched: what it complains of, what it asks for, what axe-core finds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.support.npm import npm_file

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Names ending in .local cost a second each; without them the host's own address is offered.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)
PATIENCE_S = 30.0
"""For what a page does in a moment, on a machine where ten others want the same core."""
expect.set_options(timeout=PATIENCE_S * 1000)
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
FULL_HD: ViewportSize = {"width": 1920, "height": 1080}
PHONE: ViewportSize = {"width": 390, "height": 844}
SCREENSHOTS = Path(__file__).parents[2] / "var/screenshots"
ATTACK = """<img src=x onerror="alert(1)">"""
"""What no field may make of the page; a dialog, or markup that a policy refuses, is a complaint."""
AXE = "axe-core@4.14.1"
AXE_SHA512 = (
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The browsers' driver: one for the session."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """One browser for the session; each test takes pages of its own."""
    with launched(playwright, CHROMIUM) as browser:
        yield browser


@contextmanager
def launched(playwright: Playwright, program: Path) -> Iterator[Browser]:
    """Chromium, or a program that becomes it."""
    if not CHROMIUM.exists():
        raise RuntimeError(f"{CHROMIUM} is missing; install it: apt install chromium")
    browser = playwright.chromium.launch(
        executable_path=str(program), args=list(ARGUMENTS), headless=True, timeout=90_000
    )
    try:
        yield browser
    finally:
        browser.close()


@dataclass
class Watched:
    """A page and everything that it should not have done."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    """Parts of complaints that the test brings about itself."""

    def check(self) -> None:
        """AssertionError when it complained, or asked for anything outside its origin."""
        said = [one for one in self.complaints if not any(part in one for part in self.expected)]
        assert said == []
        assert self.strangers == []

    def shoot(self, name: str) -> None:
        """Keep a screenshot under var/screenshots."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(SCREENSHOTS / f"{name}.png"))


@contextmanager
def watched_page(
    browser: Browser,
    origin: str,
    *,
    viewport: ViewportSize = DESKTOP,
    scheme: Literal["dark", "light"] = "dark",
    cookies: dict[str, str] | None = None,
) -> Iterator[Watched]:
    """A page in a context of its own, checked when the test has passed."""
    context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_S * 1000)
    context.add_cookies(
        [{"name": name, "value": value, "url": origin} for name, value in (cookies or {}).items()]
    )
    page = context.new_page()
    watched = Watched(page, origin)
    home = urlsplit(origin).netloc

    def asked(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != home:
            watched.strangers.append(url)

    def note(one: ConsoleMessage) -> None:
        if one.type in ("error", "warning"):
            watched.complaints.append(f"{one.type}: {one.text} {one.location.get('url', '')}")

    page.on("console", note)
    page.on("pageerror", lambda one: watched.complaints.append(f"exception: {one}"))
    page.on("request", lambda one: asked(one.url))
    page.on("websocket", lambda one: asked(one.url))
    page.on("dialog", lambda one: watched.complaints.append(f"dialog: {one.message}"))
    try:
        yield watched
        watched.check()
    finally:
        context.close()


def until(page: Page, condition: Callable[[], bool], what: str) -> None:
    """Let the page go on until `condition` holds, which may depend on what the page's events tell.

    Events are heard only while the page is asked for something: `wait_until` would be deaf.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {PATIENCE_S} s in vain: {what}")
        page.wait_for_timeout(50)


def is_text(page: Page) -> None:
    """AssertionError unless ATTACK stands on the page, as text alone."""
    expect(page.locator("body")).to_contain_text(ATTACK)
    assert page.locator("img[onerror], script:not([src])").count() == 0


def axe_script() -> str:
    """axe-core's source from its npm package."""
    return npm_file(AXE, AXE_SHA512, "axe.min.js")


def axe_faults(page: Page) -> list[str]:
    """Serious and critical faults that axe-core finds on what the page shows now."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe_script())
    options: dict[str, Any] = {
        "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    }
    found = page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node.get('failureSummary', '')}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
