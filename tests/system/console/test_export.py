"""An officer takes a clip as evidence in the page where it was seen: real browser, real pole."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA, PERSON
from tests.support.browser import Watched, axe_faults, watched_page
from tests.support.demo import first_alarm, recorded_s, sign_in
from tests.support.ledger import entries
from tests.support.phone import Phone, phone_of
from tests.support.wait import wait_until
from tests.system.console.test_video import confirm_and_play, played

RECORDED_S = 25
pytestmark = pytest.mark.timeout(600)
"""A one-time code may have to be waited for, and a file of a minute gives way to pictures."""

# As in browsers that write no files: what comes is held in memory and downloaded.
NO_PICKER = "delete window.showSaveFilePicker; window.showSaveFilePicker = undefined;"
# The person's choice in the dialog, which no program can make: a real file of the browser's own.
CHOSEN = """
window.showSaveFilePicker = async ({ suggestedName }) => {
  const folder = await navigator.storage.getDirectory();
  window.chosen = await folder.getFileHandle(suggestedName, { create: true });
  return window.chosen;
};
"""
READ_CHOSEN = """async () => {
  const file = await window.chosen.getFile();
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  const hex = [...new Uint8Array(digest)].map((one) => one.toString(16).padStart(2, "0"));
  return { name: file.name, bytes: file.size, sha256: hex.join("") };
}"""

CONFIRM = """() => fetch(`/api${location.pathname}/decision`, {
  method: "POST", body: JSON.stringify({ decision: "confirmed" }),
  headers: { "Content-Type": "application/json", "X-Polewatch": "1" },
})"""


@pytest.fixture(scope="module")
def demo(running_demo: Demo) -> Demo:
    first_alarm(running_demo)
    wait_until(lambda: recorded_s(running_demo) > RECORDED_S, 90, "a recording")
    return running_demo


@pytest.fixture
def phone(demo: Demo) -> Phone:
    """A secret for each test: nobody waits until a code of the one before is half a minute old."""
    return phone_of(demo)


@pytest.fixture
def console(chromium: Browser, demo: Demo, phone: Phone) -> Iterator[Watched]:
    """Somebody whose phone has the secret, signed in, watching the newest incident's clip."""
    with watched_page(chromium, demo.console) as watched:
        watched.page.add_init_script(NO_PICKER)
        sign_in(watched.page, demo)
        watch(watched.page)
        yield watched


def watch(page: Page) -> None:
    page.locator(".row", has_text="침입").first.click()
    confirm_and_play(page)


def ask(page: Page, code: str) -> None:
    """The panel with a code, sent off."""
    if page.locator(".export").is_hidden():
        page.get_by_role("button", name="증거 내보내기").click()
    page.locator(".export [name=code]").fill(code)
    page.locator(".export button[type=submit]").click()


def offered(page: Page) -> None:
    """Wait until the pole has made the file."""
    expect(page.locator(".export")).to_have_attribute("data-state", "ready", timeout=120_000)


def save(page: Page, folder: Path) -> Path:
    with page.expect_download(timeout=200_000) as coming:
        page.get_by_role("button", name="파일로 저장").click()
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    expect(page.locator(".export")).to_have_attribute("data-state", "done")
    return path


