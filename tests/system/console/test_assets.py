"""The registry in a real browser: on a desk, and on the phone of a technician at the pole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from collector.store import estate, spans, work_orders
from tests.collector.services.estate.test_photo import picture
from tests.support.browser import PHONE, Watched, axe_faults, watched_page
from tests.support.console_assets import HEADINGS, register
from tests.support.console_store import FilledStore, figures


@pytest.fixture
def registry(store: FilledStore, day: list[str]) -> FilledStore:
    """Five cameras on four poles: one box away, one camera dark, one clock wrong."""
    assert day
    register(store)
    store.figures("pole-001-1", figures(quality="unsynchronised"))
    return store


def roles(store: FilledStore, *names: str) -> None:
    store.token = store.token.model_copy(update={"roles": names})


def code_on(page: Page) -> str:
    """What the first label of the page says, as a phone's camera reads it from the screen."""
    shot = page.locator(".labels li").first.screenshot()
    image = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    found, _, _ = cv2.QRCodeDetector().detectAndDecode(cv2.resize(image, None, fx=3, fy=3))
    return found


def test_the_registry_is_searched_taken_in_and_printed(
    chromium: Browser, registry: FilledStore, address: str, tmp_path: Path
) -> None:
    roles(registry, "supervisor")
    with watched_page(chromium, address, cookies={"pw_person": "yes"}) as watched:
        page = watched.page
        page.goto(f"{address}/assets")
        page.wait_for_selector("html[data-ready]")
        rows = page.locator("#rows tr")
        expect(rows).to_have_count(13)
        expect(rows.first).to_contain_text("연결 끊김")
        expect(page.locator("#tally [data-state=bad]")).to_contain_text("고장5")
        page.locator("#search").fill("공원녹지과 카메라")
        page.locator("#search").fill("xno 서부천")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("인천 계양구 서운동 214")
        page.locator("#search").fill("")
        page.locator("#fault").select_option("wrong_time")
        expect(rows).to_contain_text(["GY-B-0001", "GY-P-0001"])
        page.locator("#fault").select_option("")
        page.locator("#tally [data-state=bad]").press("Enter")
        expect(rows).to_have_count(5)
        page.locator("#tally [data-state=bad]").press("Enter")
        assert axe_faults(page) == []
        watched.shoot("assets")
        _take_in(watched, tmp_path)
        expect(rows).to_have_count(14)
        page.locator("#kind").select_option("camera")
        page.get_by_role("link", name="QR 라벨").click()
        page.wait_for_selector("html[data-ready]")
        expect(page.locator(".labels li")).to_have_count(5)
        expect(page.locator(".labels li").first).to_contain_text("계양구청 정문")
        assert axe_faults(page) == []
        watched.shoot("assets-labels")
        told = code_on(page)
        page.goto(f"{address}/assets/labels?words=서부천 카메라&department=스마트도시과")
        expect(page.locator(".labels li")).to_have_count(0)
        page.goto(f"{address}/assets/labels?words=서부천&department=스마트도시과")
        expect(page.locator(".labels li")).to_have_count(1)
        assert told.startswith(f"{address}/a/")
        page.goto(told)
        page.wait_for_selector("html[data-ready]")
        expect(page.locator("#name")).to_have_text("GY-C-0001")
    with watched_page(chromium, address) as stranger:
        for scanned in (told, f"{address}/a/zzzzzzzzzzzz"):
            stranger.page.goto(scanned)
            stranger.page.wait_for_selector("input[name=name]")
            assert "GY-C" not in stranger.page.content()


def _take_in(watched: Watched, folder: Path) -> None:
    page = watched.page
    page.get_by_role("button", name="표 올리기").click()
    table = folder / "자산.csv"
    table.write_bytes(
        f"{HEADINGS}\nN-1,드론,,,,,,,26.3.1,,,,,\nN-2,폴,,,,한국폴,,P00001,,,,,,\n".encode("cp949")
    )
    page.locator("#table input[type=file]").set_input_files(table)
    page.get_by_role("button", name="반영").click()
    expect(page.locator("#taken")).to_contain_text("잘못된 행 2개: 아무것도 반영하지 않았습니다.")
    expect(page.locator("#bad li")).to_have_count(3)
    expect(page.locator("#bad")).to_contain_text("3행 일련번호 P00001: 등록된 GY-P-0001의 것과")
    assert axe_faults(page) == []
    watched.shoot("assets-refused")
    table.write_bytes(f"{HEADINGS}\nN-2,조명,GY-P-0001,,,동양,,L1,2026. 3. 1.,,,,,\n".encode())
    page.locator("#table input[type=file]").set_input_files(table)
    page.get_by_role("button", name="검사만").click()
    expect(page.locator("#taken")).to_have_text("추가 1건, 변경 0건, 그대로 0건이 됩니다.")
    page.get_by_role("button", name="반영").click()
    expect(page.locator("#taken")).to_have_text("추가 1건, 변경 0건, 그대로 0건 반영했습니다.")
    page.get_by_role("button", name="닫기").click()


