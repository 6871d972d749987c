"""Debian's Chromium, watched: what it complains of, what it asks for, what axe-core finds."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright

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
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SCREENSHOTS = Path(__file__).parents[2] / "var/screenshots"
AXE = "axe-core@4.14.1"
AXE_SHA512 = (
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the session; each test takes pages of its own."""
    if not CHROMIUM.exists():
        raise RuntimeError(f"{CHROMIUM} is missing; install it: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=list(ARGUMENTS), headless=True
        )
        yield browser
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
    context.set_default_timeout(15_000)
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


def axe_script() -> str:
    """axe-core's source from its npm package, kept in the system's temporary folder."""
    kept = Path(tempfile.gettempdir()) / f"polewatch-{AXE.replace('@', '-')}-{os.getuid()}.tgz"
    if not kept.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("npm is not installed; install it: apt install npm")
        with tempfile.TemporaryDirectory() as folder:
            command = [npm, "pack", "--silent", AXE]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
            if done.returncode != 0:
                raise RuntimeError(f"npm pack {AXE} failed: {done.stderr[-400:]}")
            (found,) = Path(folder).glob("*.tgz")
            shutil.copy(found, kept)
    digest = base64.b64encode(hashlib.sha512(kept.read_bytes()).digest()).decode()
    if digest != AXE_SHA512:
        raise RuntimeError(f"{kept} is not the published {AXE}; delete it and run again")
    with tarfile.open(kept) as archive:
        member = archive.extractfile("package/axe.min.js")
        assert member is not None
        return member.read().decode()


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
