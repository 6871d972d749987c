"""The map in a real browser: found, chosen by an area, changed before the eyes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from collector.areas import NamedArea
from collector.changes import Change
from collector.config import MapSettings
from collector.things import Thing
from tests.support.browser import ATTACK, FULL_HD, PHONE, Watched, axe_faults, is_text, watched_page
from tests.support.console_cases import case_at, unit_of
from tests.support.console_city import city_places, streets
from tests.support.console_day import a_day
from tests.support.console_server import served
from tests.support.console_store import FilledStore, Told, street_still

TILES = "https://tiles.example"
PLACES = city_places()[:40]
LATS, LONS = [one.lat for one in PLACES], [one.lon for one in PLACES]
MIDDLE = (min(LATS) + max(LATS)) / 2, (min(LONS) + max(LONS)) / 2
"""Under the middle of the map that shows them all."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FilledStore]:
    """Forty cameras: the five of the day and the first poles of the city."""
    filled = FilledStore(tmp_path, PLACES)
    filled.areas = (NamedArea(name="market", circle=(37.5411, 126.7415, 100.0)),)
    filled.layer = streets()
    yield filled
    filled.close()


def opened(page: Page, address: str, path: str = "/map") -> None:
    page.goto(f"{address}{path}")
    page.wait_for_selector("html[data-ready]")


@pytest.fixture
def shown(chromium: Browser, address: str) -> Iterator[Watched]:
    with watched_page(chromium, address, viewport=FULL_HD, cookies={"pw_person": "yes"}) as watched:
        opened(watched.page, address)
        yield watched


def test_an_operator_looks_finds_and_is_told(shown: Watched, store: FilledStore) -> None:
    page = shown.page
    expect(page.locator("#running")).to_have_text("진행 중인 사건 3")
    expect(page.locator("#states")).to_contain_text("중단2")
    page.locator("#running-list button").first.click()
    expect(page.locator("#camera-title")).to_have_text("작전시장 3번 출구")
    expect(page.locator("#camera-incidents a").first).to_contain_text("싸움")
    # By keyboard: what was looked for, and why it shows nothing.
    page.locator("#map").focus()
    page.keyboard.press("/")
    page.keyboard.type("부평초")
    expect(page.locator("#found-said")).to_have_text("1대")
    page.keyboard.press("Enter")
    expect(page.locator("#camera-title")).to_have_text("부평초등학교 후문")
    expect(page.locator("#camera-fault")).to_contain_text("PW-101 카메라에 연결할 수 없음")
    expect(page.locator("#camera-fault")).to_contain_text("전원, 랜선, IP 주소를 확인하십시오")
    store.camera(3)
    expect(page.locator("#camera-fault")).to_be_hidden()
    expect(page.locator("#states")).to_contain_text("중단1")
    # The middle of the map is the camera that was looked at: a press on it selects it.
    page.locator("#camera-close").click()
    box = page.locator("#map").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#camera-title")).to_have_text("부평초등학교 후문")
    store.tell(Told("fire", "severe", 1, picture=240, text=ATTACK))
    expect(page.locator("#running")).to_have_text("진행 중인 사건 4")
    expect(page.locator("#running-list button").first).to_contain_text("화재")
    expect(page.locator("#announce")).to_have_text("새 사건: 화재, 계산공원 동측 산책로")
    assert axe_faults(page) == []
    shown.shoot("map")


def test_units_and_boards_stand_on_the_map(shown: Watched, store: FilledStore) -> None:
    page = shown.page
    expect(page.locator("#units-part")).to_be_hidden()
    case = case_at(store.settings.cameras[:2])
    store.cases = (case,)
    store.units = (
        unit_of(case, age_s=20, name=f"순찰 12호 {ATTACK}"),
        unit_of(case, age_s=300, name="순찰 3호", north=0.002),
    )
    store.things = (
        Thing("board", "b-1", f"계양대로 {ATTACK}", 37.5385, 126.7385, "up", said="호우 주의"),
        Thing("board", "b-2", "작전역 앞", 37.54, 126.735, "down", link="/map"),
    )
    store.changes.publish(Change("case", case.case_id), Change("thing", "board/b-1"))
    units = page.locator("#units li")
    expect(units).to_have_count(2)
    expect(units.nth(0)).to_contain_text("현장까지 111 m")
    expect(units.nth(0)).to_contain_text(ATTACK)
    expect(units.nth(1)).to_contain_text("위치가 오래됨")
    expect(page.locator("#units .old")).to_have_count(1)
    boards = page.locator("#states [data-kind=board]")
    expect(boards).to_have_text("전광판2")
    units.nth(0).locator("button").click()
    shown.shoot("map-units")
    # A board in the middle of the map is pressed: what it shows, and its page.
    page.evaluate("() => document.querySelector('#whole').click()")
    store.things = (Thing("board", "b-1", ATTACK, *MIDDLE, "up", said=ATTACK, link="/map"),)
    store.changes.publish(Change("thing", "board/b-1"))
    expect(boards).to_have_text("전광판1")
    box = page.locator("#map").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#thing-title")).to_have_text(ATTACK)
    expect(page.locator("#thing-said")).to_have_text(ATTACK)
    is_text(page)
    assert axe_faults(page) == []
    boards.click()
    expect(boards).to_have_attribute("aria-pressed", "false")
    # The link has ended: nobody is there any more.
    store.units = ()
    store.changes.publish(Change("unit", case.case_id))
    expect(page.locator("#units-part")).to_be_hidden()


