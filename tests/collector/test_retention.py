"""What is due is deleted beyond recovery, and the ledger says so; what is held or young stays."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector import ledger
from collector.config import RetentionSettings
from collector.retention import AT_ONCE, Erased, Retention
from collector.routing import Routing
from collector.services.case import Case, Personal, Requester
from collector.store import cases, holds
from collector.upkeep import Upkeep
from provisioning.authority import Authority
from tests.support.centre import ROUTES
from tests.support.device import SimDevice, finding, jpeg
from tests.support.intake import WayIn
from wire.clock import SimulatedClock
from wire.event import Event, PlatePart
from wire.hold import CaseHold
from wire.names import new_id

START = datetime.now(UTC)
DAY = 86_400
PLATE = "12가3456"


class Bench:
    """An intake and a retention over one database, on a clock that is moved by hand."""

    def __init__(self, folder: Path, town: Authority) -> None:
        self.clock = SimulatedClock(START)
        self.way = WayIn(folder, town, clock=self.clock)
        self.device: SimDevice = self.way.device()
        self.retention = Retention(
            RetentionSettings(), self.way.database, self.way.desk, self.clock
        )

    def event(self, **changed: Any) -> tuple[bytes, bytes]:
        """An intrusion with its picture, as it came now; its token and its picture."""
        picture = jpeg(new_id())
        event = finding(at=self.clock.now(), still=picture, **changed)
        if changed.get("type") == "plate":
            part = PlatePart(text=PLATE, type="p7", confidence=0.99, listed=PLATE)
            event = event.model_copy(update={"plate": part})
        token = self.sent(event, self.clock.now())
        still = event.still
        assert still is not None
        self.way.take((self.device.address.still(still.sha256), picture))
        return token, picture

    def sent(self, event: Event, at: datetime) -> bytes:
        """A finding by the pole's clock, as it comes in."""
        self.device.seq += 1
        wrapped = self.device.wrap(event, "finding", seq=self.device.seq)
        token = self.device.sign(wrapped.model_copy(update={"time": at}))
        self.way.events(self.device, token)
        return token

    def count(self, table: str) -> int:
        return int(str(self.way.rows(f"SELECT count(*) FROM {table}")[0][0]))

    def entries(self) -> list[dict[str, Any]]:
        rows = self.way.rows(
            "SELECT fields FROM ledger JOIN ledger_fields USING (number)"
            " WHERE kind = 'retention.erased' ORDER BY number"
        )
        return [json.loads(str(row[0])) for row in rows]

    def bytes(self) -> bytes:
        """All that lies on the disk."""
        return b"".join(path.read_bytes() for path in self.way.folder.glob("collector.sqlite*"))


@pytest.fixture
def bench(tmp_path: Path, town: Authority) -> Iterator[Bench]:
    made = Bench(tmp_path / "data", town)
    yield made
    made.way.reader.close()
    made.way.database.close()


def test_events_and_pictures_go_after_thirty_days_and_the_ledger_says_so(bench: Bench) -> None:
    bench.event()
    bench.clock.advance(29 * DAY)
    bench.event()
    assert bench.retention.run_once() == Erased()
    assert bench.entries() == []
    bench.clock.advance(1 * DAY + 1)
    assert bench.retention.run_once() == Erased(events=1, stills=1)
    assert (bench.count("event"), bench.count("still"), bench.count("incident")) == (1, 1, 2)
    (entry,) = bench.entries()
    assert (entry["events"], entry["stills"]) == (1, 1)
    assert entry["rule"]["events_days"] == 30
    assert bench.retention.run_once() == Erased()
    assert len(bench.entries()) == 1


