"""A shift at the desk: twenty incidents, true and false, until the one case is closed.

Broker, collector, signer, agent with the demo's clip, police, fire and centre run as processes of
their own; everything is done with keys and buttons, as an operator does it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from polewatch.demo.run import Demo
from polewatch.demo.site import Asked
from tests.support.browser import PHONE, Watched, axe_faults, watched_page
from tests.support.demo import BUSY, QUARTERS, end, first_alarm, reader, sign_in
from tests.support.ledger import entries
from tests.support.phone import Phone, phone_of
from tests.support.wait import wait_until
from tests.system.console.test_export import NO_PICKER, ask, offered, save
from tests.system.console.test_unit import link
from tests.system.console.test_video import confirm_and_play

INCIDENTS = 20
LINES: list[Asked] = [
    {"id": "across", "points": [[0.0, 0.55], [1.0, 0.55]]},
    {"id": "along", "points": [[0.5, 0.0], [0.5, 1.0]]},
]
RULES: list[Asked] = [
    *BUSY,
    *(
        {"id": f"x{number}", "type": "line_crossing", "line": line["id"], "cooldown_s": 0}
        for number, line in enumerate(LINES)
    ),
    *(
        {"id": f"l{number}", "type": "loitering", "zone": zone["id"], "seconds": 3,
         "cooldown_s": 0, "severity": "minor"}
        for number, zone in enumerate(QUARTERS)
    ),
]  # fmt: skip
TRUE = "침입"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("shift")
    with Demo(folder, zones=QUARTERS, rules=RULES, lines=LINES) as running:
        first_alarm(running)
        yield running


@pytest.fixture(scope="module")
def phone(demo: Demo) -> Phone:
    return phone_of(demo)


def count(demo: Demo) -> int:
    demo.tick()
    store = reader(demo)
    try:
        return store.summary().incidents
    finally:
        store.close()


def work_off_the_false_ones(page: Page, demo: Demo) -> None:
    """N N on every undecided one until there were enough; what comes anew is another incident."""
    page.locator("#filter-state").select_option("waiting")
    if page.locator("#grouping").get_attribute("aria-pressed") == "true":
        page.keyboard.press("g")
    while count(demo) < INCIDENTS:
        row = page.locator(".row").first
        expect(row).to_be_visible(timeout=60_000)
        incident = str(row.get_attribute("data-id"))
        row.click()
        page.keyboard.press("n")
        page.keyboard.press("n")
        expect(page.locator(f"#row-{incident}")).to_have_count(0)


def take_up_the_true_one(page: Page) -> str:
    """Confirmed, forwarded to the fire brigade by hand, with a note."""
    row = page.locator(".row", has_text=TRUE).first
    expect(row).to_be_visible(timeout=60_000)
    incident = str(row.get_attribute("data-id"))
    row.click()
    page.keyboard.press("y")
    page.keyboard.press("y")
    expect(page.locator("#detail .title .mark").first).to_have_text("사실 확인")
    page.keyboard.press("t")
    expect(page.locator("#forward-receivers input:checked")).to_be_focused()
    page.locator("#forward-receivers label", has_text="소방 119").click()
    assert axe_faults(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("#forward-dialog")).to_be_hidden()
    told = page.locator("#detail .deliveries").first.locator("li", has_text="소방 119")
    expect(told).to_contain_text("✓ 수신 확인", timeout=30_000)
    page.keyboard.press("r")
    page.keyboard.type("순찰차 2대 출동")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("#detail .steps")).to_contain_text("순찰차 2대 출동")
    return incident


def provide(console: Watched, incident: str) -> None:
    """Request and approval, with the form's fields."""
    page = console.page
    page.keyboard.press("v")
    page.wait_for_url(f"**/incidents/{incident}/file")
    page.wait_for_selector("html[data-ready]")
    page.locator("#asking summary").click()
    form = page.locator("#ask")
    form.get_by_label("제공받는 기관").select_option("police")
    for name, text in (
        ("부서", "형사과"),
        ("직급", "경위"),
        ("성명", "이경위"),
        ("연락처", "032-1"),
    ):
        form.get_by_label(name, exact=True).fill(text)
    form.get_by_role("button", name="요청").click()
    case = page.locator("article")
    expect(case).to_have_attribute("data-next", "approve")
    # Nothing can be taken before its turn.
    expect(case.get_by_role("link", name="열람·반출")).to_have_count(0)
    case.get_by_role("button", name="승인").click()
    expect(case).to_have_attribute("data-next", "view")
    assert axe_faults(page) == []
    case.get_by_role("link", name="열람·반출").click()
    page.wait_for_selector("html[data-ready] #detail h2")


