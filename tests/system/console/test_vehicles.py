"""A vehicle is searched for across two poles by an operator, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.broker import make_broker, make_city
from tests.support.browser import FULL_HD, PHONE, axe_faults, watched_page
from tests.support.centre import Centre
from tests.support.told import Process
from tests.support.wait import wait_until
from tests.system.plates.poles import given_pole

PASSWORD = "correct horse battery"
HERE, THERE = (37.5371, 126.7377), (37.5385, 126.7377)
POLES = {"pole-001-1": ("정문", HERE), "pole-002-1": ("북문", THERE)}


class City:
    """A centre with an operator and an officer, and two poles with diaries."""

    def __init__(self, folder: Path) -> None:
        self.authority = make_city(folder / "authority")
        self.broker = make_broker("nats", self.authority, folder / "broker")
        self.broker.start()
        cameras = [
            {
                "device": name, "camera": "cam-1", "title": title, "title_en": f"Gate {name}",
                "lat": lat, "lon": lon,
            }
            for name, (title, (lat, lon)) in POLES.items()
        ]  # fmt: skip
        self.centre = Centre(folder / "centre", self.authority, self.broker, {"cameras": cameras})
        self.poles = {
            name: given_pole(self.authority, self.broker, folder / name, device=name)
            for name in POLES
        }

    def start(self) -> None:
        self.centre.add_person("oper", PASSWORD, "centre", "operator")
        self.centre.signer.start()
        self.centre.collector.start()
        for pole in self.poles.values():
            pole.start()
        wait_until(lambda: self.online() == set(POLES), 60, "both poles")

    def online(self) -> set[str]:
        return {one.device for one in self.centre.reader().devices() if one.online}

    def passed(self, pole: str, plate: str) -> None:
        assert self.poles[pole].say(plate)["passed"] == plate

    def kill(self, pole: str) -> Process:
        """It is gone, and its last will says so."""
        gone = self.poles[pole]
        gone.kill()
        wait_until(lambda: pole not in self.online(), 60, "the last will")
        return gone

    def ledger(self, kind: str) -> list[dict[str, str]]:
        rows = self.centre.rows(
            "SELECT f.fields FROM ledger l JOIN ledger_fields f USING (number)"
            " WHERE l.kind = ? ORDER BY number",
            kind,
        )
        return [json.loads(row["fields"]) for row in rows]

    def stop(self) -> None:
        for pole in self.poles.values():
            pole.kill()
        self.centre.stop()
        self.broker.stop()


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def opened(page: Page, url: str) -> None:
    page.goto(f"{url}/sign-in?next=/vehicles")
    page.wait_for_selector("html[data-ready] #sign-in")
    page.locator("[name=name]").fill("oper")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-ready] #ask")


def test_an_operator_follows_a_car_over_two_poles(chromium: Browser, city: City) -> None:
    for pole, plate in (
        ("pole-001-1", "12가3456"),
        ("pole-002-1", "12가3456"),
        ("pole-001-1", "78도9012"),
    ):
        city.passed(pole, plate)
    url = city.centre.collector.url
    with watched_page(chromium, url, viewport=FULL_HD) as watched:
        page = watched.page
        watched.expected = ("400 (Bad Request)",)
        opened(page, url)
        page.locator("[name=pattern]").fill("12가34??")
        page.locator("[name=case]").fill("2026-17")
        page.locator("[name=agency]").select_option("police")
        page.locator("[name=purpose]").fill("뺑소니 차량 추적")
        page.locator("[name=end]").fill("2030-01-01T00:00")
        page.keyboard.press("Enter")
        expect(page.locator("#said")).to_contain_text("31 days")
        start = page.locator("[name=start]").input_value()
        page.locator("[name=end]").evaluate(
            "(field, start) => { const end = new Date(start + 'Z');"
            " end.setUTCDate(end.getUTCDate() + 2);"
            " field.value = end.toISOString().slice(0, 16); }",
            start,
        )
        page.keyboard.press("Enter")
        expect(page.locator("#progress")).to_contain_text("폴 2곳 중 2곳 응답")
        route = page.locator("article.route")
        expect(route).to_have_count(1)
        expect(route.locator("h3")).to_have_text("12가3456")
        expect(route.locator("li")).to_have_count(2)
        expect(route.locator("li").nth(0)).to_contain_text("정문")
        expect(route.locator("li").nth(1)).to_contain_text("북문")
        expect(route.locator(".leg")).to_contain_text("156 m")
        assert axe_faults(page) == []
        watched.shoot("vehicles")
        (entry,) = city.ledger("plates.searched")
        assert (entry["person"], entry["case"], entry["pattern"]) == ("oper", "2026-17", "12가34??")
        wait_until(lambda: len(city.ledger("pole.plates.searched")) == 2, 30, "the poles' audit")

        city.kill("pole-002-1")
        page.locator("[name=pattern]").fill("9012")
        page.keyboard.press("Enter")
        expect(page.locator("#late-count")).to_have_text("응답 없는 폴 1곳")
        page.locator("#late-count").click()
        expect(page.locator("#late-list")).to_contain_text("pole-002-1")
        expect(page.locator("article.route h3")).to_have_text("78도9012")
        page.set_viewport_size(PHONE)
        page.locator("#found-title").scroll_into_view_if_needed()
        assert axe_faults(page) == []
        watched.shoot("vehicles-phone")
        page.locator("#forget").click()
        expect(page.locator("#routes")).to_have_text("결과를 지웠습니다.")
        assert len(city.ledger("plates.forgotten")) == 1
