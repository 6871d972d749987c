"""From an alarm to the moving picture, in a real browser against the whole of Polewatch."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, Page, Request, expect

from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA, PERSON
from tests.support.browser import FULL_HD, Watched, axe_faults, until, watched_page
from tests.support.demo import end, first_alarm, health, kill, reader, sign_in
from tests.support.ledger import entries
from tests.support.wait import wait_until

# Mean brightness, its spread over the picture, and a sparse copy to compare two moments by.
SAMPLE = """() => {
  const video = document.querySelector(".stage video");
  const canvas = new OffscreenCanvas(64, 48);
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 64, 48);
  const { data } = context.getImageData(0, 0, 64, 48);
  const grey = [];
  for (let i = 0; i < data.length; i += 4) grey.push((data[i] + data[i + 1] + data[i + 2]) / 3);
  const mean = grey.reduce((a, b) => a + b) / grey.length;
  const spread = Math.sqrt(grey.reduce((a, b) => a + (b - mean) ** 2, 0) / grey.length);
  return { mean, spread, grey, time: video.currentTime };
}"""

# The page's own player on a range of the test's choice; what it said at the end, and how long
# after the first picture.
PLAY_SHORT = """async ([words, what]) => {
  const base = words.replace(/words\\/.*/, "js/");
  const { Session } = await import(base + "player.js");
  const video = document.createElement("video");
  video.muted = true;
  document.body.append(video);
  return new Promise((resolve, reject) => {
    let first = null;
    const session = new Session(video, (error) =>
      resolve({ error: error && error.problem.code, seconds: (performance.now() - first) / 1000 }));
    session.open(what).then(
      () => { first = performance.now(); },
      (error) => reject(new Error(JSON.stringify(error.problem))));
  });
}"""


@pytest.fixture(scope="module")
def demo(running_demo: Demo) -> Demo:
    """The demo, once the police know of a first incident."""
    first_alarm(running_demo)
    return running_demo


@pytest.fixture
def console(chromium: Browser, demo: Demo) -> Iterator[Watched]:
    """The queue of somebody who signed in by the door."""
    with watched_page(chromium, demo.console) as watched:
        sign_in(watched.page, demo)
        yield watched


def confirm_and_play(page: Page, key: str = "p") -> None:
    page.keyboard.press(key)
    expect(page.locator(".ask button.primary")).to_be_focused()
    page.keyboard.press("Enter")
    wait_until(lambda: played(page) > 1.0, 60, f"a moving picture; stage: {stage(page)}")


def played(page: Page) -> float:
    return float(page.evaluate("() => document.querySelector('.stage video')?.currentTime ?? 0"))


def stage(page: Page) -> str:
    return page.locator(".stage").inner_text()


def sample(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(SAMPLE)
    return found


def add_person(demo: Demo, name: str) -> None:
    """An account of the test's own, with a password that nobody knows."""
    command = [
        sys.executable, "-m", "polewatch", "collector", "user", "add", name,
        "--config", str(demo.site.signer_config), "--agency", "centre",
        "--role", "operator", "--password-stdin",
    ]  # fmt: skip
    subprocess.run(command, input=f"{demo.secret}-other\n", text=True, timeout=90, check=True)


def test_a_wrong_password_is_told_in_words_and_too_many_lock(chromium: Browser, demo: Demo) -> None:
    add_person(demo, "forgetful")
    with watched_page(chromium, demo.console) as watched:
        watched.expected = ("401", "429")
        page = watched.page
        page.goto(f"{demo.console}/")
        page.locator("[name=name]").fill("forgetful")
        problem, button = page.locator("#problem"), page.locator("#sign-in button")
        for _ in range(8):
            page.locator("[name=password]").fill("guess")
            with page.expect_response("**/api/sign-in") as answer:
                button.click()
            if answer.value.status == 429:
                break
            expect(problem).to_have_text("이름 또는 비밀번호가 맞지 않습니다. 다시 입력하십시오.")
        expect(problem).to_contain_text("여러 번 틀려 잠겼습니다")
        expect(button).to_be_disabled()
        assert axe_faults(page) == []
        watched.shoot("signin-locked")


