"""The database file: versions, and the reading that pages rely on."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from collector.store.database import FILE_NAME, SCHEMA_VERSION, Database, StoreError
from collector.store.moments import moment, stamp
from collector.store.rows import IncidentFilter
from tests.support.device import finding
from tests.support.intake import WayIn

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_times_sort_as_text_and_come_back() -> None:
    seoul = timezone(timedelta(hours=9))
    moments = [AT, AT + timedelta(microseconds=1), AT.astimezone(seoul) + timedelta(seconds=1)]
    texts = [stamp(one) for one in moments]
    assert texts == sorted(texts)
    assert [moment(one) for one in texts] == moments
    assert {len(one) for one in texts} == {27}
    with pytest.raises(ValueError, match="without zone"):
        stamp(AT.replace(tzinfo=None))


def test_it_is_made_once_and_opened_again(tmp_path: Path) -> None:
    Database(tmp_path / "new").close()
    database = Database(tmp_path / "new")
    with database.reading() as run:
        assert run.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert run.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert run.execute("SELECT max(number) FROM version").fetchone()[0] == SCHEMA_VERSION
    database.close()
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    Database(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as run:
        run.execute("INSERT INTO version VALUES (99, '2027')")
    with pytest.raises(StoreError, match="newer version"):
        Database(tmp_path)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match=r"collector\.sqlite.*backup"):
        Database(tmp_path)


def test_a_transaction_is_whole_or_absent(tmp_path: Path) -> None:
    database = Database(tmp_path)

    def break_off() -> None:
        with database.transaction() as run:
            run.execute("INSERT INTO counter VALUES ('a', 1)")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        break_off()
    with database.transaction() as run:
        assert run.execute("SELECT count(*) FROM counter").fetchone()[0] == 0
    database.close()


@pytest.fixture
def filled(way_in: WayIn) -> WayIn:
    """Ten incidents, one an hour, newest last; every second one severe, the first three ended."""
    device = way_in.device()
    for n in range(10):
        when = AT + timedelta(hours=n)
        severity = "severe" if n % 2 else "minor"
        type = "fire" if n == 9 else "intrusion"
        event = finding(at=when, severity=severity, type=type, camera=f"cam-{n % 2}")
        way_in.events(device, device.put(event))
        if n < 3:
            over = finding(
                finding_id=event.finding_id, at=when, phase="close", camera=f"cam-{n % 2}"
            )
            way_in.events(device, device.put(over))
    return way_in


def test_how_a_camera_was_tampered_with_outlasts_an_update_that_does_not_say(way_in: WayIn) -> None:
    device = way_in.device()
    opened = finding(at=AT, type="tamper").model_copy(update={"detail": "covered"})
    over = finding(finding_id=opened.finding_id, at=AT, phase="close", type="tamper")
    way_in.events(device, device.put(opened))
    way_in.events(device, device.put(over))
    (one,) = way_in.reader.incidents(5, None).incidents
    assert "카메라 훼손(가림)" in one.text_ko
    assert one.text_en.startswith("Camera tampering (covered)")


def test_pages_are_newest_first_without_a_double_or_a_hole(filled: WayIn) -> None:
    hours = []
    before = None
    while True:
        page = filled.reader.incidents(3, before)
        hours += [one.opened_at.hour - 12 for one in page.incidents]
        before = page.before
        if before is None:
            break
    assert hours == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    with pytest.raises(ValueError, match="earlier page"):
        filled.reader.incidents(3, "nonsense")


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (IncidentFilter(), 10),
        (IncidentFilter(severities=("severe",)), 5),
        (IncidentFilter(types=("fire", "smoke")), 1),
        (IncidentFilter(agency="fire"), 1),
        (IncidentFilter(agency="police"), 9),
        (IncidentFilter(camera="cam-0", device="pole-001-1"), 5),
        (IncidentFilter(camera="cam-0", device="pole-002-1"), 0),
        (IncidentFilter(ongoing=True), 7),
        (IncidentFilter(ongoing=False), 3),
        (IncidentFilter(since=AT + timedelta(hours=5)), 5),
        (IncidentFilter(until=AT + timedelta(hours=5)), 5),
        (IncidentFilter(drill=True), 0),
        (IncidentFilter(states=("open",)), 10),
        (IncidentFilter(states=("closed", "rejected")), 0),
    ],
)
def test_filters(filled: WayIn, filters: IncidentFilter, count: int) -> None:
    assert len(filled.reader.incidents(50, None, filters).incidents) == count


def test_one_incident_with_all_that_belongs_to_it(filled: WayIn) -> None:
    last = filled.reader.incidents(50).incidents[-1]
    detail = filled.reader.incident(last.incident_id)
    assert detail is not None
    assert [one.phase for one in detail.events] == ["open", "close"]
    assert [one.state for one in detail.steps] == ["open"]
    assert len(detail.finding_ids) == 1
    assert detail.incident.clip_start is not None
    assert filled.reader.incident("no such") is None


def test_the_counts_add_up(filled: WayIn) -> None:
    summary = filled.reader.summary()
    assert (summary.incidents, summary.incidents_ongoing, summary.incidents_unhandled) == (
        10,
        7,
        10,
    )
    assert (summary.events, summary.deliveries_waiting, summary.quarantined) == (13, 10, 0)
