"""The queue in a real browser, as an operator uses it."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from polewatch.demo.ports import free_port
from tests.support.browser import PHONE, Watched, until, watched_page
from tests.support.console_day import a_day
from tests.support.console_server import served
from tests.support.console_store import PLACES, Delivered, FilledStore, Told
from wire.event import Severity
from wire.names import new_id

ATTACK = """<img src=x onerror="alert(1)"><script>alert(2)</script>'"&amp;"""


def selected(page: Page) -> str:
    return str(page.locator(".row[aria-selected=true]").get_attribute("data-id"))


def shown_type(page: Page) -> str:
    return page.locator("#detail h2").inner_text()


def test_worst_first_then_what_nobody_has_decided_on(console: Watched) -> None:
    types = console.page.locator(".row .type").all_inner_texts()
    assert types[:5] == ["싸움", "침입", "배회", "쓰러짐", "수배 차량"]
    assert console.page.locator("#running-title").inner_text() == "진행 중 3"
    assert console.page.locator("#waiting-title").inner_text() == "판정 대기 8"
    console.page.keyboard.press("o")
    expect(console.page.locator("#order")).to_have_text("최신순")
    for place, title in enumerate(["싸움", "침입", "배회"]):
        expect(console.page.locator(".row .type").nth(place)).to_have_text(title)


def test_a_row_says_what_where_when_and_who_knows(console: Watched, day: list[str]) -> None:
    row = console.page.locator(f"#row-{day[-1]}")
    expect(row).to_contain_text("작전시장 3번 출구 · 인천 계양구 작전동 857-2")
    expect(row).to_contain_text("✓경찰 112 접수 0.2초")
    expect(row).to_contain_text("…관제센터 응답 대기")
    expect(row.locator(".thumb rect")).to_have_count(1)
    assert row.locator("time").inner_text().count(":") == 2
    failed = console.page.locator(f"#row-{day[2]}")
    expect(failed).to_contain_text("전달 실패")


def test_a_new_incident_arrives_at_once_and_takes_nothing_away(
    console: Watched, store: FilledStore
) -> None:
    page = console.page
    page.keyboard.press("j")
    reading = selected(page)
    page.evaluate(
        """() => { window.seen = new Promise((resolve) => new MutationObserver(() => {
          if (document.querySelectorAll(".row").length === 12) resolve(Date.now());
        }).observe(document.querySelector("#rows"), { childList: true, subtree: true })); }"""
    )
    now = page.evaluate("() => Date.now()")
    fire = store.tell(Told("fire", "severe", 1, picture=240))
    took = page.evaluate("() => window.seen") - now
    assert selected(page) == reading
    row = page.locator(f"#row-{fire}")
    expect(row).to_contain_text("새 사건")
    expect(page.locator("#announce")).to_have_text("새 사건: 화재, 계산공원 동측 산책로")
    assert page.locator(".row .type").first.inner_text() == "화재"
    expect(page.locator("#counts .severe b")).to_have_text("2")
    # It is pushed, not asked for. 300 ms are promised, and timed in test_scale.
    assert took < 5000, f"{took} ms"


def test_scrolled_rows_stay_under_the_eye(console: Watched, store: FilledStore) -> None:
    page = console.page
    page.locator("#rows-frame").evaluate("(frame) => { frame.scrollTop = 400; }")
    row = page.locator(".row").nth(5)
    before = row.bounding_box()
    store.tell(Told("fire", "severe", 1, picture=240))
    expect(page.locator("#fresh")).to_have_text("새 사건 1건 ↑")
    after = page.locator(".row").nth(6).bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 3
    page.locator("#fresh").click()
    expect(page.locator("#fresh")).to_be_hidden()


def test_nothing_is_missed_while_the_collector_is_away(
    chromium: Browser, store: FilledStore
) -> None:
    a_day(store)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with watched_page(chromium, address, cookies={"pw_person": "yes"}) as watched:
        watched.expected = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_")
        page = watched.page
        with served(store, port):
            page.goto(f"{address}/")
            page.wait_for_selector("html[data-ready]")
            page.keyboard.press("j")
            reading = selected(page)
        expect(page.locator("#links")).to_contain_text("실시간 수신 끊김")
        missed = store.tell(Told("smoke", "moderate", 3, picture=None))
        with served(store, port):
            expect(page.locator(f"#row-{missed}")).to_contain_text("연기", timeout=60_000)
            expect(page.locator("#links")).to_contain_text("실시간 수신")
            assert selected(page) == reading