def test_the_clip_plays(console: Watched, demo: Demo) -> None:
    page = console.page
    asked: list[Request] = []
    page.on("request", lambda one: asked.append(one))
    page.locator(".row", has_text="침입").first.click()
    confirm_and_play(page)
    first = sample(page)
    assert first["spread"] > 10, "the picture is one colour"
    assert 20 < first["mean"] < 235, "the picture is black or white"
    wait_until(lambda: played(page) > first["time"] + 1.5, 40, "the video to go on")
    later = sample(page)
    moved = sum(abs(a - b) > 12 for a, b in zip(first["grey"], later["grey"], strict=True))
    assert moved > 5, "nobody moves"
    readings = page.locator(".reading-out")
    expect(readings).to_contain_text("DEMO-CITY-")
    expect(readings).to_contain_text("H264")
    expect(readings).to_contain_text("fps")
    # How soon, where nothing else wants the machine, is timed in test_full_hd.
    assert int(page.locator(".stage").get_attribute("data-first-frame-ms") or 0) > 0
    console.shoot("playing")
    page.keyboard.press("Escape")
    expect(page.locator(".stage video")).to_have_count(0)
    until(page, lambda: any(one.method == "DELETE" for one in asked), "the session's end")
    grant = json.loads(next(one for one in asked if one.url.endswith("/grants")).post_data or "{}")
    assert grant["rights"] == ["recorded"]
    assert grant["basis"] == "개인정보 보호법 제18조제2항제3호"


