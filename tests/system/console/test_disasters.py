"""A disaster room's alert on the console, in a real browser: seen, decided, watched, cancelled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
import yaml
from playwright.sync_api import Browser, expect

from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA
from tests.support.browser import ATTACK, PHONE, Watched, axe_faults, is_text, watched_page
from tests.support.demo import end, reader, sign_in
from tests.support.disaster_room import Room, circle, info
from tests.support.wait import wait_until

SECRET = b"0123456789abcdef0123456789abcdef"
HERE = circle(37.5371, 126.7377, 200)


@pytest.fixture(scope="module")
def demo(running_demo: Demo) -> Demo:
    """With a disaster room whose cases are the fire service's."""
    site = running_demo.site
    secret = site.collector_config.parent / "room.secret"
    secret.write_bytes(SECRET)
    settings = yaml.safe_load(site.collector_config.read_text())
    room = {"name": "incheon", "secret_file": str(secret), "agency": "fire"}
    site.collector_config.write_text(
        yaml.safe_dump({**settings, "disaster_rooms": [room]}, allow_unicode=True)
    )
    end(running_demo, "collector")
    running_demo.start("collector")

    def live() -> bool:
        return any(one.online and one.state == "up" for one in reader(running_demo).cameras())

    wait_until(live, 60, "the camera")
    return running_demo


@pytest.fixture
def page(chromium: Browser, demo: Demo) -> Iterator[Watched]:
    with watched_page(chromium, demo.console) as watched:
        sign_in(watched.page, demo)
        watched.page.get_by_role("button", name="더보기").click()
        watched.page.get_by_role("link", name="재난 경보").click()
        watched.page.wait_for_selector("html[data-ready] #enter", state="attached")
        yield watched


def test_a_room_s_alert_is_seen_decided_watched_and_cancelled(page: Watched, demo: Demo) -> None:
    at = page.page
    # The demo's camera has one stream alone: asked for its small one, it says so.
    page.expected = ("409",)
    with httpx.Client(base_url=demo.console, timeout=60) as machine:
        room = Room(machine, "/api/services/cap/incheon", SECRET, lambda: datetime.now(UTC), HERE)
        drill = room.alert(status="Exercise")
        # Whatever a room writes stays text.
        there = replace(HERE, desc=ATTACK)
        said = info(there, headline=ATTACK, event=f"호우경보 {ATTACK}", description=ATTACK)
        real = room.alert(infos=(said,))
        room.send(drill)
        room.send(real)
        room.refused(room.alert(status="Draft"), 400)
        expect(at.locator("article")).to_have_count(2)
        marked = at.locator("article[data-drill]")
        expect(marked).to_have_count(1)
        expect(marked).to_contain_text("훈련")
        expect(at.locator("#messages")).to_contain_text("Draft")
        case = at.locator("article:not([data-drill])")
        expect(case).not_to_contain_text("훈련")
        expect(case).to_contain_text(f"호우경보 {ATTACK}")
        is_text(at)
        expect(case).to_contain_text(f"/ {CAMERA}")
        expect(case.get_by_role("button", name="실시간")).to_have_count(0)
        case.get_by_role("button", name="승인").click()
        case.get_by_role("button", name="실시간").click()
        time = "() => document.querySelector('#stage video').currentTime"
        wait_until(lambda: float(at.evaluate(time)) > 1.0, 60, "a moving picture")
        assert axe_faults(at) == []
        page.shoot("disaster-live")
        at.locator("#stop").click()
        case.get_by_role("link", name="영상 월에서 보기").click()
        expect(at.locator("#ask [name=case]")).to_have_value(re.compile("^KR-2/"))
        expect(at.locator("#wall")).to_contain_text("계양대로")
        at.goto(f"{page.origin}/disasters")
        room.send(room.alert("Cancel", real))
        expect(at.locator("article")).to_have_count(1)
        at.set_viewport_size(PHONE)
        page.shoot("disaster-phone")
        assert at.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        room.send(room.alert("Cancel", drill, status="Exercise"))
        expect(at.locator("article")).to_have_count(0)


def test_an_operator_enters_one(page: Watched) -> None:
    at = page.page
    page.expected = ("422",)
    at.locator("#entering summary").click()
    for name, text in (
        ("event", "건물 붕괴"), ("headline", "벽체 일부 붕괴"), ("agency", "fire"),
        ("case", "D-7"), ("purpose", "구조"), ("circle", "126.7377, 37.5371, 100"),
    ):  # fmt: skip
        at.locator(f"#enter [name={name}]").fill(text)
    at.locator("#enter [name=drill]").check()
    page.shoot("disaster-enter")
    at.get_by_role("button", name="경보 발령").click()
    expect(at.locator("#problem")).to_contain_text("위도와 경도가 바뀌었습니다")
    at.locator("#enter [name=circle]").fill("37.5371, 126.7377, 100")
    at.get_by_role("button", name="경보 발령").click()
    alert = at.locator("article[data-drill]", has_text="붕괴")
    expect(alert).to_contain_text("건물 붕괴")
    expect(alert).to_contain_text("구역 안에 있음")
    alert.get_by_role("button", name="내용 변경").click()
    expect(at.locator("#enter [name=circle]")).to_have_value("37.5371, 126.7377, 100")
    at.locator("#enter [name=headline]").fill("전면 붕괴")
    at.locator("#enter [name=circle]").fill("37.5371, 126.7377, 100; 37.5380, 126.7377, 20")
    at.locator("#enter-send").click()
    expect(alert).to_contain_text("전면 붕괴")
    expect(at.locator("#entering")).not_to_have_attribute("open", "")
    alert.get_by_role("button", name="종결").click()
    expect(alert).to_have_count(0)
    at.goto(f"{page.origin}/disasters?circle=37.5371,126.7377,50")
    expect(at.locator("#enter [name=circle]")).to_have_value("37.5371,126.7377,50")
    expect(at.locator("#enter-send")).to_be_visible()
