"""A unit's link on a phone: the case, the map, ranked anew by its position, and the picture."""

from __future__ import annotations

import httpx
from playwright.sync_api import Browser, Page, expect

from polewatch.demo.run import Demo
from polewatch.demo.site import PERSON
from tests.support.browser import PHONE, axe_faults, watched_page
from tests.support.demo import first_alarm, sign_in
from tests.support.ledger import entries
from tests.support.wait import wait_until

BASIS = "개인정보 보호법 제18조제2항제3호"


def link(demo: Demo) -> str:
    """What the room sends to a unit's phone, for a place near the demo's camera."""
    headers = {"X-Polewatch": "1"}
    with httpx.Client(base_url=demo.console, headers=headers, timeout=60) as room:
        room.post("/api/sign-in", json={"name": PERSON, "password": demo.secret})
        asked = {
            "place": {"lat": 37.5371, "lon": 126.7379},
            "agency": "police",
            "case": "112-2026-9 <b id=x>",
            "purpose": "출동 <b id=x>",
            "basis": BASIS,
        }
        answer = room.post("/api/services/police-dispatch", json=asked)
        assert answer.status_code == 201, answer.text
        case = f"/api/services/cases/{answer.json()['case_id']}"
        assert room.post(f"{case}/approval").status_code == 200
        answer = room.post(f"{case}/unit", json={"unit": "순찰 12호 <b id=x>", "minutes": 30})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["url"])


def tells_where_it_is(chromium: Browser, demo: Demo, page: Page) -> None:
    """The room sees the unit once the officer has pressed for it, until he presses again."""
    with watched_page(chromium, demo.console) as room:
        sign_in(room.page, demo)
        room.page.goto(f"{demo.console}/map")
        room.page.wait_for_selector("html[data-ready]")
        unit = room.page.locator("#units li")
        expect(unit).to_have_count(0)
        locate = page.locator("#locate")
        locate.click()
        expect(page.locator("#map .sign.here")).to_have_count(1)
        expect(locate).to_have_attribute("aria-pressed", "true")
        expect(unit).to_contain_text("순찰 12호 <b id=x>")
        expect(unit).to_contain_text("현장까지 24 m")
        assert axe_faults(room.page) == []
        room.shoot("map-unit-live")
        locate.click()
        expect(unit).to_have_count(0)
        expect(page.locator("#map .sign.here")).to_have_count(0)
        told = [one for one in entries(demo, "personal.read") if one.get("asked") == "units=true"]
        assert {(one["person"], one["what"]) for one in told} == {(PERSON, "map")}
        locate.click()
        expect(unit).to_have_count(1)
        assert "37.5369" not in str(entries(demo, "personal.read"))


def test_the_case_is_open_on_a_phone_without_an_account(
    chromium: Browser, running_demo: Demo
) -> None:
    first_alarm(running_demo)
    with watched_page(chromium, running_demo.console, viewport=PHONE) as watched:
        page = watched.page
        page.context.grant_permissions(["geolocation"])
        page.context.set_geolocation({"latitude": 37.5369, "longitude": 126.7380})
        sent = link(running_demo)
        page.goto(sent)
        page.wait_for_selector("html[data-ready]")
        expect(page.locator("#case")).to_contain_text("순찰 12호")
        expect(page.locator("#case")).to_contain_text("<b id=x>")
        assert page.locator("b#x").count() == 0
        # It goes on where it was opened, and opens nowhere else.
        page.reload()
        expect(page.locator("#case")).to_contain_text("순찰 12호")
        with watched_page(chromium, running_demo.console, viewport=PHONE) as thief:
            thief.expected = ("401",)
            thief.page.goto(sent)
            expect(thief.page.locator("#problem")).to_contain_text("이미 연 링크")
            assert thief.page.locator("#cameras li, #stills img").count() == 0
        expect(page.locator("#map .sign.scene")).to_have_count(1)
        # Each camera of the list stands on the map with its number and what it sees.
        expect(page.locator("#map .sign.camera").first).to_have_text("1")
        expect(page.locator("#map path.wedge")).not_to_have_count(0)
        expect(page.locator("#map path.ring")).to_have_count(5)
        expect(page.locator("#rings")).to_contain_text("1분 이내")
        overflow = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0
        tells_where_it_is(chromium, running_demo, page)
        assert axe_faults(page) == []
        watched.shoot("unit-map")
        page.get_by_role("button", name="실시간").first.click()
        time = "() => document.querySelector('#stage video').currentTime"
        wait_until(lambda: float(page.evaluate(time)) > 1.0, 60, "a moving picture")
        watched.shoot("unit-live")