def test_what_comes_while_the_list_is_on_its_way_stays(
    chromium: Browser, address: str, store: FilledStore
) -> None:
    with watched_page(chromium, address, cookies={"pw_person": "yes"}) as watched:
        page = watched.page
        held: list[tuple[Route, APIResponse]] = []
        page.route("**/api/incidents?limit=*", lambda route: held.append((route, route.fetch())))
        page.goto(f"{address}/")
        until(page, lambda: bool(held), "the page to ask for the list")
        # The first is the one that is read now, and would stay for that alone.
        told = [store.tell(Told(type, "severe", 1, picture=240)) for type in ("fire", "smoke")]
        for one in told:
            expect(page.locator(f"#row-{one}")).to_have_count(1)
        for route, answer in held:
            assert not any(one in answer.text() for one in told)
            route.fulfill(response=answer)
        page.wait_for_selector("html[data-ready]")
        assert page.locator(".row").count() > 5
        for one in told:
            expect(page.locator(f"#row-{one}")).to_have_count(1)


def test_a_still_that_comes_late_is_shown(console: Watched, store: FilledStore) -> None:
    # A row's picture that was not loaded yet is gone.
    console.expected = ("/stills/",)
    with store.database.transaction() as rows:
        rows.execute("DELETE FROM still")
    late = store.tell(Told("fire", "severe", 1, picture=240, picture_here=False))
    row = console.page.locator(f"#row-{late}")
    expect(row).to_contain_text("정지 영상 없음")
    row.click()
    expect(console.page.locator(".stage")).to_contain_text("정지 영상 없음")
    store.still_comes(240)
    expect(row.locator("image")).to_have_count(1)
    expect(console.page.locator(".stage img")).to_have_count(1)


def test_an_answer_from_before_a_still_takes_it_away_from_nobody(
    console: Watched, store: FilledStore
) -> None:
    page = console.page
    # A row's picture that was not loaded yet is gone.
    console.expected = ("/stills/",)
    with store.database.transaction() as rows:
        rows.execute("DELETE FROM still")
    late = store.tell(Told("fire", "severe", 1, picture=240, picture_here=False))
    held: list[tuple[Route, APIResponse]] = []
    page.route(f"**/api/incidents/{late}", lambda route: held.append((route, route.fetch())))
    page.locator(f"#row-{late}").click()
    expect(page.locator(".stage")).to_contain_text("정지 영상 없음")
    until(page, lambda: bool(held), "the page to ask for the incident's steps")
    store.still_comes(240)
    expect(page.locator(".stage img")).to_have_count(1)
    for route, answer in held:
        assert answer.json()["incident"]["still"] is None
        route.fulfill(response=answer)
    expect(page.locator("#detail .steps")).to_have_count(1)
    expect(page.locator(".stage img")).to_have_count(1)
    expect(page.locator(f"#row-{late} image")).to_have_count(1)


