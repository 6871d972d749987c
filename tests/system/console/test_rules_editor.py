"""The rules editor as a person uses it: a picture, drawing by mouse and keys, a trial, applying."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA
from tests.support.browser import FULL_HD, PHONE, Watched, axe_faults, watched_page
from tests.support.demo import health, sign_in
from tests.support.wait import wait_until

RECORDED_S = 18.0


@pytest.fixture
def editor(chromium: Browser, running_demo: Demo) -> Iterator[Watched]:
    """The page of the demo's camera, loaded."""
    address = f"{running_demo.console}/rules?camera={running_demo.site.device}/{CAMERA}"
    with watched_page(chromium, running_demo.console, viewport=FULL_HD) as watched:
        sign_in(watched.page, running_demo)
        watched.page.goto(address)
        watched.page.wait_for_selector("html[data-ready]")
        yield watched


def give_reasons(page: Page) -> None:
    page.locator("#ask [name=case]").fill("2026-규칙-1")
    page.locator("#ask button.primary").click()


def press_points(page: Page, points: list[tuple[float, float]]) -> None:
    box = page.locator("#shapes").bounding_box()
    assert box is not None
    for x, y in points:
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


def draw_by_mouse(page: Page) -> None:
    page.locator("#new-zone").click()
    press_points(page, [(0.02, 0.66), (0.34, 0.66), (0.34, 0.98), (0.02, 0.98)])
    page.keyboard.press("Enter")
    expect(page.locator("#things [data-id=zone-1]")).to_be_visible()
    # The first corner is dragged onto the far side: the outline crosses itself, and that is said.
    box = page.locator("#shapes").bounding_box()
    first = page.locator("[data-handle=points-0]").bounding_box()
    assert box is not None
    assert first is not None
    page.mouse.move(first["x"] + first["width"] / 2, first["y"] + first["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.8 * box["height"], steps=4)
    page.mouse.up()
    expect(page.locator("#fault-list")).to_contain_text("교차")
    page.locator("#undo").click()
    expect(page.locator("#faults")).to_be_hidden()


def draw_by_keys(page: Page) -> None:
    page.locator("#new-line").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#shapes")).to_be_focused()
    for key in ("Space", "Shift+ArrowRight", "Shift+ArrowRight", "Space", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#things [data-id=line-1]")).to_be_visible()
    handle = page.locator("[data-handle=points-0]")
    expect(handle).to_be_focused()
    expect(handle).to_have_attribute("aria-label", "line-1, 점 1/2, 가로 50 %, 세로 50 %")
    page.keyboard.press("ArrowDown")
    expect(handle).to_have_attribute("aria-label", "line-1, 점 1/2, 가로 50 %, 세로 50.5 %")
    page.keyboard.press("+")
    expect(page.locator("[data-handle]")).to_have_count(3)
    page.keyboard.press("Delete")
    expect(page.locator("[data-handle]")).to_have_count(2)


@pytest.mark.timeout(400)
def test_a_zone_is_drawn_tried_and_applied(editor: Watched, running_demo: Demo) -> None:
    page = editor.page

    def recorded_s() -> float:
        (camera,) = health(running_demo).cameras
        if camera.ring_start is None or camera.ring_end is None:
            return 0.0
        return (camera.ring_end - camera.ring_start).total_seconds()

    expect(page.locator("#told")).to_contain_text("설정 파일의 규칙")
    page.locator("#fetch").click()
    give_reasons(page)
    expect(page.locator("#picture[data-fetched=yes]")).to_be_visible()
    expect(page.locator("#picture-said")).to_have_text("")

    draw_by_mouse(page)
    draw_by_keys(page)
    page.locator("#new-rule").click()
    card = page.locator(".card").last
    card.locator("[id^=zone-]").select_option("zone-1")
    card.locator("[id^=type-]").select_option("loitering")
    card.locator("input[id^=seconds-]").fill("2")
    card.locator("[id^=type-]").focus()
    expect(page.locator("#faults")).to_be_hidden()
    page.locator("[data-profile=forest-fire]").click()
    page.locator("[data-profile=dumping]").click()
    expect(page.locator(".card[data-rule=forest-smoke] legend").first).to_contain_text("02-01")
    expect(page.locator("#things [data-id=dumping]")).to_be_visible()
    expect(page.locator("#faults")).to_be_hidden()
    editor.shoot("rules-ready-full-hd")
    for _ in range(2):
        page.locator("#undo").click()
    expect(page.locator(".card[data-rule=dumping]")).to_have_count(0)
    editor.shoot("rules-drawn-full-hd")

    wait_until(lambda: recorded_s() >= RECORDED_S, 120, "enough recording to try rules on")
    page.locator("#try [name=minutes]").select_option("5")
    page.locator("#try [name=reason]").fill("정문 앞 구역 점검")
    page.locator("#try button[type=submit]").click()
    expect(page.locator("#trial[data-state=running]")).to_be_visible()
    expect(page.locator("#trial[data-state=done]")).to_be_visible(timeout=240_000)
    found = page.locator("#found tr.draft[data-rule=rule-1]").first
    expect(found).to_be_visible()
    expect(page.locator("#found tr.in-force").first).to_be_visible()
    found.get_by_role("button", name="재생").click()
    expect(page.locator("#clip")).to_be_visible(timeout=60_000)
    expect(page.locator(".found-box")).to_have_count(1)
    editor.shoot("rules-tried-full-hd")
    assert axe_faults(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#clip")).to_be_hidden()

    page.locator("#apply [name=reason]").fill("야간 배회 감시")
    page.locator("#apply button").click()
    expect(page.locator("#told")).to_contain_text("장비에 적용됨: 개정 1", timeout=60_000)
    expect(page.locator("#history li.applied").first).to_contain_text("야간 배회 감시")
    editor.shoot("rules-applied-full-hd")
    page.set_viewport_size(PHONE)
    editor.shoot("rules-phone")
    assert axe_faults(page) == []