def test_live_is_one_press_and_needs_no_second_form(console: Watched) -> None:
    page = console.page
    confirm_and_play(page, "l")
    page.get_by_role("button", name="녹화", exact=True).click()
    expect(page.get_by_role("button", name="녹화", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.locator(".ask")).to_have_count(0)
    wait_until(lambda: played(page) > 1.0, 60, "the recording after live")
    page.get_by_role("button", name="실시간", exact=True).click()
    wait_until(lambda: played(page) > 1.0, 60, "live after the recording")
    assert sample(page)["spread"] > 10


def test_the_browser_keeps_its_certificate(console: Watched) -> None:
    page = console.page
    prints: list[str] = []

    def note(one: Request) -> None:
        if one.url.endswith("/api/grants"):
            prints.append(json.loads(one.post_data or "{}")["fingerprint"])

    page.on("request", note)
    confirm_and_play(page)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    confirm_and_play(page)
    assert len(prints) == 2
    assert prints[0] == prints[1]


def test_the_end_of_a_clip_is_told_at_once(console: Watched, demo: Demo) -> None:
    page = console.page
    words = page.locator("html").get_attribute("data-words")
    incident = page.evaluate("() => fetch('/api/incidents').then((found) => found.json())")[
        "incidents"
    ][-1]
    start = page.evaluate(
        "(text) => [0, 4000].map((ms) => new Date(new Date(text).getTime() + ms).toISOString())",
        incident["opened_at"],
    )
    what = {
        "device": incident["device"],
        "camera": incident["camera"],
        "live": False,
        "from": start[0],
        "to": start[1],
        "case": "TEST-1",
        "basis": "개인정보 보호법 제18조제2항제3호",
        "purpose": "시험",
    }
    found = page.evaluate(PLAY_SHORT, [words, what])
    assert found["error"] is None
    assert 2 < found["seconds"] < 10


def test_what_was_never_recorded_is_told_in_words(console: Watched, demo: Demo) -> None:
    console.expected = ("404",)
    page = console.page
    words = page.locator("html").get_attribute("data-words")
    what = {
        "device": demo.site.device, "camera": "street", "live": False, "case": "TEST-1",
        "from": "2020-01-01T00:00:00Z", "to": "2020-01-01T00:01:00Z",
        "basis": "개인정보 보호법 제18조제2항제3호", "purpose": "시험",
    }  # fmt: skip
    with pytest.raises(Exception, match=r"clip\.not-recorded"):
        page.evaluate(PLAY_SHORT, [words, what])


def test_a_false_alarm_takes_two_presses(console: Watched) -> None:
    page = console.page
    page.locator(".row", has_text="침입").first.click()
    page.keyboard.press("n")
    expect(page.locator(".decide .said")).to_have_text("한 번 더 누르면 오탐")
    page.keyboard.press("n")
    expect(page.locator("#detail .title .mark").first).to_have_text("오탐")
    expect(page.locator(".steps")).to_contain_text(PERSON)


def test_a_camera_that_goes_and_comes_back(console: Watched, demo: Demo) -> None:
    page = console.page
    expect(page.locator("#camera-totals")).to_have_text("1정상")
    end(demo, "camera")
    expect(page.locator("#camera-totals")).to_contain_text("1중단", timeout=90_000)
    expect(page.locator("#camera-faults .why")).to_contain_text("—")
    console.shoot("camera-down")
    demo.start("camera")
    expect(page.locator("#camera-totals")).to_have_text("1정상", timeout=60_000)


def test_without_the_pole_there_are_plain_words(console: Watched, demo: Demo) -> None:
    console.expected = ("503", "504", "502")
    page = console.page
    kill(demo, "agent")
    page.keyboard.press("p")
    expect(page.locator(".ask button.primary")).to_be_focused()
    page.keyboard.press("Enter")
    message = page.locator(".stage .message[role=alert]")
    expect(message).to_be_visible(timeout=60_000)
    expect(message).to_contain_text("PW-")
    expect(message.get_by_role("button", name="다시 열기")).to_be_visible()
    console.shoot("no-picture")
    expect(page.locator("#links")).to_contain_text("장비 0/1 연결", timeout=60_000)
    demo.start("agent")
    expect(page.locator("#links")).to_contain_text("장비 1/1 연결", timeout=60_000)


def with_more_cameras(demo: Demo) -> list[str]:
    """The box gets a second camera that sees, and one that nobody reaches; all by device/camera."""
    config = yaml.safe_load(demo.site.agent_config.read_text())
    config["cameras"] += [
        {"id": "gate", "url": demo.camera_url},
        {"id": "dark", "url": "rtsp://127.0.0.1:9/none"},
    ]
    demo.site.agent_config.write_text(yaml.safe_dump(config, allow_unicode=True))
    end(demo, "agent")
    demo.start("agent")
    states = {CAMERA: "up", "gate": "up", "dark": "down"}

    def heard() -> bool:
        demo.tick()
        told = {one.camera: one.state for one in health(demo).cameras}
        # Three cameras are told of by the new run only; the store must have their states too.
        stored = {one.camera: one.state for one in reader(demo).cameras() if one.online}
        return told == states and stored == states

    wait_until(heard, 60, "the new cameras' states")
    return [f"{demo.site.device}/{name}" for name in (CAMERA, "gate", "dark")]


def test_the_wall_shows_what_can_be_seen_and_says_why_the_rest_cannot(
    console: Watched, demo: Demo
) -> None:
    # The first question is for a substream, which these cameras do not have.
    console.expected = ("409",)
    page = console.page
    street, gate, dark = with_more_cameras(demo)
    page.set_viewport_size(FULL_HD)
    page.goto(f"{demo.console}/wall?cameras={street},{gate},{dark}")
    page.locator("#ask [name=case]").fill("112-2026-7")
    page.locator("#ask [name=purpose]").fill("실종자 수색")
    page.keyboard.press("Enter")
    tile = {key: page.locator(f"[data-key='{key}']") for key in (street, gate, dark)}
    for key in (street, gate):
        expect(tile[key]).to_have_attribute("data-state", "playing", timeout=20_000)
    expect(tile[dark].locator(".message")).to_contain_text("카메라에 연결할 수 없음")
    expect(tile[dark].locator(".message")).to_contain_text("PW-101")
    for kind in ("grant.issued", "view.opened"):
        of_case = [one for one in entries(demo, kind) if one["case"] == "112-2026-7"]
        # Who has only a main stream is asked for it after the substream.
        assert {one["camera"] for one in of_case} == {CAMERA, "gate"}, kind
        assert {one["person"] for one in of_case} == {PERSON}
    page.keyboard.press("2")
    expect(tile[gate]).to_have_class("tile large")
    console.shoot("wall-large")
    page.keyboard.press("2")
    expect(tile[gate]).to_have_class("tile")
    assert axe_faults(page) == []
    console.shoot("wall")


def test_signing_out_closes_the_door(console: Watched, demo: Demo) -> None:
    console.expected = ("401",)
    page = console.page
    page.locator("#sign-out").click()
    page.wait_for_url(f"{demo.console}/sign-in")
    assert page.evaluate("() => fetch('/api/incidents').then((one) => one.status)") == 401