def test_what_was_deleted_is_not_on_the_disk_any_more(bench: Bench) -> None:
    token, picture = bench.event(type="plate")
    signature = token.rpartition(b".")[2]
    bench.way.database.forget()
    held = bench.bytes()
    assert signature in held
    assert picture[:60] in held
    assert PLATE.encode() in held
    bench.clock.advance(31 * DAY)
    bench.retention.run_once()
    left = bench.bytes()
    assert signature not in left
    assert picture[:60] not in left
    assert PLATE.encode() not in left
    (text,) = bench.way.rows("SELECT text_ko FROM incident")[0]
    assert "수배 차량 감지" in str(text)


def test_what_somebody_looked_at_while_it_was_deleted_goes_at_the_next_round(bench: Bench) -> None:
    token, _ = bench.event(type="plate")
    bench.way.database.forget()
    bench.clock.advance(31 * DAY)
    with closing(sqlite3.connect(bench.way.database.path, isolation_level=None)) as looking:
        looking.execute("BEGIN")
        looking.execute("SELECT count(*) FROM event").fetchone()
        bench.way.database._connection.execute("PRAGMA busy_timeout = 1")
        bench.retention.run_once()
        assert not bench.way.database.forgotten
        assert token.rpartition(b".")[2] in bench.bytes()
    assert bench.retention.run_once() == Erased()
    assert token.rpartition(b".")[2] not in bench.bytes()


def test_numbers_stay_settled_and_a_message_that_comes_again_is_known(bench: Bench) -> None:
    old = [bench.event()[0] for _ in range(3)]
    bench.clock.advance(31 * DAY)
    bench.event()
    assert bench.retention.run_once().events == 3
    assert bench.way.rows("SELECT first, last FROM covered WHERE why = 'erased'") == [(1, 3)]
    bench.way.intake = type(bench.way.intake)(bench.way.desk, bench.way.bounds)
    effects = bench.way.events(bench.device, *old)
    assert (effects.new_events, len(effects.duplicates), len(effects.forks)) == (0, 3, 0)
    (draft,) = effects.receipts.values()
    assert draft.contiguous == 4
    assert len(draft.received) == 3


def test_what_a_case_holds_stays_until_it_is_released(bench: Bench) -> None:
    bench.event()
    now = bench.clock.now()
    hold = CaseHold(
        hold_id=new_id(),
        camera="cam-1",
        start_at=now - timedelta(minutes=1),
        end_at=now + timedelta(minutes=1),
        case="2026-1",
        agency="police",
        person="kim",
    )
    with bench.way.database.transaction() as run:
        holds.asked(run, bench.device.identity.name, hold, "a fall", now)
    bench.clock.advance(40 * DAY)
    assert bench.retention.run_once() == Erased()
    with bench.way.database.transaction() as run:
        holds.released(run, hold.hold_id, "kim", "closed", bench.clock.now())
    assert bench.retention.run_once() == Erased(events=1, stills=1)


def test_incidents_go_a_year_after_their_last_change(bench: Bench) -> None:
    ladder = {"agency": "police", "within_s": 60, "to": ["fire"]}
    bench.way.routing = Routing.model_validate({**ROUTES, "escalations": [ladder]})
    bench.event()
    with bench.way.database.transaction() as run:
        run.execute("INSERT INTO delivery_message SELECT delivery_id, 1, next_at FROM delivery")
    assert bench.count("escalation") == 1
    bench.clock.advance(31 * DAY)
    bench.retention.run_once()
    assert bench.count("incident") == 1
    bench.clock.advance(335 * DAY)
    assert bench.retention.run_once() == Erased(incidents=1)
    for table in (
        "incident",
        "incident_step",
        "incident_finding",
        "delivery",
        "delivery_message",
        "escalation",
    ):
        assert bench.count(table) == 0


def closed_case(at: datetime) -> Case:
    return Case(
        case_id=new_id(), service="emergency-video", agency="police", case="112-7",
        basis="PIPA 18(2)3", purpose="a call", person="kim", asked_at=at, state="closed",
        lat=37.5, lon=126.7, closed_at=at, note="김 of 101",
        personal=Personal(requester=Requester(name="홍길동"), address="계산동"),
    )  # fmt: skip