def test_a_technician_works_at_the_pole(
    chromium: Browser, registry: FilledStore, address: str, tmp_path: Path
) -> None:
    roles(registry, "technician")
    began = datetime.now(UTC) - timedelta(hours=3)
    with registry.database.transaction() as run:
        (asset,) = (one for one in estate.all_of(run) if one.camera == "school")
        number = work_orders.open_order(
            run, asset.asset_id, began, fault="no_picture", broken_at=began,
            note="camera.unreachable",
        )  # fmt: skip
        spans.follow(run, "pole-022-2", began)
    photo = tmp_path / "a.jpg"
    photo.write_bytes(picture(640, 480))
    with watched_page(
        chromium, address, viewport=PHONE, scheme="light", cookies={"pw_person": "yes"}
    ) as watched:
        page = watched.page
        page.goto(f"{address}/a/{asset.asset_id}")
        page.wait_for_selector("html[data-ready]")
        expect(page.locator("#condition")).to_contain_text("PW-101 카메라에 연결할 수 없음")
        order = page.locator(f"[data-number='{number}']")
        order.get_by_role("button", name="내가 맡기").click()
        expect(order).to_contain_text("담당 김관제")
        order.get_by_label("메모", exact=True).fill("어댑터 교체")
        order.get_by_role("button", name="메모 남기기").click()
        expect(order).to_contain_text("메모: 어댑터 교체")
        order.locator("input[type=file]").set_input_files(photo)
        expect(order.get_by_alt_text("작업 사진")).to_have_js_property("naturalWidth", 640)
        watched.shoot("asset-phone")
        page.locator("#photo input").set_input_files(photo)
        expect(page.locator("#photo img")).to_have_js_property("naturalWidth", 640)
        order.get_by_role("button", name="조치 완료").click()
        expect(order).to_contain_text("확인 중")
        assert axe_faults(page) == []
        page.locator(".about").scroll_into_view_if_needed()
        watched.shoot("asset-phone-about")
        # What is no picture is refused, and says so.
        watched.expected = ("422",)
        broken = tmp_path / "b.jpg"
        broken.write_bytes(b"\xff\xd8\xff no picture")
        order.locator("input[type=file]").set_input_files(broken)
        expect(page.locator("#said")).to_contain_text("사진을 읽을 수 없음")
        page.goto(f"{address}/assets")
        page.wait_for_selector("html[data-ready]")
        expect(page.get_by_role("button", name="표 올리기")).to_have_count(0)
        assert axe_faults(page) == []
        watched.shoot("assets-phone")


def test_a_supervisor_changes_an_asset_plans_work_and_reads_the_month(
    chromium: Browser, registry: FilledStore, address: str
) -> None:
    roles(registry, "supervisor")
    now = datetime.now(UTC)
    later = f"{now + timedelta(days=20):%Y-%m-%d}"
    with registry.database.transaction() as run:
        spans.watching(run, now - timedelta(days=40), now)
        for device in ("pole-001-1", "pole-014-1", "pole-022-2", "pole-031-1"):
            spans.follow(run, device, now - timedelta(hours=12))
        asset = next(one for one in estate.all_of(run) if one.camera == "gate")
    with watched_page(chromium, address, cookies={"pw_person": "yes"}) as watched:
        page = watched.page
        page.goto(f"{address}/assets/{asset.asset_id}")
        page.wait_for_selector("html[data-ready]")
        page.locator(".edit summary").click()
        page.get_by_label("펌웨어").fill("2.41")
        page.get_by_role("button", name="저장").click()
        expect(page.locator("#saved")).to_have_text("저장했습니다.")
        expect(page.locator("#facts")).to_contain_text("2.41")
        page.get_by_label("설치 위치 번호").fill("GY-P-9999")
        watched.expected = ("422",)
        page.get_by_role("button", name="저장").click()
        expect(page.locator("#saved")).to_contain_text("GY-P-9999라는 다른 자산이 없습니다")
        page.locator(".edit summary").click()
        page.locator(".new summary").click()
        page.get_by_label("할 일").fill("하우징 청소")
        page.get_by_label("시작").fill(f"{later}T10:00")
        page.get_by_label("끝").fill(f"{later}T12:00")
        page.get_by_role("button", name="지시", exact=True).click()
        expect(page.locator(".order")).to_contain_text("계획")
        assert axe_faults(page) == []
        watched.shoot("asset")
        page.goto(f"{address}/assets/availability")
        page.wait_for_selector("html[data-ready]")
        expect(page.locator("#rows tr")).to_have_count(5)
        expect(page.locator("#sums li")).to_have_count(3)
        assert axe_faults(page) == []
        watched.shoot("assets-month")
        with page.expect_download() as download:
            page.get_by_role("link", name="엑셀 내려받기").click()
        assert download.value.suggested_filename.startswith("가동률")
        page.set_viewport_size(PHONE)
        expect(page.locator("#sums li").first).to_contain_text("전체 · 카메라 5대")
        watched.shoot("assets-month-phone")
