"""The console's scrub bar and controls, in a real browser against the whole of Polewatch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Page, Request, expect

from polewatch.demo.run import Demo
from tests.support.browser import PHONE, Watched, axe_faults, watched_page
from tests.support.demo import end, first_alarm, recorded_s, sign_in
from tests.support.wait import wait_until
from tests.system.console.test_video import confirm_and_play, sample

RECORDED_S = 20


@pytest.fixture(scope="module")
def demo(running_demo: Demo) -> Demo:
    """The demo, once its first incident has some time behind it that a clip can show."""
    first_alarm(running_demo)
    wait_until(lambda: recorded_s(running_demo) > RECORDED_S, 90, "a recording")
    return running_demo


@pytest.fixture
def console(chromium: Browser, demo: Demo) -> Iterator[Watched]:
    with watched_page(chromium, demo.console) as watched:
        sign_in(watched.page, demo)
        yield watched


def _told(page: Page, name: str, value: str) -> None:
    """Wait until the session's state, as the pole told it, is this."""
    expect(page.locator(".viewing")).to_have_attribute(f"data-{name}", value, timeout=60_000)


def _head(page: Page) -> float:
    """Where the bar's head stands, in seconds since 1970."""
    return float(page.locator(".track").get_attribute("aria-valuenow") or 0)


def _grants(page: Page) -> list[Request]:
    asked: list[Request] = []
    page.on("request", lambda one: asked.append(one) if one.url.endswith("/api/grants") else None)
    return asked


def test_the_bar_shows_what_is_there_and_seeks_without_a_new_grant(console: Watched) -> None:
    page = console.page
    page.locator(".row", has_text="침입").first.click()
    expect(page.locator(".bar-line .recorded").first).to_be_attached()
    expect(page.locator(".bar-line .event").first).to_be_attached()
    asked = _grants(page)
    confirm_and_play(page)
    _told(page, "mode", "recorded")
    expect(page.locator(".bar-line .granted")).to_have_count(1)
    start = _head(page)
    wait_until(lambda: _head(page) > start + 3, 40, "the clip to run")
    page.keyboard.press("Space")
    _told(page, "paused", "true")
    still, before = sample(page)["time"], _head(page)
    granted = page.locator(".bar-line .granted").bounding_box()
    assert granted is not None
    page.mouse.click(granted["x"] + 1, granted["y"] + granted["height"] / 2)
    _told(page, "paused", "false")
    wait_until(lambda: _head(page) < before, 20, "the head to go back")
    wait_until(lambda: sample(page)["time"] > still, 40, "the picture to go on")
    assert len(asked) == 1
    console.shoot("bar")
    assert axe_faults(page) == []


def test_speed_is_the_pole_s_and_more_is_seen_in_less_time(console: Watched) -> None:
    page = console.page
    page.locator(".row", has_text="침입").first.click()
    confirm_and_play(page)
    page.get_by_label("배속").select_option("8")
    _told(page, "speed", "8")
    before = _head(page)
    wait_until(lambda: _head(page) > before + 8, 40, "quick motion")


def test_back_two_minutes_then_live(console: Watched) -> None:
    page = console.page
    asked = _grants(page)
    confirm_and_play(page, "b")
    _told(page, "mode", "live")
    rights = (asked[0].post_data_json or {})["rights"]
    assert rights == ["live", "recorded"]
    expect(page.get_by_role("button", name="실시간", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    assert sample(page)["spread"] > 10
    # What is live has no speed; it has streams, and this camera only one.
    expect(page.get_by_label("배속")).to_have_count(0)
    console.expected = ("409",)
    page.get_by_label("스트림").select_option("sub")
    expect(page.locator(".transport .said")).to_contain_text("보조 스트림이 없음")
    expect(page.get_by_label("스트림")).to_have_value("main")


def test_outside_of_what_was_granted_another_grant_is_asked_for(console: Watched) -> None:
    page = console.page
    page.locator(".row", has_text="침입").first.click()
    confirm_and_play(page, "l")
    _told(page, "mode", "live")
    asked = _grants(page)
    newest = page.locator(".bar-line .recorded").last.bounding_box()
    assert newest is not None
    track = page.locator(".track").bounding_box()
    assert track is not None
    page.mouse.click(newest["x"] + newest["width"] / 2, track["y"] + track["height"] / 2)
    _told(page, "mode", "recorded")
    wait_until(lambda: sample(page)["time"] > 0.5, 60, "the recording")
    assert [one.post_data_json["rights"] for one in asked if one.post_data_json] == [["recorded"]]


def test_a_picture_is_kept_marked_and_entered(console: Watched, tmp_path: Path) -> None:
    page = console.page
    confirm_and_play(page, "l")
    _told(page, "mode", "live")
    with page.expect_download() as download, page.expect_response("**/snapshot?*") as noted:
        page.keyboard.press("s")
    assert noted.value.status == 204
    kept = tmp_path / "kept.png"
    download.value.save_as(kept)
    import cv2

    picture = cv2.imread(str(kept))
    assert picture is not None
    size = page.evaluate(
        "() => [...document.querySelectorAll('.stage video')].map("
        "(video) => [video.videoWidth, video.videoHeight])[0]"
    )
    assert picture.shape[1] == size[0]
    band = picture[size[1] :]
    assert band.shape[0] >= 28
    # White writing on black below the picture.
    assert 0 < (band > 200).mean() < 0.5
    expect(page.locator(".transport .said")).to_contain_text("저장한 화면")
    console.shoot("snapshot")


def test_full_screen_and_back(console: Watched) -> None:
    page = console.page
    confirm_and_play(page, "l")
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement?.className === 'viewing'")
    expect(page.locator(".track")).to_be_visible()
    console.shoot("full-screen")
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement === null")


def test_on_a_telephone_the_controls_are_all_in_reach(chromium: Browser, demo: Demo) -> None:
    with watched_page(chromium, demo.console, viewport=PHONE, scheme="light") as watched:
        sign_in(watched.page, demo)
        page = watched.page
        page.locator(".row").first.click()
        confirm_and_play(page, "l")
        for name in ("일시 정지", "화면 저장", "전체 화면", "2분 전부터"):
            box = page.get_by_role("button", name=name).bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE["width"]
        watched.shoot("viewing-phone")
        assert axe_faults(page) == []


def test_with_its_grant_the_picture_ends_and_the_page_says_so(console: Watched, demo: Demo) -> None:
    page = console.page
    config = demo.site.signer_config
    before = config.read_text()
    try:
        end(demo, "signer")
        config.write_text(yaml.safe_dump({**yaml.safe_load(before), "grant_minutes": 0.25}))
        demo.start("signer")
        confirm_and_play(page, "l")
        _told(page, "mode", "live")
        message = page.locator(".stage .message[role=alert]")
        expect(message).to_contain_text("열람 허가 시간이 끝났습니다", timeout=60_000)
        expect(page.locator(".stage video")).to_have_count(0)
        console.shoot("grant-ended")
    finally:
        end(demo, "signer")
        config.write_text(before)
        demo.start("signer")
    # The same reasons, a new grant.
    page.get_by_role("button", name="다시 열기").click()
    wait_until(lambda: sample(page)["time"] > 0.5, 60, "live again")
