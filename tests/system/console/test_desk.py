"""A busy desk: words, choices, groups and dense rows; nothing new is kept from sight by them."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.support.browser import Watched, watched_page
from tests.support.console_store import FilledStore, Told

SMALL: ViewportSize = {"width": 1024, "height": 768}


def titles(page: Page) -> list[str]:
    return page.locator(".row .type").all_inner_texts()


def test_the_list_is_narrowed_and_what_is_new_outside_is_told(
    console: Watched, store: FilledStore, day: list[str]
) -> None:
    page = console.page
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("작전시장")
    page.keyboard.press("Enter")
    expect(page.locator(".row .type")).to_have_text(["싸움", "배회", "무단투기"])
    page.keyboard.press("1")
    expect(page.locator(".row")).to_have_count(1)
    page.locator("#filter-state").select_option("confirmed")
    expect(page.locator("#empty")).to_have_text("조건에 맞는 사건이 없습니다.")
    fire = store.tell(Told("fire", "severe", 1, picture=240))
    expect(page.locator("#fresh")).to_have_text("조건 밖의 새 사건 1건: 모두 보기")
    expect(page.locator("#announce")).to_have_text("새 사건: 화재, 계산공원 동측 산책로")
    page.locator("#fresh").click()
    expect(page.locator(f"#row-{fire}")).to_contain_text("새 사건")
    expect(page.locator(".row")).to_have_count(len(day) + 1)
    expect(page.locator("#fresh")).to_be_hidden()
    # By type, and since the shift began: of before it, nothing.
    page.locator("#filter-type").select_option("fall")
    expect(page.locator(".row .type")).to_have_text(["쓰러짐"])
    page.locator("#filter-type").select_option("")
    page.locator("#filter-shift").check()
    expect(page.locator(".row .type")).to_have_text(["화재"])


def test_two_hundred_an_hour_stay_readable(console: Watched, store: FilledStore) -> None:
    page = console.page
    page.set_viewport_size({"width": 1920, "height": 1080})
    ago = timedelta(minutes=20)
    lasts = timedelta(seconds=9)
    store.tell_all(
        [
            Told(("loitering", "intrusion")[n % 2], ("minor", "moderate")[n % 2], n % 5,
                 ago - timedelta(seconds=n), lasts, picture=120, box=1)
            for n in range(200)
        ]
    )  # fmt: skip
    # Ten places and types: ten rows more, and what is severe still stands above them.
    expect(page.locator("#waiting-title")).to_have_text("판정 대기 208", timeout=60_000)
    assert page.locator(".row").count() < 25
    assert titles(page)[0] == "싸움"
    leader = page.locator("#waiting-title ~ .row", has_text="같은 곳").first
    behind = int(leader.locator(".others").inner_text().split()[-2].removesuffix("건"))
    before = page.locator(".row").count()
    leader.click()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".row")).to_have_count(before + behind)
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".row")).to_have_count(before)
    page.keyboard.press("d")
    frame = page.locator("#rows-frame").bounding_box()
    row = page.locator(".row").nth(5).bounding_box()
    assert frame is not None
    assert row is not None
    assert frame["height"] / row["height"] >= 12
    console.shoot("desktop-dense")


def test_what_changed_since_the_shift_began(console: Watched, store: FilledStore) -> None:
    page = console.page
    mine = store.tell(Told("dumping", "minor", 0, state="rejected"))
    page.keyboard.press("w")
    body = page.locator("#shift-body")
    severe = body.locator("tr.severe td")
    expect(severe).to_have_text(["0", "0", "0", "0", "0", "3"])
    # It began earlier: what came since then counts.
    field = page.locator("#shift-began")
    field.fill(field.input_value().replace(field.input_value()[:4], "2020", 1))
    expect(severe.first).to_have_text("3")
    expect(body).to_contain_text("부평초등학교 후문")
    expect(body).to_contain_text("기관 서버가 응답하지 않음")
    body.get_by_role("button", name="무단투기").first.click()
    expect(page.locator("#shift-dialog")).to_be_hidden()
    assert page.url.endswith(f"/incidents/{mine}")


def test_nothing_runs_over_the_edge_of_a_small_screen(chromium: Browser, address: str) -> None:
    cookies = {"pw_person": "yes"}
    with watched_page(chromium, address, viewport=SMALL, cookies=cookies) as watched:
        page = watched.page
        page.goto(f"{address}/")
        page.wait_for_selector("html[data-ready]")
        over = page.evaluate(
            """() => ["html", ".top", ".queue", ".detail"].map((name) => {
              const one = document.querySelector(name);
              return one.scrollWidth - one.clientWidth;
            })"""
        )
        assert max(over) <= 0
        expect(page.locator(".choices button").last).to_be_in_viewport(ratio=1)
        watched.shoot("small-queue")