def export(console: Watched, phone: Phone, folder: Path) -> Path:
    """Seen, taken with a one-time code, and checked where it lies."""
    page = console.page
    confirm_and_play(page)
    readings = page.locator(".reading-out")
    for name in ("사건번호", "카메라", "영상 시각", "형식", "지연"):
        expect(readings).to_contain_text(name, timeout=20_000)
    ask(page, phone.shows())
    offered(page)
    file = save(page, folder)
    verdict = page.locator(".export .verdict")
    expect(verdict).to_have_attribute("data-code", "intact", timeout=30_000)
    console.shoot("shift-verified")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    return file


def destroy(console: Watched, demo: Demo, incident: str) -> None:
    """The copy's end is entered, and the case file shows every step as taken."""
    page = console.page
    wait_until(lambda: entries(demo, "pole.export") != [], 30, "the pole's entry of the copy")
    page.goto(f"{demo.console}/incidents/{incident}/file")
    page.wait_for_selector("html[data-ready]")
    case = page.locator("article")
    expect(case).to_have_attribute("data-next", "destroy")
    day = page.evaluate(
        "() => new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Seoul' }).format()"
    )
    case.get_by_label("파기일", exact=True).fill(day)
    case.get_by_label("파기 담당자").fill("박관리")
    case.get_by_role("button", name="기록").click()
    expect(case).to_have_attribute("data-next", "")
    expect(case.locator(".way .taken")).to_have_count(5)
    record = page.locator("#record")
    for text in ("이경위", "형사과", "032-1", "박관리", day):
        expect(record).to_contain_text(text)
    expect(page.locator("#timeline")).to_contain_text("사본 반출")
    expect(page.locator("#stills img")).not_to_have_count(0)
    assert axe_faults(page) == []
    console.shoot("casefile")


def altered(file: Path) -> Path:
    """The same file with one byte of the picture changed."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    other = file.with_name("altered.zip")
    other.write_bytes(content)
    return other


def test_a_shift_from_the_first_alarm_to_the_closed_case(
    chromium: Browser, demo: Demo, phone: Phone, tmp_path: Path
) -> None:
    with watched_page(chromium, demo.console) as console:
        page = console.page
        page.add_init_script(NO_PICKER)
        began = time.monotonic()
        sign_in(page, demo)
        work_off_the_false_ones(page, demo)
        print(f"{count(demo)} incidents after {time.monotonic() - began:.0f} s")
        incident = take_up_the_true_one(page)
        provide(console, incident)
        print(f"approved after {time.monotonic() - began:.0f} s")
        file = export(console, phone, tmp_path)
        print(f"exported after {time.monotonic() - began:.0f} s")
        destroy(console, demo, incident)
        page.locator("#verify-file").set_input_files(altered(file))
        expect(page.locator("#verified .verdict")).to_have_attribute("data-code", "clip")
        with watched_page(chromium, demo.console, viewport=PHONE) as unit:
            unit.page.goto(link(demo))
            unit.page.wait_for_selector("html[data-ready]")
            expect(unit.page.locator("#case")).to_contain_text("순찰 12호")
            unit.page.get_by_role("button", name="실시간").first.click()
            moment = "() => document.querySelector('#stage video').currentTime"
            wait_until(lambda: float(unit.page.evaluate(moment)) > 0.5, 30, "the unit's picture")
        # Nothing opens it again: the shift is over.
        end(demo, "agent")
        page.goto(f"{demo.console}/incidents/{incident}")
        page.wait_for_selector("html[data-ready] #detail h2")
        page.keyboard.press("e")
        page.keyboard.press("e")
        page.keyboard.press("w")
        page.locator("#shift-began").fill("2020-01-01T00:00:00")
        expect(page.locator("#shift-body tr.moderate td").nth(4)).to_have_text("1")
        console.shoot("shift-over")
        print(f"the shift took {time.monotonic() - began:.0f} s")
    command = [
        sys.executable, "-m", "polewatch", "clip", "verify", str(file), "--json",
        "--authority", str(demo.site.identity("collector") / "ca.pem"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert json.loads(done.stdout)["code"] == "intact"
    rejected = [one for one in entries(demo, "incident.decided") if one["decision"] == "rejected"]
    assert len(rejected) >= INCIDENTS // 2
    assert {one["receiver"] for one in entries(demo, "incident.forwarded")} == {"fire"}