def test_a_closed_case_loses_what_is_personal_and_keeps_that_it_was(bench: Bench) -> None:
    case = closed_case(bench.clock.now())
    still_open = case.model_copy(update={"case_id": new_id(), "state": "asked", "closed_at": None})
    with bench.way.database.transaction() as run:
        cases.save(run, case)
        cases.save(run, still_open)
    bench.clock.advance(31 * DAY)
    assert bench.retention.run_once() == Erased(cases=1)
    with bench.way.database.reading() as run:
        erased = cases.find(run, case.case_id)
        kept = cases.find(run, still_open.case_id)
    assert kept == still_open
    assert erased is not None
    assert (erased.personal, erased.lat, erased.note) == (None, None, None)
    assert (erased.case, erased.basis, erased.erased_at) == (
        "112-7", "PIPA 18(2)3", bench.clock.now(),
    )  # fmt: skip


def test_the_ledger_s_chain_holds_when_its_fields_are_gone(bench: Bench) -> None:
    with bench.way.database.transaction() as run:
        ledger.append(run, bench.clock.now(), "view.opened", {"person": "kim"})
    bench.clock.advance(1096 * DAY)
    assert bench.retention.run_once().ledger_fields == 1
    with bench.way.database.reading() as run:
        check = ledger.verify(run)
    assert (check.entries, check.erased, check.fault) == (2, 1, None)


def test_refused_messages_go_too(bench: Bench) -> None:
    bench.way.take(("pw/up/testcity/00/stranger/event", b"no message"))
    assert bench.count("quarantine") == 1
    bench.clock.advance(31 * DAY)
    assert bench.retention.run_once() == Erased(refused=1)


def test_databases_that_were_set_aside_go_too(bench: Bench) -> None:
    for name in ("damaged-20260101T000000", "before-restore-20260101T000000"):
        aside = bench.way.folder / name
        aside.mkdir()
        (aside / "collector.sqlite").write_bytes(b"old")
    assert bench.retention.run_once() == Erased()
    bench.clock.advance(31 * DAY)
    assert bench.retention.run_once() == Erased(folders=2)
    assert not list(bench.way.folder.glob("*-2026*"))


def test_more_than_one_portion_is_done_in_one_run(bench: Bench) -> None:
    with bench.way.database.transaction() as run:
        run.executemany(
            "INSERT INTO quarantine (at, topic, reason, detail, bytes, payload)"
            " VALUES (?, 't', 'r', 'd', 1, x'00')",
            [("2020-01-01T00:00:00.000000Z",)] * (AT_ONCE + 1),
        )
    assert asdict(bench.retention.run_once()) == asdict(Erased(refused=AT_ONCE + 1))


def test_it_is_looked_for_every_hour_until_that_is_stopped(bench: Bench) -> None:
    bench.event()
    waits: list[float] = []
    upkeep = Upkeep([bench.retention.run_once], 1.0, bench.clock)

    def waited(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 31 * 24:
            upkeep._stop.set()

    bench.clock.on_wait = waited
    upkeep.start()
    upkeep._thread.join(60)
    assert set(waits) == {3600.0}
    assert bench.count("event") == 0


def test_a_clock_that_was_moved_deletes_nothing(bench: Bench) -> None:
    bench.event()
    bench.clock.step_wall(400 * DAY)
    assert bench.retention.run_once() == Erased()
    assert bench.count("event") == 1


def test_a_clock_that_is_ahead_of_every_pole_s_deletes_nothing(bench: Bench) -> None:
    """Set wrong before the start, it is told by what comes."""
    bench.event()
    poles = bench.clock.now()
    bench.clock.advance(400 * DAY)
    bench.sent(finding(at=poles), poles)
    assert bench.retention.run_once() == Erased()
    assert bench.count("event") == 2