def test_the_keyboard_is_enough(console: Watched, day: list[str]) -> None:
    page = console.page
    assert selected(page) == day[-1]
    page.keyboard.press("j")
    assert (selected(page), shown_type(page)) == (day[-2], "침입")
    page.keyboard.press("ArrowDown")
    assert selected(page) == day[-3]
    page.keyboard.press("k")
    assert page.url.endswith(f"/incidents/{day[-2]}")
    page.keyboard.press("p")
    expect(page.locator(".ask")).to_be_visible()
    expect(page.locator(".ask button.primary")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".ask")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.locator("#help-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page.locator("#cameras-body")).to_contain_text("PW-101 카메라에 연결할 수 없음")
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    expect(page.locator("#sound")).to_have_text("알림음 심각만")


def test_each_severity_has_its_tones_once_somebody_wants_them(
    chromium: Browser, address: str, store: FilledStore
) -> None:
    with watched_page(chromium, address, cookies={"pw_person": "yes"}) as watched:
        page = watched.page
        # What the browser's own oscillators are told to play.
        page.add_init_script(
            "window.tones = []; const start = OscillatorNode.prototype.start;"
            "OscillatorNode.prototype.start = function (...at) {"
            " window.tones.push(Math.round(this.frequency.value)); return start.apply(this, at); };"
        )
        page.goto(f"{address}/")
        page.wait_for_selector("html[data-ready]")

        def heard(severity: Severity, place: int) -> list[int]:
            page.evaluate("() => { window.tones = []; }")
            come = store.tell(Told("fire", severity, place, picture=None))
            expect(page.locator(f"#row-{come}")).to_have_count(1)
            found: list[int] = page.evaluate("() => window.tones")
            return found

        assert heard("severe", 0) == []
        page.keyboard.press("m")
        expect(page.locator("#sound")).to_have_text("알림음 심각만")
        assert page.evaluate("() => window.tones") == [880] * 3
        assert heard("minor", 1) == []
        assert heard("severe", 2) == [880] * 3


def test_keys_mean_nothing_while_somebody_writes(console: Watched, day: list[str]) -> None:
    page = console.page
    page.keyboard.press("p")
    page.locator("[name=purpose]").fill("")
    page.locator("[name=purpose]").type("jkpm?")
    assert page.locator("[name=purpose]").input_value() == "jkpm?"
    assert selected(page) == day[-1]
    expect(page.locator("#sound")).to_have_text("알림음 끔")


def test_the_form_proposes_case_basis_and_purpose(console: Watched) -> None:
    page = console.page
    page.keyboard.press("p")
    assert page.locator("[name=case]").input_value().startswith("GYEYANG-")
    assert page.locator("[name=basis]").input_value() == "개인정보 보호법 제18조제2항제3호"
    assert page.locator("[name=purpose]").input_value() == "긴급 상황 확인 (싸움)"
    page.locator("[name=case]").fill("")
    page.locator(".ask button.primary").click()
    expect(page.locator(".ask")).to_be_visible()


def test_english_is_one_press_away_and_stays(console: Watched, day: list[str]) -> None:
    page = console.page
    page.locator(f"#row-{day[3]}").click()
    page.get_by_role("button", name="English").click()
    page.wait_for_selector("html[lang=en][data-ready]")
    assert shown_type(page) == "Intrusion"
    expect(page.locator(f"#row-{day[3]}")).to_contain_text("Gyeyang-gu Office, main gate")
    expect(page.locator(f"#row-{day[3]}")).to_contain_text("Police 112 acknowledged 0.2 s")
    page.reload()
    page.wait_for_selector("html[lang=en][data-ready]")
    assert "사건" not in page.locator("body").inner_text()


def test_dark_light_and_as_the_system_has_it(console: Watched) -> None:
    page = console.page
    ground = "() => getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("#theme").click()
    assert page.evaluate(ground) == dark
    page.locator("#theme").click()
    expect(page.locator("#theme")).to_have_text("밝게")
    assert page.evaluate(ground) != dark
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate(ground) != dark


def test_cameras_and_boxes_change_before_the_eyes(console: Watched, store: FilledStore) -> None:
    page = console.page
    expect(page.locator("#camera-totals")).to_have_text("2정상1불안정2중단")
    expect(page.locator("#camera-faults")).to_contain_text("부평초등학교 후문")
    expect(page.locator("#camera-faults")).to_contain_text("장비가 연결되어 있지 않음")
    store.camera(3)
    store.device("pole-031-1")
    expect(page.locator("#camera-totals")).to_have_text("4정상1불안정")
    # With little to tell there is room for the remedy.
    expect(page.locator("#camera-faults")).to_contain_text("반복되면 네트워크를 점검하십시오")
    expect(page.locator("#links")).to_contain_text("장비 4/4 연결")


def test_earlier_incidents_are_a_press_away(chromium: Browser, store: FilledStore) -> None:
    for n in range(130):
        store.tell(Told(ago=timedelta(hours=n + 1), lasts=timedelta(seconds=9), picture=None))
    with (
        served(store) as address,
        watched_page(chromium, address, cookies={"pw_person": "yes"}) as watched,
    ):
        page = watched.page
        page.goto(f"{address}/")
        page.wait_for_selector("html[data-ready]")
        # All of one place and type: one row until they are asked for.
        expect(page.locator(".row")).to_have_count(1)
        expect(page.locator(".row")).to_contain_text("같은 곳 99건 더")
        page.keyboard.press("g")
        expect(page.locator(".row")).to_have_count(100)
        page.locator("#more").click()
        expect(page.locator(".row")).to_have_count(130)
        expect(page.locator("#more")).to_be_hidden()


def test_what_comes_from_outside_never_becomes_markup(
    chromium: Browser, store: FilledStore
) -> None:
    store.settings = store.settings.model_copy(
        update={
            "cameras": tuple(
                one.model_copy(update={"title": ATTACK, "title_en": ATTACK, "address": ATTACK})
                for one in store.settings.cameras
            )
        }
    )
    store.reader = type(store.reader)(store.database.path, store.settings.places())
    for place in range(len(PLACES)):
        store.device(PLACES[place][0])
        store.camera(place, "down", ATTACK[:60])
    store.token = store.token.model_copy(update={"person": ATTACK})
    attacked = store.tell(
        Told(
            type=ATTACK[:40],
            zone=ATTACK,
            rule=ATTACK,
            text=ATTACK,
            note=ATTACK,
            deliveries=(Delivered(ATTACK, "failed", error=ATTACK, officer=ATTACK, attempts=2),),
        )
    )
    with (
        served(store) as address,
        watched_page(chromium, address, cookies={"pw_person": "yes"}) as watched,
    ):
        page = watched.page
        page.goto(f"{address}/incidents/{attacked}")
        page.wait_for_selector("html[data-ready]")
        page.keyboard.press("p")
        page.keyboard.press("Escape")
        page.keyboard.press("c")
        expect(page.locator("#cameras-body")).to_contain_text(ATTACK)
        page.keyboard.press("Escape")
        page.keyboard.press("w")
        expect(page.locator("#shift-body .changes").first).to_contain_text(ATTACK)
        expect(page.locator("#detail")).to_contain_text(ATTACK)
        assert page.locator("img[onerror], script:not([src])").count() == 0
        page.keyboard.press("Escape")
        page.keyboard.press("v")
        page.wait_for_url(f"{address}/incidents/{attacked}/file")
        expect(page.locator("#timeline")).to_contain_text(ATTACK)
        expect(page.locator("#told")).to_contain_text(ATTACK)
        assert page.locator("img[onerror], script:not([src])").count() == 0
        device, camera = PLACES[0][:2]
        for path in (
            f"/map?camera={device}/{camera}",
            f"/wall?cameras={device}/{camera}",
            "/health",
        ):
            page.goto(f"{address}{path}")
            page.wait_for_selector("html[data-ready]")
            expect(page.locator("main")).to_contain_text(ATTACK)
            assert page.locator("img[onerror], script:not([src])").count() == 0, path


def test_a_phone_shows_one_thing_at_a_time(chromium: Browser, address: str, day: list[str]) -> None:
    with watched_page(chromium, address, viewport=PHONE, cookies={"pw_person": "yes"}) as watched:
        page = watched.page
        page.goto(f"{address}/")
        page.wait_for_selector("html[data-ready]")
        expect(page.locator("#detail")).to_be_hidden()
        page.locator(f"#row-{day[-1]}").click()
        expect(page.locator("#detail")).to_be_visible()
        expect(page.locator(".queue")).to_be_hidden()
        page.locator(".back").click()
        expect(page.locator(".queue")).to_be_visible()
        overflow = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0
        # A link from a message opens its incident.
        page.goto(f"{address}/incidents/{day[3]}")
        page.wait_for_selector("html[data-ready]")
        expect(page.locator("#detail h2")).to_have_text("침입")


def test_an_ended_sign_in_leads_to_the_door(console: Watched, address: str) -> None:
    console.expected = ("401",)
    console.page.context.clear_cookies()
    console.page.reload()
    console.page.wait_for_url(f"{address}/sign-in?next=/incidents/*")
    assert new_id() not in console.page.url


def test_who_was_told_how_and_why_and_what_people_often_reject(
    chromium: Browser, store: FilledStore
) -> None:
    for minutes in range(1, 6):
        ago = timedelta(minutes=minutes)
        store.tell(Told(state="rejected", ago=ago, lasts=timedelta(seconds=5), rule="yard"))
    silent = Delivered("police", state="sent", attempts=4)
    refused = Delivered("fire", state="failed", error="answered 403", channel="cap")
    instead = Delivered("centre", channel="webhook", instead_of="police", officer="경위 김")
    told = Told(rule="yard", drill=True, deliveries=(silent, refused, instead))
    silent_one = store.tell(told)
    with store.database.transaction() as rows:
        rows.execute(
            "INSERT INTO escalation VALUES (?, 'fire', 1, ?, ?, 'exhausted'),"
            " (?, 'police', 1, ?, ?, NULL)",
            (silent_one, *["2026-03-01T12:00:00.000000Z"] * 2) * 2,
        )
    sent: list[str] = []

    def keep(route: Route) -> None:
        sent.append(f"{route.request.url} {route.request.post_data}")
        route.fulfill(status=204)

    cookies = {"pw_person": "yes"}
    with served(store) as url, watched_page(chromium, url, cookies=cookies) as watched:
        page = watched.page
        page.route("**/notes", keep)
        page.goto(f"{url}/")
        page.wait_for_selector("html[data-ready]")
        detail = page.locator("#detail")
        expect(detail.locator(".drill")).to_have_text("훈련")
        lines = detail.locator(".deliveries").first.locator("li")
        expect(lines.filter(has_text="4회 시도")).to_contain_text("경찰 112… 응답 대기")
        expect(lines.filter(has_text="CAP")).to_contain_text("answered 403")
        expect(lines.filter(has_text="WEBHOOK")).to_contain_text(
            "경찰 112 무응답으로 전달 · 경위 김"
        )
        expect(lines.filter(has_text="모두 무응답")).to_contain_text("119")
        expect(lines.filter(has_text="다음 연락처로")).to_contain_text("경찰 112")
        expect(detail.locator(".suggestion")).to_contain_text("5건 중 5건이 오탐")
        page.get_by_label("기록할 메모").fill("순찰차에 전화함 y n")
        page.get_by_role("button", name="기록", exact=True).click()
        expect(page.get_by_label("기록할 메모")).to_have_value("")
        assert len(sent) == 1
        assert "순찰차에 전화함 y n" in sent[0]
