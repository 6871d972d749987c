"""Lists of vehicles: every row read or reported, kept with its terms, and led to the poles."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from collector.services.vehicle_lists import api, table
from collector.services.vehicle_lists.desk import ListDesk
from collector.services.vehicle_lists.keeper import ListKeeper, Step, next_step
from collector.services.vehicle_lists.table import ListError, read_table
from collector.store import devices, vehicle_lists
from collector.store.vehicle_lists import Held, VehicleList
from provisioning.authority import Authority
from tests.edge_agent.plates.reads import read
from tests.support.listed_poles import ListedPoles
from tests.support.service_bench import ServiceBench
from tests.wire.samples import SAMPLES
from wire.health import Health
from wire.sheet import lines

NOW = datetime(2026, 3, 1, tzinfo=UTC)
URL = "/api/plates/lists"
BASIS = "지방세징수법 제33조"
HERE, AWAY = "pole-001-1", "pole-002-1"


# --- the table ------------------------------------------------------------------------------------


def test_a_korean_table_is_read_and_every_bad_row_is_told() -> None:
    text = (
        "순번,차량번호,비고\n1,12가 3456,A-1\n2,12가3456,A-1\n3,12가3456,B-9\n4,,\n5,2026-03-01,\n"
        "6,홍길동,\n7,서울12바3456,C\n8,1234,\n"
    )
    found = read_table(lines("체납.csv", text.encode("cp949")))
    assert found.entries == {"12가3456": "A-1", "서울12바3456": "C"}
    assert found.repeated == 1
    assert [one.row for one in found.bad] == [4, 5, 6, 7, 9]
    assert [one.reason.split(":")[0] for one in found.first_bad()] == [
        "the plate of row 2 with another note", "no plate", "a date", "not a whole plate",
        "not a whole plate",
    ]  # fmt: skip
    report = list(found.report())
    assert report[0] == (4, "2행의 차량인데 비고가 다름", "the plate of row 2 with another note")
    assert "홍길동" not in str(report)


def test_a_workbook_whose_cells_became_dates_says_so() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["자동차등록번호"])
    sheet.append([datetime(2026, 3, 1)])
    sheet.append(["34나5678"])
    told = io.BytesIO()
    book.save(told)
    found = read_table(lines("list.xlsx", told.getvalue()))
    assert found.entries == {"34나5678": None}
    assert [(one.row, one.why.split(":")[0]) for one in found.bad] == [(2, "a date")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("이름,주소\n홍,서울\n", "no column of plates"),
        ("plate,번호\na,b\n", "several"),
    ],
)
def test_what_is_no_list_is_refused(text: str, said: str) -> None:
    with pytest.raises(ListError, match=said):
        read_table(lines("x.csv", text.encode()))


def test_more_than_a_pole_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MOST_ENTRIES", 99)
    plates = ((n, [f"{n:06d}가"]) for n in range(1, 101))
    with pytest.raises(ListError, match="more than 99 plates"):
        read_table([(0, ["plate"]), *plates])


def test_of_very_many_bad_rows_the_first_are_told_and_the_report_has_all() -> None:
    found = read_table([(0, ["plate"]), *((n, ["?"]) for n in range(1, 5_001))])
    assert (len(found.first_bad()), found.entries) == (1_000, {})
    assert [row for row, *_ in found.report()] == list(range(1, 5_001))


# --- which step leads a pole on -------------------------------------------------------------------


def listed(**changed: Any) -> VehicleList:
    usual = {
        "list_id": "overdue", "owner": "city", "purpose": "p", "basis": "b",
        "expires_at": NOW + timedelta(days=30), "revision": 5, "terms_at": 2, "changed_at": NOW,
        "changed_by": "chief", "ended_at": None,
    }  # fmt: skip
    return VehicleList(**{**usual, **changed})


LATER = NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("one", "confirmed", "told", "wanted"),
    [
        (listed(), None, None, ("replace", 0)),
        (listed(), None, {"overdue": 7}, ("replace", 7)),
        (listed(), Held(3, 5, NOW), {"overdue": 3}, None),
        (listed(), Held(3, 5, NOW), None, None),
        (listed(), Held(3, 4, NOW), {"overdue": 3}, ("change", 3, 4)),
        (listed(), Held(3, 1, NOW), {"overdue": 3}, ("replace", 3)),
        (listed(), Held(3, 5, NOW), {}, ("replace", 0)),
        (listed(), Held(3, 5, NOW), {"overdue": 9}, ("replace", 9)),
        (listed(), Held(3, 5, LATER), {}, None),
        (listed(ended_at=NOW), Held(3, 5, NOW), {"overdue": 3}, ("drop", 3)),
        (listed(ended_at=NOW), None, {"overdue": 3}, None),
        (listed(expires_at=NOW), Held(3, 5, NOW), {}, ("drop", 0)),
    ],
)
def test_each_state_of_a_pole_has_its_step(
    one: VehicleList,
    confirmed: Held | None,
    told: dict[str, int] | None,
    wanted: tuple[Any, ...] | None,
) -> None:
    told_at = None if told is None else LATER
    step = next_step(HERE, one, confirmed, told, told_at, NOW)
    assert step == (None if wanted is None else Step(HERE, "overdue", *wanted))


# --- from the page to the pole --------------------------------------------------------------------


class City:
    """A centre with its keeper, and poles that keep lists as the agent does."""

    def __init__(self, folder: Path, town: Authority) -> None:
        self.bench = ServiceBench(folder, town)
        self.folder, self.town = folder, town
        self.poles = ListedPoles(folder, town, self.bench.clock)
        self.poles.add(HERE)
        self.poles.add(AWAY)
        self.keeper = ListKeeper(
            self.bench.database, self.poles.commander, self.poles.names, self.bench.clock
        )
        self.bench.app.include_router(
            api.build_router(
                ListDesk(lambda: frozenset({"city", "police"})), self.bench.database,
                self.bench.persons, self.bench.clock, lambda: None,
            )
        )  # fmt: skip

    def body(self, *plates: str, **changed: Any) -> dict[str, Any]:
        terms = {
            "owner": "city",
            "purpose": "지방세 체납 차량",
            "basis": BASIS,
            "expires_at": (self.bench.clock.now() + timedelta(days=30)).isoformat(),
        }
        return {"terms": {**terms, **changed}, "entries": [{"plate": one} for one in plates]}

    def lead(self) -> None:
        """Until no pole that is there needs anything."""
        while self.keeper.round():
            self.tell_health()

    def tell_health(self) -> None:
        self.bench.clock.advance(5)
        sample = SAMPLES["health"]
        assert isinstance(sample, Health)
        with self.bench.database.transaction() as run:
            for name, desk in self.poles.there():
                health = sample.model_copy(update={"watchlists": desk.figures()})
                devices.health(run, name, health, self.bench.clock.now())

    def hit(self, pole: str, plate: str) -> list[str]:
        return [hit.list_id for hit in self.poles.desk(pole).match(read(plate))]


@pytest.fixture
def city(tmp_path: Path, town: Authority) -> Iterator[City]:
    made = City(tmp_path, town)
    yield made
    made.bench.close()


def test_a_list_reaches_the_poles_and_a_removal_one_that_was_away(city: City) -> None:
    with city.bench.client("chief") as client:
        terms = city.body("12가3456", "34나5678")
        answer = client.put(f"{URL}/overdue", json=terms)
        assert (answer.status_code, answer.json()["added"]) == (200, 2), answer.text
        city.lead()
        assert city.hit(HERE, "12가3456") == city.hit(AWAY, "12가3456") == ["overdue"]
        assert client.get(URL).json()[0]["poles"] == 2

        city.poles.away(AWAY)
        terms["entries"] = [{"plate": "34나5678"}, {"plate": "56다7890"}]
        told = client.put(f"{URL}/overdue", json=terms).json()
        assert (told["added"], told["removed"], told["entries"]) == (1, 1, 2)
        city.lead()
        assert (city.hit(HERE, "12가3456"), city.hit(HERE, "56다7890")) == ([], ["overdue"])
        assert city.hit(AWAY, "12가3456") == ["overdue"], "it is away and cannot know"
        shown = client.get(URL).json()[0]
        assert (shown["poles"], shown["behind"], shown["entries"]) == (1, 1, 2)

        city.poles.back(AWAY)
        city.keeper.device_came(AWAY)
        city.lead()
        assert (city.hit(AWAY, "12가3456"), city.hit(AWAY, "56다7890")) == ([], ["overdue"])
        kept = city.bench.rows("SELECT plate FROM vehicle_entry")
        assert sorted(row["plate"] for row in kept) == ["34나5678", "56다7890"]

        city.poles.away(AWAY)
        assert client.delete(f"{URL}/overdue").status_code == 204
        city.lead()
        taken = client.put(f"{URL}/overdue", json=city.body("12가3456", owner="police"))
        assert (taken.status_code, taken.json()["code"]) == (403, "auth.forbidden")
        assert "until every pole has given it up" in taken.json()["detail"]
        city.poles.back(AWAY)
        city.keeper.device_came(AWAY)
        city.lead()
        assert city.hit(HERE, "34나5678") == city.hit(AWAY, "34나5678") == []
        assert client.get(URL).json() == []
    assert [one["added"] for one in city.bench.ledger("list.taken")] == [2, 1]
    assert [one["list_id"] for one in city.bench.ledger("list.ended")] == ["overdue"]


def test_a_pole_whose_word_was_lost_before_the_list_ended_gives_it_up(city: City) -> None:
    with city.bench.client("chief") as client:
        client.put(f"{URL}/overdue", json=city.body("12가3456"))
        city.lead()
        with city.bench.database.transaction() as run:
            vehicle_lists.given_up(run, HERE, "overdue")
        assert client.delete(f"{URL}/overdue").status_code == 204
    city.lead()
    city.tell_health()
    assert (city.hit(HERE, "12가3456"), city.bench.rows("SELECT * FROM vehicle_list")) == ([], [])
    assert city.hit(AWAY, "12가3456") == []
    city.poles.away(HERE)
    assert city.keeper.round() is False


def test_a_round_in_which_nothing_changed_writes_nothing(city: City) -> None:
    with city.bench.client("chief") as client:
        client.put(f"{URL}/overdue", json=city.body("12가3456"))
    city.lead()
    with closing(sqlite3.connect(city.bench.database.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not city.keeper.round()


def test_changed_terms_reach_the_poles_and_a_pole_that_lost_its_list_gets_it_anew(
    city: City,
) -> None:
    with city.bench.client("chief") as client:
        client.put(f"{URL}/overdue", json=city.body("12가3456"))
        city.lead()
        later = (city.bench.clock.now() + timedelta(days=90)).isoformat()
        client.put(f"{URL}/overdue", json=city.body("12가3456", expires_at=later))
        city.lead()
        (figures,) = city.poles.desk(HERE).figures()
        assert figures.expires_at.isoformat()[:10] == later[:10]
    city.poles.lose(HERE)
    city.tell_health()
    city.tell_health()
    assert city.hit(HERE, "12가3456") == []
    city.lead()
    assert city.hit(HERE, "12가3456") == ["overdue"]


def test_a_list_whose_time_is_over_is_deleted_here_and_there(city: City) -> None:
    with city.bench.client("chief") as client:
        client.put(f"{URL}/overdue", json=city.body("12가3456"))
        city.lead()
    city.bench.clock.advance(31 * 86_400)
    city.lead()
    assert city.bench.rows("SELECT * FROM vehicle_entry") == []
    assert city.bench.rows("SELECT * FROM vehicle_list") == []
    (entry,) = city.bench.ledger("list.ended")
    assert entry["why"] == "its time is over"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"basis": ""}, 422, "case.no-basis"),
        ({"owner": "nobody"}, 400, "request.invalid"),
        ({"owner": None}, 400, "request.invalid"),
        ({"purpose": " "}, 400, "request.invalid"),
        ({"expires_at": None}, 400, "request.invalid"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 400, "request.invalid"),
        ({"bad": True}, 422, "list.bad-rows"),
    ],
)
def test_a_list_that_cannot_be_taken_changes_nothing(
    city: City, changed: dict[str, Any], status: int, code: str
) -> None:
    plates = ("12가3456", "홍길동") if changed.pop("bad", False) else ("12가3456",)
    with city.bench.client("chief") as client:
        answer = client.put(f"{URL}/overdue", json=city.body(*plates, **changed))
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        file = "plate\n" + "\n".join(plates)
        terms = {
            name: one for name, one in city.body(**changed)["terms"].items() if one is not None
        }
        sent = client.put(f"{URL}/overdue/table", params=terms, content=file.encode())
        assert (sent.status_code, sent.json()["code"]) == (status, code), sent.text
        assert client.get(URL).json() == []


def test_bad_rows_may_be_left_out_and_another_owner_is_refused(city: City) -> None:
    with city.bench.client("chief") as client:
        body = {**city.body("12가3456", "홍길동"), "accept_bad": True}
        told = client.put(f"{URL}/overdue", json=body).json()
        assert (told["entries"], told["bad_rows"], told["bad"][0]["row"]) == (1, 1, 2)
        answer = client.put(f"{URL}/overdue", json=city.body("34나5678", owner="police"))
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.forbidden")
        other = client.put(f"{URL}/wanted", json=city.body("12가3456", owner="police")).json()
        assert other["also_on"] == {"overdue": 1}


@pytest.mark.parametrize(
    ("who", "may"), [("oper", "read"), ("priv", "read"), ("kim", ""), ("tech", ""), ("admin", "")]
)
def test_who_may_keep_lists(city: City, who: str, may: str) -> None:
    with city.bench.client(who) as client:
        assert client.get(URL).status_code == (200 if may else 403)
        assert client.put(f"{URL}/x", json=city.body("12가3456")).status_code == 403
        assert client.delete(f"{URL}/x").status_code == 403


def test_entries_that_a_pole_has_yet_to_give_up_are_kept_for_it(city: City) -> None:
    with city.bench.database.transaction() as run:
        vehicle_lists.put(run, listed(revision=1), {"12가3456": None, "34나5678": "A"})
        vehicle_lists.confirmed(run, HERE, "overdue", Held(1, 1, NOW))
        changed = vehicle_lists.put(run, listed(revision=2), {"34나5678": "B"})
        assert (changed.added, changed.removed, changed.kept) == (1, 2, 0)
        vehicle_lists.tidy(run)
        add, remove = vehicle_lists.since(run, "overdue", 1)
        assert (add, sorted(remove)) == ([("34나5678", "B")], ["12가3456", "34나5678"])
        vehicle_lists.confirmed(run, HERE, "overdue", Held(2, 2, NOW))
        vehicle_lists.tidy(run)
        assert run.execute("SELECT count(*) FROM vehicle_entry").fetchone()[0] == 1


def test_a_file_is_looked_at_with_every_bad_row_before_it_is_taken(city: City) -> None:
    file = "차량번호,비고\n12가3456,A-1\n홍길동,\n12가3456,B-2\n34나5678,\n".encode("cp949")
    terms = city.body()["terms"]
    with city.bench.client("chief") as client:
        told = client.post(f"{URL}/check", content=file).json()
        assert (told["entries"], told["bad_rows"]) == (2, 2)
        assert [one["row"] for one in told["bad"]] == [3, 4]
        assert told["bad"][1]["reason_ko"] == "2행의 차량인데 비고가 다름"
        kept = client.post(f"{URL}/check/report", content=file)
        assert kept.headers["content-disposition"].startswith("attachment")
        assert kept.content.decode("utf-8-sig").splitlines()[:1] == ["행,사유,reason"]
        assert len(kept.content.splitlines()) == 3
        assert client.get(URL).json() == [], "looking takes nothing"
        refused = client.put(f"{URL}/overdue/table", params=terms, content=file)
        assert (refused.status_code, refused.json()["code"]) == (422, "list.bad-rows")
        asked = {**terms, "accept_bad": True, "confirm_each": True}
        taken = client.put(f"{URL}/overdue/table", params=asked, content=file)
        assert (taken.status_code, taken.json()["entries"]) == (200, 2), taken.text
        (shown,) = client.get(URL).json()
        assert (shown["revision"], shown["at_once_from"]) == (1, None)
        nothing = client.post(f"{URL}/check", content=b"\x00\x01")
        assert (nothing.status_code, nothing.json()["code"]) == (400, "request.invalid")
    with city.bench.client("oper") as client:
        for answer in (
            client.post(f"{URL}/check", content=file),
            client.post(f"{URL}/check/report", content=file),
            client.put(f"{URL}/overdue/table", params=asked, content=file),
        ):
            assert answer.status_code == 403
