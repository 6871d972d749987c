"""Lists, doubtful hits, and a vehicle that is searched for and traced across two poles, in a real
browser."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from tests.support.broker import make_broker, make_city
from tests.support.browser import FULL_HD, PHONE, axe_faults, watched_page
from tests.support.centre import ROUTES, Centre
from tests.support.told import Process
from tests.support.wait import wait_until
from tests.system.plates.poles import given_pole

PASSWORD = "correct horse battery"
HERE, THERE = (37.5371, 126.7377), (37.5385, 126.7377)
POLES = {"pole-001-1": ("정문", HERE), "pole-002-1": ("북문", THERE)}


class City:
    """A centre with an operator and an officer, and two poles with diaries."""

    def __init__(self, folder: Path) -> None:
        self.authority = make_city(folder / "authority")
        self.broker = make_broker("nats", self.authority, folder / "broker")
        self.broker.start()
        cameras = [
            {
                "device": name, "camera": "cam-1", "title": title, "title_en": f"Gate {name}",
                "lat": lat, "lon": lon,
            }
            for name, (title, (lat, lon)) in POLES.items()
        ]  # fmt: skip
        self.centre = Centre(folder / "centre", self.authority, self.broker, {"cameras": cameras})
        routes = {
            "routes": [
                *ROUTES["routes"],
                {"name": "waste", "types": ["dumping"], "agencies": ["fire"]},
            ]
        }
        (self.centre.folder / "routing.yaml").write_text(yaml.safe_dump(routes))
        self.poles = {
            name: given_pole(self.authority, self.broker, folder / name, device=name)
            for name in POLES
        }

    def start(self) -> None:
        self.centre.add_person("oper", PASSWORD, "centre", "operator")
        self.centre.add_person("chief", PASSWORD, "centre", "supervisor")
        self.centre.signer.start()
        self.centre.collector.start()
        for pole in self.poles.values():
            pole.start()
        wait_until(lambda: self.online() == set(POLES), 60, "both poles")

    def online(self) -> set[str]:
        return {one.device for one in self.centre.reader().devices() if one.online}

    def passed(self, pole: str, plate: str, unsure: str = "") -> None:
        """`unsure`: places that are read doubtfully, as tests.system.plates.pole takes them."""
        assert self.poles[pole].say(f"{plate} {unsure}")["passed"] == plate

    def list_put(self, name: str, *plates: str) -> None:
        """The owner's table, by the command, until every pole holds it."""
        table = self.centre.folder / f"{name}.csv"
        rows = "".join(f"{plate},2026-{at}\n" for at, plate in enumerate(plates, 17))
        table.write_text(f"차량번호,비고\n{rows}", encoding="cp949")
        until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
        done = subprocess.run(
            [
                sys.executable, "-m", "polewatch", "collector", "list", "put", name, str(table),
                "--owner", "police", "--purpose", "도난 차량", "--basis", "경찰관 직무집행법 제2조",
                "--until", until, "--config", str(self.centre.config),
            ],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        held = "SELECT 1 FROM device_list WHERE list_id = ?"
        wait_until(lambda: len(self.centre.rows(held, name)) == len(POLES), 60, "the list on poles")

    def kill(self, pole: str) -> Process:
        """It is gone, and its last will says so."""
        gone = self.poles[pole]
        gone.kill()
        wait_until(lambda: pole not in self.online(), 60, "the last will")
        return gone

    def ledger(self, kind: str) -> list[dict[str, str]]:
        rows = self.centre.rows(
            "SELECT f.fields FROM ledger l JOIN ledger_fields f USING (number)"
            " WHERE l.kind = ? ORDER BY number",
            kind,
        )
        return [json.loads(row["fields"]) for row in rows]

    def stop(self) -> None:
        for pole in self.poles.values():
            pole.kill()
        self.centre.stop()
        self.broker.stop()


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """For all tests here, in their order: the last one loses a pole."""
    made = City(tmp_path_factory.mktemp("city"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def opened(
    page: Page, url: str, ready: str = "#ask", path: str = "/vehicles", who: str = "oper"
) -> None:
    page.goto(f"{url}/sign-in?next={path}")
    page.wait_for_selector("html[data-ready] #sign-in")
    page.locator("[name=name]").fill(who)
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(f"html[data-ready] {ready}")


def test_a_supervisor_uploads_a_list_sees_its_bad_rows_and_ends_it(
    chromium: Browser, city: City, tmp_path: Path
) -> None:
    table = tmp_path / "체납.csv"
    table.write_text("차량번호,비고\n12가3456,A-1\n홍길동,\n2026-03-01,\n", encoding="cp949")
    url = city.centre.collector.url
    with watched_page(chromium, url, viewport=FULL_HD) as watched:
        page = watched.page
        watched.expected = ("dialog: overdue",)
        opened(page, url, "#place", "/lists", "chief")
        page.locator("[name=list_id]").fill("overdue")
        page.locator("[name=owner]").select_option("police")
        page.locator("[name=until]").fill(f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}")
        page.locator("[name=purpose]").fill("지방세 체납 차량")
        page.locator("[name=basis]").fill("지방세징수법 제33조")
        page.locator("[name=at_once_from]").select_option("")
        page.locator("[name=file]").set_input_files(table)
        page.locator("button[type=submit]").click()
        expect(page.locator("#report")).to_contain_text("차량 1대, 잘못된 행 2개")
        expect(page.locator("#report li").nth(0)).to_contain_text("3행 온전한 차량번호가 아님")
        assert axe_faults(page) == []
        watched.shoot("lists-report")
        with page.expect_download() as kept:
            page.locator("#keep-report").click()
        assert kept.value.suggested_filename == "체납-잘못된 행.csv"
        rows = kept.value.path().read_text("utf-8-sig").splitlines()
        assert [row.partition(",")[0] for row in rows] == ["행", "3", "4"]
        page.locator("#take").click()
        expect(page.locator("#report")).to_contain_text("1차 개정: 차량 1대")
        row = page.locator("[data-list=overdue]")
        expect(row).to_contain_text("매번 사람이 확인")
        expect(row).to_contain_text("최신 2곳", timeout=60_000)
        assert axe_faults(page) == []
        watched.shoot("lists")
        page.set_viewport_size(PHONE)
        watched.shoot("lists-phone")
        page.on("dialog", lambda dialog: dialog.accept())
        row.locator("button").click()
        expect(page.locator("#holds-list")).to_contain_text("명단이 없습니다", timeout=60_000)
        kinds = [len(city.ledger(one)) for one in ("list.taken", "list.ended")]
        assert kinds == [1, 1]


def test_a_doubtful_hit_goes_to_nobody_before_an_operator_confirms_it(
    chromium: Browser, city: City
) -> None:
    city.list_put("stolen", "56다1234", "34나5678")
    url = city.centre.collector.url
    with watched_page(chromium, url, viewport=FULL_HD) as watched:
        page = watched.page
        opened(page, url, "#sound", "/")
        city.passed("pole-001-1", "56더1234", '{"2": {"더": 0.6, "다": 0.39}}')
        row = page.locator(".row")
        expect(row).to_contain_text("확인 필요")
        row.click()
        told = page.locator("#detail .plates li")
        expect(told.locator("mark")).to_have_text("더")
        expect(told.locator(".read b").nth(1)).to_have_text("56다1234")
        expect(told).to_contain_text("2026-17")
        expect(told).to_contain_text("다가옴")
        expect(told.locator("img")).to_have_js_property("complete", True)
        assert told.locator("img").evaluate("image => image.naturalWidth") > 0
        expect(page.locator("#detail .stage img")).to_have_count(1)
        expect(page.locator("[data-key=Y]")).to_be_in_viewport()
        assert axe_faults(page) == []
        watched.shoot("unconfirmed")
        assert city.centre.rows("SELECT 1 FROM delivery") == []
        page.keyboard.press("y")
        page.keyboard.press("y")
        told_to = "SELECT agency FROM delivery"
        wait_until(lambda: city.centre.rows(told_to), 30, "the delivery")
        assert [row["agency"] for row in city.centre.rows(told_to)] == ["police"]
        expect(page.locator("#detail .deliveries").first).to_contain_text("경찰 112")

        city.passed("pole-002-1", "34너5678", '{"2": {"너": 0.6, "나": 0.39}}')
        waiting = page.locator(".row").filter(has_text="확인 필요")
        expect(waiting).to_have_count(1)
        waiting.click()
        expect(page.locator("#detail .unconfirmed")).to_be_visible()
        page.set_viewport_size(PHONE)
        watched.shoot("unconfirmed-phone")
        page.keyboard.press("n")
        page.keyboard.press("n")
        wait_until(lambda: len(city.ledger("incident.decided")) == 2, 30, "the second decision")
        entered = [(one["decision"], one["list_id"]) for one in city.ledger("incident.decided")]
        assert entered == [("confirmed", "stolen"), ("rejected", "stolen")]
        assert len(city.centre.rows("SELECT 1 FROM delivery")) == 1
        # A sure read needs nobody.
        city.passed("pole-002-1", "56다1234")
        wait_until(lambda: len(city.centre.rows(told_to)) == 2, 30, "the sure read's delivery")


def test_whose_car_left_what_was_dumped_is_confirmed_by_eye_and_goes_into_the_evidence(
    chromium: Browser, city: City
) -> None:
    for line in ("90가1122", "34나9900", "dumped"):
        city.passed("pole-001-1", line)
    url = city.centre.collector.url
    with watched_page(chromium, url, viewport=FULL_HD) as watched:
        page = watched.page
        watched.expected = ("dialog: 90가1122",)
        opened(page, url, "#sound", "/")
        page.locator(".row").filter(has_text="무단투기").click()
        pictures = page.locator("#detail .earlier figure")
        expect(pictures).to_have_count(3)
        expect(pictures.nth(0)).to_contain_text("투기 전")
        expect(pictures.nth(1)).to_contain_text("투기 순간")
        expect(pictures.nth(2)).to_contain_text("투기 후")
        expect(page.locator("#detail .earlier img")).to_have_count(3)
        page.locator(".vehicle-evidence summary").click()
        page.locator(".vehicle-evidence [name=basis]").fill("폐기물관리법 제68조")
        assert axe_faults(page) == []
        page.locator(".vehicle-evidence [name=ask]").click()
        cars = page.locator(".candidates figure")
        expect(cars.filter(has_text="90가1122")).to_contain_text("판독 96 %")
        expect(cars.filter(has_text="34나9900")).to_have_count(1)
        crop = cars.filter(has_text="90가1122").locator("img")
        crop.scroll_into_view_if_needed()
        expect(crop).to_have_js_property("complete", True)
        assert crop.evaluate("image => image.naturalWidth") > 0
        assert axe_faults(page) == []
        watched.shoot("dumping-plates")
        page.set_viewport_size(PHONE)
        cars.first.scroll_into_view_if_needed()
        watched.shoot("dumping-plates-phone")
        page.set_viewport_size(FULL_HD)
        page.on("dialog", lambda dialog: dialog.accept())
        cars.filter(has_text="90가1122").get_by_role("button").click()
        expect(page.locator(".vehicle-evidence .confirmed b")).to_have_text("90가1122")
        expect(cars).to_have_count(0)
        with page.expect_download() as taken:
            page.locator(".vehicle-evidence [name=file]").click()
        with zipfile.ZipFile(taken.value.path()) as archive:
            names = archive.namelist()
            said = json.loads(archive.read("evidence.json"))
        assert [one["shows"] for one in said["stills"]] == ["before", "left", "alarm"]
        assert [one["text"] for one in said["plates"]] == ["90가1122"]
        assert {"stills/001-before.jpg", "plates/001.jpg", "events/001.jws"} <= set(names)
        assert len(city.ledger("evidence.exported")) == 1
        page.locator("#detail").evaluate("one => { one.scrollTop = 0; }")
        watched.shoot("dumping-panel")
        page.keyboard.press("v")
        page.wait_for_selector("html[data-ready] #stills")
        expect(page.locator("#stills figcaption").nth(0)).to_contain_text("투기 전")
        expect(page.locator("#stills figcaption").nth(2)).to_contain_text("투기 후")
        expect(page.locator("#stills .plate")).to_contain_text("90가1122")
        expect(page.locator("#stills .plate")).to_contain_text("oper 확인")
        expect(page.locator("#timeline")).to_contain_text("번호판 확인")
        assert axe_faults(page) == []
        watched.shoot("dumping-file")
        page.set_viewport_size(PHONE)
        page.locator("#stills").scroll_into_view_if_needed()
        watched.shoot("dumping-file-phone")


def test_an_operator_follows_a_car_over_two_poles(chromium: Browser, city: City) -> None:
    for pole, plate in (
        ("pole-001-1", "12가3456"),
        ("pole-002-1", "12가3456"),
        ("pole-001-1", "78도9012"),
    ):
        city.passed(pole, plate)
    url = city.centre.collector.url
    with watched_page(chromium, url, viewport=FULL_HD) as watched:
        page = watched.page
        watched.expected = ("400 (Bad Request)",)
        opened(page, url)
        page.locator("[name=pattern]").fill("12가34??")
        page.locator("[name=case]").fill("2026-17")
        page.locator("[name=agency]").select_option("police")
        page.locator("[name=purpose]").fill("뺑소니 차량 추적")
        page.locator("[name=end]").fill("2030-01-01T00:00")
        page.keyboard.press("Enter")
        expect(page.locator("#said")).to_contain_text("31 days")
        start = page.locator("[name=start]").input_value()
        page.locator("[name=end]").evaluate(
            "(field, start) => { const end = new Date(start + 'Z');"
            " end.setUTCDate(end.getUTCDate() + 2);"
            " field.value = end.toISOString().slice(0, 16); }",
            start,
        )
        page.keyboard.press("Enter")
        expect(page.locator("#progress")).to_contain_text("폴 2곳 중 2곳 응답")
        route = page.locator("article.route")
        expect(route).to_have_count(1)
        expect(route.locator("h3")).to_have_text("12가3456")
        expect(route.locator("li")).to_have_count(2)
        expect(route.locator("li").nth(0)).to_contain_text("정문")
        expect(route.locator("li").nth(0)).to_contain_text("승용")
        expect(route.locator(".way-map canvas")).to_be_visible()
        expect(route.locator(".hours text")).to_have_text(["1", "2"])
        expect(route.locator("li").nth(1)).to_contain_text("북문")
        expect(route.locator(".leg")).to_contain_text("156 m")
        assert axe_faults(page) == []
        watched.shoot("vehicles")
        entry = city.ledger("plates.searched")[-1]
        assert (entry["person"], entry["case"], entry["pattern"]) == ("oper", "2026-17", "12가34??")
        wait_until(lambda: len(city.ledger("pole.plates.searched")) == 3, 30, "the poles' audit")

        crop = route.locator("li").nth(0).locator("img.crop")
        crop.scroll_into_view_if_needed()
        expect(crop).to_have_js_property("complete", True)
        assert crop.evaluate("image => image.naturalWidth") > 0
        wait_until(
            lambda: "2026-17" in {one["case"] for one in city.ledger("pole.plates.shown")},
            30,
            "the pole's audit of the picture",
        )

        page.locator("[name=kind]").select_option("bus")
        page.locator("#ask button[type=submit]").click()
        expect(page.locator("#routes")).to_contain_text("차종과 색은 잘못 볼 수")
        page.locator("[name=kind]").select_option("")
        trace_live(page, city)
        watched.shoot("trace")
        page.locator(".trace").scroll_into_view_if_needed()
        assert axe_faults(page) == []
        page.locator(".trace > header button").click()
        wait_until(lambda: len(city.ledger("pole.trace.ended")) == 2, 60, "the poles' word")
        expect(page.locator(".trace")).to_have_count(0)
        assert [one["why"] for one in city.ledger("trace.ended")] == ["oper"]
        assert len(city.ledger("trace.removed")) == 1

        city.kill("pole-002-1")
        page.locator("[name=pattern]").fill("9012")
        page.keyboard.press("Enter")
        expect(page.locator("#late-count")).to_have_text("응답 없는 폴 1곳")
        page.locator("#late-count").click()
        expect(page.locator("#late-list")).to_contain_text("pole-002-1")
        expect(page.locator("article.route h3")).to_have_text("78도9012")
        page.set_viewport_size(PHONE)
        page.locator("#found-title").scroll_into_view_if_needed()
        assert axe_faults(page) == []
        watched.shoot("vehicles-phone")
        forgotten = len(city.ledger("plates.forgotten"))
        page.locator("#forget").click()
        expect(page.locator("#routes")).to_have_text("결과를 지웠습니다.")
        assert len(city.ledger("plates.forgotten")) == forgotten + 1


def trace_live(page: Page, city: City) -> None:
    """A trace of the same car; it passes one pole, then the other, and the page shows both."""
    incidents = "SELECT count(*) AS n FROM incident"
    before = city.centre.rows(incidents)[0]["n"]
    page.locator("#trace").click()
    told = page.locator(".trace")
    expect(told.locator(".state")).to_contain_text("폴 2곳 중 2곳 추적 중")
    city.passed("pole-001-1", "12가3456")
    expect(told.locator(".way li")).to_have_count(1)
    city.passed("pole-002-1", "78도9012")
    city.passed("pole-002-1", "12가3456")
    expect(told.locator(".way li")).to_have_count(2)
    expect(told.locator(".way li").nth(1)).to_contain_text("북문")
    expect(told.locator("img.crop").nth(1)).to_have_js_property("complete", True)
    # What a trace tells is no incident: no agency hears of it.
    assert city.centre.rows(incidents)[0]["n"] == before
