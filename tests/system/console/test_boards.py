"""The page of electronic boards and a screen that is one, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from collector.signer.accounts import Account, SignerStore
from tests.support.board_agent import BoardAgent
from tests.support.broker import make_broker, make_city
from tests.support.browser import FULL_HD, PHONE, axe_faults, until, watched_page
from tests.support.centre import Centre

PASSWORD = "correct horse battery"


@pytest.fixture
def sign(tmp_path: Path) -> Iterator[BoardAgent]:
    made = BoardAgent(tmp_path)
    made.set(permanent=[3, "WELCOME"])
    yield made
    made.stop()


@pytest.fixture
def centre(tmp_path: Path, sign: BoardAgent) -> Iterator[Centre]:
    city = make_city(tmp_path / "authority")
    broker = make_broker("nats", city, tmp_path / "broker")
    broker.start()
    usual = {"width_px": 96, "height_px": 32, "charset": "ks", "every_s": 0.5, "group": "station"}
    gate = {
        "id": "gate", "title": "정문 전광판", "title_en": "Gate", "driver": "ntcip",
        "approval": True, "snmp": sign.address(),
    }  # fmt: skip
    square = {"id": "square", "title": "광장 화면", "title_en": "Square", "driver": "web"}
    file = tmp_path / "boards.yaml"
    file.write_text(yaml.safe_dump({"boards": [{**usual, **gate}, {**usual, **square}]}))
    made = Centre(tmp_path / "centre", city, broker, {"boards": str(file)})
    store = SignerStore(made.folder / "signer-data")
    for name, role in (("kim", "operator"), ("park", "supervisor")):
        store.add(Account(name, "centre", (role,)), PASSWORD, datetime.now(UTC))
    store.close()
    made.signer.start()
    made.collector.start()
    yield made
    made.stop()
    broker.stop()


def open_as(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/sign-in?next=/boards")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/boards")
    page.wait_for_selector("html[data-ready]")


def test_a_message_is_written_seen_approved_and_shown(
    chromium: Browser, centre: Centre, sign: BoardAgent
) -> None:
    url = centre.collector.url
    with (
        watched_page(chromium, url, viewport=FULL_HD) as desk,
        watched_page(chromium, url, viewport=PHONE, scheme="light") as phone,
        watched_page(chromium, url, viewport={"width": 960, "height": 320}) as screen,
    ):
        phone.expected = screen.expected = ("ERR_", "Failed to load resource")
        desk.expected = phone.expected
        page = desk.page
        open_as(page, url, "kim")
        gate, square = page.locator("[data-board=gate]"), page.locator("[data-board=square]")
        expect(gate.locator(".text")).to_have_text("WELCOME")
        expect(square.locator(".why")).to_contain_text("열려 있는 화면이 없습니다")
        open_as(phone.page, url, "park")
        phone.page.click("[data-board=square] button:has-text('화면 연결 주소')")
        link = phone.page.locator("[data-board=square] .link code").text_content()
        assert link is not None
        screen.page.clock.install()
        screen.page.goto(link)
        screen.page.wait_for_selector("html[data-ready]")
        expect(square).to_have_attribute("data-status", "idle")

        # What does not fit is told before it is sent, in the board's own picture.
        page.check("input[value=station]")
        page.fill("textarea", "정문 앞 도로 공사 중입니다")
        preview = page.locator("[data-preview=gate]")
        expect(preview.locator(".faults li")).to_contain_text("줄이 너무 깁니다")
        page.fill("textarea", "도로 공사 중\n우회하십시오")
        expect(preview.locator(".good")).to_be_visible()
        desk.shoot("boards-preview")
        assert axe_faults(page) == []
        page.click("#write button[type=submit]")
        expect(page.locator("#said")).to_have_text("다른 사람의 승인을 기다립니다.")
        row = page.locator("#messages tr[data-message]")
        expect(row.locator("button")).to_have_text(["반려"])
        other = phone.page.locator("#messages tr[data-message]")
        other.locator("button:has-text('승인')").click()

        expect(gate.locator(".text")).to_have_text("도로 공사 중\n우회하십시오")
        expect(square).to_have_attribute("data-status", "shows")
        assert "[nl]" in sign.shows
        face = screen.page.locator("#face")
        expect(face).to_have_attribute("data-shows", "도로 공사 중[nl]우회하십시오")
        screen.shoot("boards-screen")
        desk.shoot("boards")
        phone.shoot("boards-phone")
        assert axe_faults(phone.page) == []
        assert axe_faults(screen.page) == []
        gate.locator("button:has-text('기록')").click()
        expect(page.locator("#log tr").first).to_contain_text("표시 확인")
        desk.shoot("boards-log")
        page.click("#log-close")

        # The link is cut for good: the screen ends it by itself, when its time is over.
        centre.collector.kill()
        screen.page.clock.fast_forward("50:00")
        assert face.get_attribute("data-shows") != ""
        screen.page.clock.fast_forward("11:00")
        until(screen.page, lambda: face.get_attribute("data-shows") == "", "the end of its time")
