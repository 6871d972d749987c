"""The health page in a real browser: what ails, what to do, and where it stands."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.support.browser import PHONE, Watched, axe_faults, watched_page
from tests.support.console_store import FilledStore, figures
from wire.facility import FacilityState


def test_a_technician_finds_what_ails_and_where(console: Watched, store: FilledStore) -> None:
    page = console.page
    hung = (
        FacilityState(
            facility="light", kind="light", title="보안등", mode="on", wanted=True, left_s=42,
            by="rule: loitering at gate",
        ),
        FacilityState(facility="siren", kind="siren", title="경광등", mode="stuck"),
        FacilityState(
            facility="speaker", kind="speaker", title="안내 방송", mode="off",
            announcements=("leave", "flood"),
        ),
        FacilityState(facility="bell", kind="bell", title="비상벨", mode="off"),
    )  # fmt: skip
    store.figures("pole-001-1", figures(faults=("disk.full",), disk_free_mb=700.0, facilities=hung))
    page.goto(f"{console.origin}/health")
    page.wait_for_selector("html[data-ready]")
    facilities = page.locator("#facilities-list li")
    expect(facilities).to_have_count(4)
    expect(facilities.nth(0)).to_have_attribute("data-mode", "stuck")
    expect(facilities.nth(1)).to_contain_text("42초 뒤 꺼짐규칙: gate 배회")
    expect(facilities.nth(2).get_by_role("button")).to_have_text(
        ["방송: leave", "방송: flood", "끄기"]
    )
    expect(facilities.nth(3).get_by_role("button")).to_have_count(0)
    expect(page.locator("#centre")).to_contain_text("장비3 / 4")
    causes = page.locator("#causes li")
    expect(causes).to_have_count(4)
    causes.filter(has_text="PW-201").get_by_role("button").press("Enter")
    rows = page.locator("#rows tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("pole-001-1")
    expect(rows).to_contain_text("디스크 여유가 1 GB보다 적음")
    causes.filter(has_text="PW-201").get_by_role("button").press("Enter")
    expect(rows).to_have_count(4)
    assert axe_faults(page) == []
    console.shoot("health")
    page.locator("[data-device=pole-022-2] button").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("PW-101 카메라에 연결할 수 없음")
    # It is mended while somebody looks.
    store.camera(3)
    expect(page.locator("#none")).to_have_text("조건에 맞는 이상 카메라가 없습니다.")
    page.locator("#search").fill("")
    expect(rows).to_have_count(2)
    rows.filter(has_text="서부천").get_by_role("link", name="지도").click()
    page.wait_for_selector("html[data-ready] .city-map")
    expect(page.locator("#camera-title")).to_have_text("서부천 하상도로")
    expect(page.locator("#camera-fault")).to_contain_text("PW-901 장비가 연결되어 있지 않음")


def test_an_officer_is_told_whose_trade_it_is(
    chromium: Browser, store: FilledStore, address: str
) -> None:
    store.token = store.token.model_copy(update={"roles": ("officer",), "agency": "police"})
    with watched_page(
        chromium, address, viewport=PHONE, cookies={"pw_person": "yes", "pw_lang": "en"}
    ) as watched:
        watched.page.goto(f"{address}/health")
        watched.page.wait_for_selector("html[data-ready]")
        expect(watched.page.locator("main")).to_contain_text("Health is for operators")
        assert axe_faults(watched.page) == []