def verified(demo: Demo, file: Path) -> dict[str, Any]:
    """What `polewatch clip verify` says with the city's certificate."""
    command = [
        sys.executable, "-m", "polewatch", "clip", "verify", str(file), "--json",
        "--authority", str(demo.site.identity("collector") / "ca.pem"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def exported(demo: Demo, before: int) -> dict[str, Any]:
    """The pole's word of an export, once there are more than `before`."""
    wait_until(lambda: len(entries(demo, "pole.export")) > before, 60, "the entry of the export")
    return entries(demo, "pole.export")[-1]


def left_on_the_pole(demo: Demo) -> list[Path]:
    folder = demo.site.agent_data / "exports"
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_a_clip_is_taken_as_evidence_that_verifies(
    console: Watched, demo: Demo, phone: Phone, tmp_path: Path
) -> None:
    page = console.page
    asked: list[Request] = []
    page.on("request", lambda one: asked.append(one))
    page.get_by_role("button", name="증거 내보내기").click()
    assert axe_faults(page) == []
    console.shoot("export-code")
    ask(page, phone.shows())
    offered(page)
    assert axe_faults(page) == []
    console.shoot("export-ready")
    # The picture goes on meanwhile.
    wait_until(lambda: played(page) > 0.5, 60, "the picture beside the export")
    file = save(page, tmp_path)
    console.shoot("export-done")
    verdict = verified(demo, file)
    assert (verdict["ok"], verdict["code"], verdict["authority"]) == (True, "intact", "trusted")
    assert verdict["signers"] == [demo.site.device]
    assert verdict["gops"] >= 5
    with zipfile.ZipFile(file) as archive:
        assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.namelist() == ["clip.mp4", "manifest.json", "clip.vtt"]
        statement = json.loads(archive.read("manifest.json"))["statement"]
    granted = [json.loads(one.post_data or "{}") for one in asked if one.url.endswith("/grants")]
    (grant,) = granted
    assert grant["rights"] == ["recorded", "export"]
    assert statement["exporter"] == statement["recipient"] == f"centre {PERSON}"
    assert statement["case"] == grant["case"]
    assert statement["grant"].count(".") == 2
    told = exported(demo, 0)
    content = file.read_bytes()
    assert told["bytes"] == len(content)
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert (told["case"], told["person"], told["camera"]) == (grant["case"], PERSON, CAMERA)
    wait_until(lambda: entries(demo, "pole.export.end") != [], 60, "the end of the export")
    (ended,) = entries(demo, "pole.export.end")
    assert ended["export_id"] == told["export_id"]
    assert ended["bytes_sent"] == len(content)
    assert "kept by the viewer" in ended["detail"]
    # Nothing of it passed through the centre, nor stays on the pole.
    assert not any("export" in one.url for one in asked)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    wait_until(lambda: left_on_the_pole(demo) == [], 60, "the file to be gone from the pole")


def test_a_wrong_code_and_a_used_one_are_refused_and_the_clip_goes_on(
    console: Watched, demo: Demo, phone: Phone
) -> None:
    console.expected = ("403",)
    page = console.page
    before = len(entries(demo, "view.opened"))
    used = phone.shows()
    ask(page, phone.wrong())
    said = page.locator(".export .said")
    expect(said).to_contain_text("일회용 번호가 맞지 않음")
    console.shoot("export-wrong-code")
    at = played(page)
    wait_until(lambda: played(page) > at, 40, "the clip to go on")
    ask(page, used)
    offered(page)
    page.keyboard.press("Escape")
    ask(page, used)
    expect(said).to_contain_text("일회용 번호가 맞지 않음")
    refused = [one["code"] for one in entries(demo, "grant.refused")]
    assert refused[-2:] == ["auth.code", "auth.code"]
    assert not any(used in str(one) for one in entries(demo, "grant.refused"))
    # One more session, under the one code that counted.
    opened = len(entries(demo, "view.opened"))
    assert opened == before + 1
    wait_until(
        lambda: len(entries(demo, "pole.session.open")) == opened, 60, "the pole's word of each"
    )


def test_an_incident_that_changes_meanwhile_is_exported_all_the_same(
    console: Watched, phone: Phone
) -> None:
    page = console.page

    def decide(route: Route) -> None:
        page.evaluate(CONFIRM)
        page.wait_for_selector("#detail .title .mark:has-text('사실 확인')")
        route.continue_()

    page.route("**/api/grants", decide)
    ask(page, phone.shows())
    offered(page)


def test_a_file_of_the_person_s_choice_is_written_as_it_comes(
    chromium: Browser, demo: Demo, phone: Phone
) -> None:
    with watched_page(chromium, demo.console) as watched:
        page = watched.page
        page.add_init_script(CHOSEN)
        sign_in(page, demo)
        watch(page)
        before = len(entries(demo, "pole.export"))
        ask(page, phone.shows())
        offered(page)
        page.get_by_role("button", name="파일로 저장").click()
        expect(page.locator(".export")).to_have_attribute("data-state", "done", timeout=200_000)
        kept = page.evaluate(READ_CHOSEN)
    told = exported(demo, before)
    assert (kept["bytes"], kept["sha256"]) == (told["bytes"], told["sha256"])
    assert kept["name"].endswith(".zip")


def test_who_closes_the_page_leaves_no_file(console: Watched, demo: Demo, phone: Phone) -> None:
    page = console.page
    before = len(entries(demo, "pole.export"))
    ask(page, phone.shows())
    offered(page)
    assert [path.name for path in left_on_the_pole(demo)] == ["export.zip"]
    page.close()
    wait_until(lambda: left_on_the_pole(demo) == [], 60, "the file to be gone from the pole")
    export_id = exported(demo, before)["export_id"]

    def ends() -> list[dict[str, Any]]:
        every = entries(demo, "pole.export.end")
        return [one for one in every if one["export_id"] == export_id]

    wait_until(ends, 60, "the entry of its end")
    assert [one["bytes_sent"] for one in ends()] == [0]
