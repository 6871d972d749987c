"""A shift at the desk: twenty incidents, twelve false and eight true, until the one case is closed.

Broker, collector, signer, agent with the demo's clip, police, fire and centre run as processes of
their own; a second pole tells the other nineteen over MQTT. Everything is done with keys and
buttons, as an operator does it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from polewatch.demo.run import Demo
from polewatch.demo.site import Asked
from tests.support.browser import PHONE, Watched, axe_faults, until, watched_page
from tests.support.console_store import street_still
from tests.support.demo import (
    BUSY,
    QUARTERS,
    end,
    first_alarm,
    forked,
    reader,
    running,
    sign_in,
)
from tests.support.device import SimDevice, Wired, finding
from tests.support.ledger import entries
from tests.support.phone import Phone, phone_of
from tests.support.wait import wait_until
from tests.system.console.test_export import NO_PICKER, ask, offered, save
from tests.system.console.test_unit import link
from tests.system.console.test_video import confirm_and_play
from wire.event import Event
from wire.names import new_id

OTHER = "pole-002-1"
CAMERAS = {"market": "작전시장", "park": "계산공원", "school": "부평초교", "river": "서부천"}
NEIGHBOURS: list[Asked] = [
    {"device": OTHER, "camera": name, "title": title, "lat": 37.538 + n / 1000, "lon": 126.74}
    for n, (name, title) in enumerate(CAMERAS.items())
]
# One alarm of the running pole in all; the clip is long enough to be taken.
RULES: list[Asked] = [{**BUSY[0], "cooldown_s": 3600}]


@dataclass(frozen=True)
class Happening:
    """What a camera tells, and what an operator makes of it; the routes tell `told` of it."""

    type: str
    camera: str
    severity: str
    true: bool
    told: str
    forward: str | None = None
    note: str | None = None

    def event(self, finding_id: str, phase: str, still: bytes) -> Event:
        return finding(
            finding_id=finding_id,
            phase=phase,
            type=self.type,
            camera=self.camera,
            severity=self.severity,
            still=still,
        )


def _false(type: str, severity: str, told: str, *cameras: str) -> tuple[Happening, ...]:
    return tuple(Happening(type, camera, severity, False, told) for camera in cameras)


NIGHT = (
    *_false("loitering", "minor", "centre", *CAMERAS),
    *_false("line_crossing", "minor", "centre", "market", "park"),
    *_false("abandonment", "moderate", "centre", "river"),
    *_false("crowd", "moderate", "centre", "market"),
    *_false("intrusion", "moderate", "police", "school", "river"),
    *_false("fight", "severe", "police", "park"),
    *_false("fire", "severe", "fire", "school"),
    Happening("fire", "market", "severe", True, "fire", "police", "시장 통로 연기, 대피 방송"),
    Happening("smoke", "river", "severe", True, "fire"),
    Happening("fall", "park", "severe", True, "fire", note="보호자 연락됨"),
    Happening("fall", "school", "severe", True, "fire"),
    Happening("fight", "river", "severe", True, "police", note="2명, 한 명이 흉기 소지"),
    Happening("intrusion", "market", "moderate", True, "police"),
    Happening("crowd", "park", "moderate", True, "centre", "police"),
)
FALSE = sum(not one.true for one in NIGHT)
TRUE = len(NIGHT) - FALSE + 1
"""With the one that the running pole tells."""
NAMES = {"police": "경찰 112", "fire": "소방 119", "centre": "관제센터"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("shift")
    made = Demo(folder, zones=QUARTERS, rules=RULES, neighbours=NEIGHBOURS, launch=forked)
    with running(made):
        first_alarm(made)
        yield made


@pytest.fixture(scope="module")
def phone(demo: Demo) -> Phone:
    return phone_of(demo)


@dataclass
class BrokerAt:
    """Where the demo's broker listens."""

    host: str
    port: int


def tell(demo: Demo) -> dict[str, Happening]:
    """The second pole tells the night; returns what happened by incident."""
    site = demo.site
    device = SimDevice.load(site.folder / "authority/register.yaml", site.identity(OTHER))
    wired = Wired(device, BrokerAt("localhost", site.ports.broker)).connect()
    try:
        for number, one in enumerate(NIGHT):
            picture = street_still((20, 120, 240)[number % 3])
            wired.still(picture)
            known = new_id()
            phases = ("open",) if one.true else ("open", "close")
            wired.send(*(device.put(one.event(known, phase, picture)) for phase in phases))
        wait_until(lambda: not wired.hear().outbox, 60, "receipts for all that the pole told")
    finally:
        wired.close()
    store = reader(demo)
    try:
        rows = store.incidents(100).incidents
    finally:
        store.close()
    told = {(one.type, one.camera): one for one in NIGHT}
    assert len(rows) == len(NIGHT) + 1
    return {row.incident_id: told[row.type, row.camera] for row in rows if row.device == OTHER}