def test_an_area_is_drawn_written_or_named(shown: Watched) -> None:
    page = shown.page
    box = page.locator("#map").bounding_box()
    assert box is not None
    found = page.locator("#area-count")
    page.locator("#draw-rectangle").click()
    page.mouse.click(box["x"] + box["width"] - 5, box["y"] + 5)
    page.mouse.click(box["x"] + 5, box["y"] + box["height"] - 5)
    expect(found).to_have_text("구역 안 카메라 40대")
    expect(page.locator("#area-states")).to_contain_text("중단 2")
    page.locator("#area-clear").click()
    expect(page.locator("#area-found")).to_be_hidden()
    page.locator("#draw-polygon").click()
    for x, y in ((0.0, 0.3), (0.99, 0.3), (0.99, 0.95), (0.0, 0.95)):
        page.mouse.click(box["x"] + 5 + x * (box["width"] - 10), box["y"] + y * box["height"])
    page.keyboard.press("Enter")
    expect(page.locator("#area-found")).to_be_visible()
    # Without a pointer: coordinates, whose mistakes are named, and the city's own areas.
    page.locator("summary").press("Enter")
    lines = page.locator("#area-lines")
    lines.fill("37.5361, 126.7365\n37.5401 126.x")
    page.get_by_role("button", name="이 구역으로").press("Enter")
    expect(page.locator("#area-said")).to_contain_text("2번째 줄을 읽을 수 없습니다")
    lines.fill("37.5351, 126.7355\n37.5401, 126.7405")
    page.get_by_role("button", name="이 구역으로").press("Enter")
    expect(found).to_have_text("구역 안 카메라 2대")
    expect(page.locator("#area-list button").first).to_contain_text("계양구청 정문")
    box_of_gate = page.locator("#area-list input").first
    expect(page.locator("#to-wall")).to_have_text("고른 2대 영상 월에서 보기")
    box_of_gate.uncheck()
    expect(page.locator("#to-wall")).to_have_text("고른 1대 영상 월에서 보기")
    page.locator("#area-name").select_option("market")
    expect(found).to_have_text("구역 안 카메라 1대")
    page.locator("#area-list button").first.click()
    expect(page.locator("#camera-title")).to_have_text("작전시장 3번 출구")
    assert axe_faults(page) == []
    page.locator("#to-wall").click()
    page.wait_for_selector("html[data-ready] .video-wall")
    expect(page.locator("#ask-dialog")).to_be_visible()
    assert axe_faults(page) == []
    page.keyboard.press("Escape")
    page.locator("#add-name").fill("계양구청 정문")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("2/9대")
    page.get_by_role("button", name="작전시장 3번 출구 빼기").click()
    expect(page.locator(".tile header b")).to_have_text(["계양구청 정문"])
    page.get_by_role("button", name="English").click()
    page.wait_for_selector("html[lang=en][data-ready]")
    expect(page.locator(".tile header b")).to_have_text(["Gyeyang-gu Office, main gate"])


def test_a_tile_says_what_ails_and_opens_when_it_is_well(
    shown: Watched, address: str, store: FilledStore
) -> None:
    page = shown.page
    # Nobody gives grants here: whether one is asked for is what is looked at.
    shown.expected = ("/api/grants",)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "grants" in one.url else None)
    opened(page, address, "/wall?cameras=pole-022-2/school")
    page.locator("#ask [name=case]").fill("112-7")
    page.locator("#ask [name=purpose]").fill("실종자 수색")
    page.keyboard.press("Enter")
    message = page.locator(".tile .message")
    expect(message).to_contain_text("카메라에 연결할 수 없음")
    store.device("pole-022-2", online=False)
    expect(message).to_contain_text("PW-901")
    assert asked == []
    store.device("pole-022-2")
    expect(message).to_contain_text("PW-101")
    store.camera(3)
    expect(message).to_contain_text("찾을 수 없습니다")
    assert len(asked) == 1
    page.keyboard.press("1")
    expect(page.locator(".tile")).to_have_class("tile large")
    assert axe_faults(page) == []


XYZ = MapSettings(tiles=f"{TILES}/{{z}}/{{x}}/{{y}}.jpg", attribution="Gyeyang-gu")
WMS = MapSettings(tiles=f"{TILES}/wms", wms_layers="roads,buildings", attribution="Gyeyang-gu")


@pytest.mark.parametrize(
    ("tiles", "asked"),
    [(XYZ, r"/[0-9]+/[0-9]+/[0-9]+\.jpg$"), (WMS, r"/wms\?.*layers=roads%2Cbuildings.*bbox=")],
    ids=["xyz", "wms"],
)
def test_the_citys_tiles_by_configuration_on_a_phone_in_english(
    chromium: Browser, store: FilledStore, tiles: MapSettings, asked: str
) -> None:
    a_day(store)
    store.settings = store.settings.model_copy(update={"map": tiles})
    with (
        served(store) as address,
        watched_page(
            chromium, address, viewport=PHONE, cookies={"pw_person": "yes", "pw_lang": "en"}
        ) as watched,
    ):
        page = watched.page
        page.route(
            f"{TILES}/**",
            lambda route: route.fulfill(body=street_still(20), content_type="image/jpeg"),
        )
        opened(page, address)
        expect(page.locator(".leaflet-tile-loaded").first).to_be_visible()
        expect(page.locator("#attribution")).to_have_text("Gyeyang-gu")
        assert "카메라" not in page.locator("body").inner_text()
        assert axe_faults(page) == []
        watched.shoot("map-phone")
        assert watched.strangers
        assert all(re.search(f"^{TILES}{asked}", one) for one in watched.strangers)
        watched.strangers.clear()
