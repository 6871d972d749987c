"""The diary keeps passages for 30 days, then nothing of them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from edge_agent.plates.crop import MOST_BYTES, crop_jpeg
from edge_agent.plates.diary import SCHEMA, WAITING, Diary
from edge_agent.plates.diary_times import Moment, to_us
from edge_agent.scene import Passage
from tests.edge_agent.plates.passing import hit, passage
from tests.support.wait import wait_until
from wire.clock import SimulatedClock


class Kept:
    """A diary with its clock and its file."""

    def __init__(self, folder: Path, megabytes: int = 100) -> None:
        self.clock = SimulatedClock()
        self.known = True
        """Something keeps the wall clock."""
        self.path = folder / "plates.sqlite"
        self.diary = Diary(self.path, self.now, self.clock.monotonic, megabytes=megabytes)
        self.diary.start()

    def now(self) -> datetime | None:
        return self.clock.now() if self.known else None

    def write(self, *passages: Passage) -> None:
        """Until they are on the disk."""
        for one in passages:
            self.diary.add("cam-1", moment(self.clock), one)
        self.diary.close()
        self.diary = Diary(self.path, self.now, self.clock.monotonic)
        self.diary.start()

    def rows(self, sql: str = "SELECT * FROM passage ORDER BY id") -> list[sqlite3.Row]:
        with sqlite3.connect(self.path) as run:
            run.row_factory = sqlite3.Row
            return run.execute(sql).fetchall()


def moment(clock: SimulatedClock) -> Moment:
    return Moment(clock.now(), clock.monotonic())


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.diary.close()


def test_a_passage_is_kept_with_what_a_search_needs(kept: Kept) -> None:
    kept.write(passage("12가3456"), passage("34나5678", hits=(hit(),)))
    first, second = kept.rows()
    assert (first["text"], first["type"]) == ("12가3456", "p7")
    assert (first["camera"], first["direction"], first["speed"]) == ("cam-1", "towards", "slow")
    assert first["crop"][:2] == b"\xff\xd8"
    assert '["letter", [["가"' in first["candidates"]
    assert (first["listed"], second["listed"]) == (0, 1)


def test_after_thirty_days_nothing_of_it_is_left(kept: Kept) -> None:
    kept.write(passage("12가3456"))
    kept.clock.advance(29 * 86_400)
    kept.write(passage("34나5678"))
    assert kept.diary.end_expired() == 0
    kept.clock.advance(86_401)
    assert kept.diary.end_expired() == 1
    assert [row["text"] for row in kept.rows()] == ["34나5678"]
    kept.diary.close()
    on_disk = b"".join(file.read_bytes() for file in kept.path.parent.iterdir())
    assert "12가3456".encode() not in on_disk
    assert "34나5678".encode() in on_disk


def test_while_the_time_is_unknown_nothing_is_deleted(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.known = False
    kept.clock.step_wall(-400 * 86_400)
    kept.write(passage())
    assert (kept.diary.end_expired(), kept.diary.count()) == (0, 1)
    kept.diary.close()


def test_a_passage_noted_before_the_clock_was_set_gets_its_time_and_its_thirty_days(
    kept: Kept,
) -> None:
    kept.known = False
    kept.clock.step_wall(-20_000 * 86_400)
    kept.diary.add("cam-1", moment(kept.clock), passage("12가3456"))
    wait_until(lambda: kept.diary.count() == 1, 5, "the passage")
    kept.clock.advance(600)
    kept.clock.step_wall(20_000 * 86_400)
    kept.known = True
    at = kept.clock.now() - timedelta(seconds=600)
    assert (kept.diary.end_expired(), kept.diary.count()) == (0, 1)
    assert kept.rows()[0]["at_us"] == to_us(at)
    assert kept.rows()[0]["run"] is None
    kept.clock.advance(30 * 86_400 - 601)
    assert kept.diary.end_expired() == 0
    kept.clock.advance(2)
    assert (kept.diary.end_expired(), kept.diary.count()) == (1, 0)


@pytest.mark.parametrize(("behind_days", "stands"), [(0, True), (20_000, False)])
def test_of_an_earlier_run_that_never_knew_the_time_it_is_known_when_it_was_over(
    kept: Kept, behind_days: int, stands: bool
) -> None:
    kept.known = False
    kept.clock.step_wall(-behind_days * 86_400)
    at = kept.clock.now()
    kept.write(passage("12가3456"))
    kept.diary.close()
    kept.clock.advance(60)
    kept.clock.step_wall(behind_days * 86_400)
    kept.known, opened = True, kept.clock.now()
    kept.diary = Diary(kept.path, kept.now, kept.clock.monotonic)
    kept.diary.start()
    assert (kept.diary.end_expired(), kept.diary.count()) == (0, 1)
    assert kept.rows()[0]["at_us"] == to_us(at if stands else opened)


def test_a_full_diary_gives_up_the_oldest_and_counts_them(tmp_path: Path) -> None:
    kept = Kept(tmp_path, megabytes=0)
    for _ in range(20):
        kept.clock.advance(1)
        kept.diary.add("cam-1", moment(kept.clock), passage())
    kept.diary.close()
    diary = Diary(kept.path, kept.now, kept.clock.monotonic, megabytes=0)
    assert diary.end_expired() > 0
    assert diary.given_up > 0
    diary.close()


def test_a_queue_that_is_full_counts_and_does_not_wait(tmp_path: Path) -> None:
    clock = SimulatedClock()
    diary = Diary(tmp_path / "plates.sqlite", clock.now, clock.monotonic)
    for _ in range(WAITING + 3):
        diary.add("cam-1", moment(clock), passage())
    assert diary.dropped == 3
    diary.close()


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "plates.sqlite"
    path.write_bytes(b"no database at all" * 100)
    clock = SimulatedClock()
    diary = Diary(path, clock.now, clock.monotonic)
    assert diary.count() == 0
    assert (tmp_path / "plates.damaged").exists()
    diary.close()


def test_the_smallest_crop_is_kept_and_the_largest_fits() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (512, 512, 3), np.uint8)
    for crop in (np.zeros((8, 20, 3), np.uint8), noise):
        assert 100 < len(crop_jpeg(crop)) <= MOST_BYTES


def test_only_the_owner_may_read_it(kept: Kept) -> None:
    kept.write(passage())
    assert all(file.stat().st_mode & 0o077 == 0 for file in kept.path.parent.iterdir())


def test_a_diary_of_before_vehicles_were_told_is_read_on(kept: Kept) -> None:
    kept.write(passage("12가3456", vehicle="bus", paint="red"))
    kept.diary.close()
    schema = re.sub(
        r",\s+-- What carried.*?paint TEXT[^\n]*", "", SCHEMA.read_text(), flags=re.DOTALL
    )
    with closing(sqlite3.connect(kept.path)) as run:
        run.execute("ALTER TABLE passage RENAME TO told")
        for name in ("by_time", "doubted", "by_text"):
            run.execute(f"DROP INDEX passage_{name}")
        run.executescript(schema)
        columns = ", ".join(row[1] for row in run.execute("PRAGMA table_info (passage)"))
        assert "vehicle" not in columns
        run.execute(f"INSERT INTO passage ({columns}) SELECT {columns} FROM told")
        run.execute("DROP TABLE told")
        run.execute("DELETE FROM _sqlite_migrations WHERE name = 'm004_vehicles'")
        run.commit()
    kept.diary = Diary(kept.path, kept.now, kept.clock.monotonic)
    kept.diary.start()
    kept.write(passage("34나5678", vehicle="bus", paint="red"))
    assert [(row["vehicle"], row["paint"]) for row in kept.rows()] == [
        ("unknown", "unknown"),
        ("bus", "red"),
    ]