def work_off(page: Page, night: dict[str, Happening]) -> None:
    """Whatever stands first among the undecided, until only the running pole's is left."""
    page.locator("#filter-state").select_option("waiting")
    if page.locator("#grouping").get_attribute("aria-pressed") == "true":
        page.keyboard.press("g")
    left = set(night)
    while left:
        row = page.locator(",".join(f"#row-{one}" for one in left)).first
        incident = str(row.get_attribute("data-id"))
        row.click()
        expect(page.locator("#detail h2")).to_be_visible()
        one = night[incident]
        if one.true:
            take_up(page, one)
        else:
            page.keyboard.press("n")
            page.keyboard.press("n")
        expect(page.locator(f"#row-{incident}")).to_have_count(0)
        left.remove(incident)


def take_up(page: Page, one: Happening) -> None:
    """Confirmed; its agency has acknowledged it; forwarded by hand and noted where it must be."""
    expect(told_of(page, one.told)).to_contain_text("✓ 수신 확인")
    page.keyboard.press("y")
    page.keyboard.press("y")
    expect(page.locator("#detail .title .mark").first).to_have_text("사실 확인")
    if one.forward is not None:
        forward(page, one.forward)
    if one.note is not None:
        note(page, one.note)


def told_of(page: Page, agency: str) -> Locator:
    return page.locator("#detail .deliveries").first.locator("li", has_text=NAMES[agency])


def forward(page: Page, agency: str) -> None:
    """Key T, to an agency that the routes did not tell; it acknowledges."""
    page.keyboard.press("t")
    expect(page.locator("#forward-receivers input:checked")).to_be_focused()
    page.locator("#forward-receivers label", has_text=NAMES[agency]).click()
    page.keyboard.press("Enter")
    expect(page.locator("#forward-dialog")).to_be_hidden()
    expect(told_of(page, agency)).to_contain_text("✓ 수신 확인")


def note(page: Page, text: str) -> None:
    """Key R."""
    page.keyboard.press("r")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("#detail .steps")).to_contain_text(text)


def take_up_the_one_that_is_filmed(page: Page) -> str:
    """The running pole's, of which there is video."""
    row = page.locator(".row").first
    incident = str(row.get_attribute("data-id"))
    row.click()
    expect(page.locator("#detail h2")).to_be_visible()
    take_up(page, Happening("intrusion", "street", "moderate", True, "police"))
    forward(page, "fire")
    note(page, "순찰차 2대 출동")
    assert axe_faults(page) == []
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


def totals(page: Page) -> list[int]:
    """What the shift's table sums up to."""
    cells = (
        "rows => rows.map(row => Array.from(row.cells, cell => Number(cell.textContent)).slice(1))"
    )
    rows = page.locator("#shift-body tbody tr").evaluate_all(cells)
    return [sum(row[column] for row in rows) for column in (0, 2, 3, 4)]


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
        night = tell(demo)
        work_off(page, night)
        print(f"nineteen decided after {time.monotonic() - began:.0f} s")
        incident = take_up_the_one_that_is_filmed(page)
        provide(console, incident)
        print(f"approved after {time.monotonic() - began:.0f} s")
        file = export(console, phone, tmp_path)
        print(f"exported after {time.monotonic() - began:.0f} s")
        destroy(console, demo, incident)
        page.locator("#verify-file").set_input_files(altered(file))
        expect(page.locator("#verified .verdict")).to_have_attribute("data-code", "altered")
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
        # Came, confirmed, rejected and closed, of all severities together.
        wanted = [len(night) + 1, TRUE - 1, FALSE, 1]
        until(page, lambda: totals(page) == wanted, f"the shift's totals, {wanted}")
        console.shoot("shift-over")
        print(f"the shift took {time.monotonic() - began:.0f} s")
    command = [
        sys.executable, "-m", "polewatch", "clip", "verify", str(file), "--json",
        "--authority", str(demo.site.identity("collector") / "ca.pem"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert json.loads(done.stdout)["code"] == "intact"
    decided = Counter(one["decision"] for one in entries(demo, "incident.decided"))
    assert decided == {"rejected": FALSE, "confirmed": TRUE, "closed": 1}
    by_hand = Counter(one["receiver"] for one in entries(demo, "incident.forwarded"))
    assert by_hand == {"police": 2, "fire": 1}
    demo.tick()
    # What each agency was told by its own channel, and answered.
    assert len(demo.books.acknowledged["police"]) == 4 + 2 + 2
    assert len(demo.books.acknowledged["fire"]) == 5 + 1
