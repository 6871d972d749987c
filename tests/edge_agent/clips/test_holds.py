"""Holds: what they keep, what they may take, and what survives a torn journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from edge_agent.clips.holds import FILE_NAME, Hold, HoldBook, Span, covering, merged
from edge_agent.clips.index import Deleted, Segment, SegmentIndex
from edge_agent.clips.keeping import HoldRefusedError, Keeping, KeepingLimits
from edge_agent.clips.segment import segment_name, to_us
from tests.support.media import START
from wire.clock import SimulatedClock

ZERO = to_us(START)
SECOND = 1_000_000
SIZE = 1_000


def _hold(name: str, from_s: float, to_s: float, *, until_s: float | None = None) -> Hold:
    """A case's hold; an event's with `until_s`. Seconds since START."""
    return Hold(
        id=name,
        kind="case" if until_s is None else "event",
        from_us=ZERO + int(from_s * SECOND),
        to_us=ZERO + int(to_s * SECOND),
        until_us=None if until_s is None else ZERO + int(until_s * SECOND),
        reason="2026-1187",
    )


class _Shelf:
    """Segments of four seconds and 1,000 bytes each, as a ring would have recorded them."""

    def __init__(self, folder: Path, limits: KeepingLimits) -> None:
        self.folder = folder
        self.clock = SimulatedClock(START)
        self.index = SegmentIndex(folder / "index.sqlite")
        self.keeping = Keeping(folder, "yard", self.index, self.clock, limits)
        self._count = 0

    def record(self, segments: int) -> None:
        """The next segments, each after room was made for it, as the ring does."""
        for _ in range(segments):
            self.keeping.make_room()
            start_us = ZERO + self._count * 4 * SECOND
            name = segment_name(start_us, "0badcafe", self._count * 360_000, "h264")
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"\0" * SIZE)
            end_us = start_us + 4 * SECOND
            start_90k = self._count * 360_000
            self.index.add([Segment(name, "0badcafe", "h264", start_us, end_us, start_90k, SIZE)])
            self._count += 1
            self.clock.advance(4)

    def short(self) -> bool:
        """Whether holds are an alarm."""
        return self.keeping.short_of_room

    def held(self) -> list[int]:
        """Numbers of the segments on disk."""
        return sorted((one.start_us - ZERO) // (4 * SECOND) for one in self.index.oldest(0, -1))


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[_Shelf]:
    made = _Shelf(tmp_path, KeepingLimits(10 * SIZE, event_share=0.3, held_share=0.6))
    yield made
    made.index.close()


def test_a_case_is_kept_until_it_is_released_whatever_the_time(shelf: _Shelf) -> None:
    shelf.record(10)
    assert shelf.keeping.place_case(_hold("case", 9, 17))
    assert not shelf.keeping.place_case(_hold("case", 9, 17))
    shelf.record(30)
    assert shelf.held() == [2, 3, 4, *range(32, 40)]
    shelf.clock.advance(timedelta(days=40).total_seconds())
    shelf.keeping.make_room()
    assert shelf.held() == [2, 3, 4]
    assert shelf.keeping.release("case") is not None
    shelf.keeping.make_room()
    assert shelf.held() == []


def test_what_is_around_an_event_goes_when_its_time_is_over(shelf: _Shelf) -> None:
    shelf.record(10)
    shelf.keeping.place_event(_hold("event", 9, 15, until_s=100))
    shelf.record(14)
    assert shelf.held()[:2] == [2, 3]
    shelf.record(3)
    assert shelf.held()[0] == 16


def test_events_keep_to_their_share_and_the_oldest_gives_way(shelf: _Shelf) -> None:
    shelf.record(10)
    for number in range(4):
        start = number * 8 + 1
        shelf.keeping.place_event(_hold(f"event-{number}", start, start + 2, until_s=9_999))
    assert [hold.id for hold in shelf.keeping.holds()] == ["event-1", "event-2", "event-3"]
    assert shelf.keeping.events_given_up == 1
    assert shelf.keeping.held_bytes() == 3 * SIZE


def test_a_case_that_would_stop_recording_is_refused_until_there_is_room(shelf: _Shelf) -> None:
    shelf.record(10)
    shelf.keeping.place_case(_hold("first", 0.1, 15.9))
    assert not shelf.short()
    with pytest.raises(HoldRefusedError, match="lest recording stops"):
        shelf.keeping.place_case(_hold("second", 20.1, 35.9))
    assert shelf.short()
    assert [hold.id for hold in shelf.keeping.holds()] == ["first"]
    shelf.keeping.release("first")
    assert not shelf.short()
    assert shelf.keeping.place_case(_hold("second", 20.1, 35.9))


def test_a_case_goes_before_events(shelf: _Shelf) -> None:
    shelf.record(10)
    shelf.keeping.place_event(_hold("event", 0.1, 7.9, until_s=9_999))
    shelf.keeping.place_case(_hold("case", 12.1, 31.9))
    assert [hold.id for hold in shelf.keeping.holds()] == ["case"]


def test_what_is_yet_to_be_recorded_counts_too(shelf: _Shelf) -> None:
    shelf.record(20)
    with pytest.raises(HoldRefusedError):
        shelf.keeping.place_case(_hold("coming", 80, 120))


def test_a_disk_that_shrinks_under_cases_is_an_alarm_and_recording_goes_on(shelf: _Shelf) -> None:
    shelf.record(10)
    shelf.keeping.place_case(_hold("case", 0.1, 19.9))
    shelf.keeping.budget_bytes = 6 * SIZE
    assert shelf.short()
    shelf.record(5)
    assert shelf.held() == [0, 1, 2, 3, 4, 13, 14]


def test_a_disk_that_shrinks_much_is_emptied_bit_by_bit(shelf: _Shelf) -> None:
    shelf.record(10)
    shelf.keeping.budget_bytes = SIZE
    shelf.keeping.make_room(most=6)
    assert shelf.held() == [6, 7, 8, 9]
    shelf.keeping.make_room(most=6)
    assert shelf.held() == [9]


def test_deletion_is_counted_and_told_once(shelf: _Shelf) -> None:
    shelf.record(15)
    told = shelf.index.untold()
    assert told == Deleted(4, 4 * SIZE, ZERO, ZERO + 16 * SECOND)
    shelf.record(1)
    shelf.index.told(told)
    assert shelf.index.untold() == Deleted(1, SIZE, ZERO, ZERO + 20 * SECOND)
    shelf.index.told(Deleted(1, SIZE, 0, 0))
    assert shelf.index.untold() is None
    assert shelf.index.tally()["segments_deleted"] == 5
    assert len(list(shelf.folder.rglob("*.ts"))) == 11


def test_the_rate_is_that_of_what_was_recorded(shelf: _Shelf) -> None:
    shelf.record(10)
    assert shelf.index.bytes_per_s() is None
    shelf.keeping.budget_bytes = 100 * SIZE
    shelf.record(20)
    assert shelf.index.bytes_per_s() == SIZE / 4


@pytest.mark.parametrize("days", [0, 31])
def test_a_retention_beyond_the_law_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="30 days"):
        KeepingLimits(1, timedelta(days=days))


def test_a_torn_or_damaged_line_costs_that_line_alone(tmp_path: Path) -> None:
    book = HoldBook(tmp_path)
    for name in ("one", "two", "three"):
        book.place(_hold(name, 0, 4), durable=True)
    book.release("three")
    lines = (tmp_path / FILE_NAME).read_bytes().split(b"\n")
    lines[1] = lines[1].replace(b"{", b"\xff", 1)
    (tmp_path / FILE_NAME).write_bytes(b"\n".join(lines)[:-3])
    again = HoldBook(tmp_path)
    assert [hold.id for hold in again.current(ZERO)] == ["one", "three"]
    again.place(_hold("four", 0, 4), durable=True)
    assert len(HoldBook(tmp_path)) == 3


def test_the_journal_is_written_anew_when_most_of_it_is_over(tmp_path: Path) -> None:
    book = HoldBook(tmp_path)
    for number in range(100):
        book.place(_hold(f"event-{number}", 0, 4, until_s=10), durable=False)
    book.place(_hold("case", 0, 4), durable=True)
    book.end_expired(ZERO + 11 * SECOND)
    assert len((tmp_path / FILE_NAME).read_text().splitlines()) == 1
    assert HoldBook(tmp_path).current(ZERO) == [_hold("case", 0, 4)]


def test_spans_that_touch_are_one() -> None:
    holds = [_hold("a", 10, 20), _hold("b", 0, 5), _hold("c", 20, 30), replace(_hold("d", 12, 14))]
    spans = merged(holds)
    assert spans == [
        Span(ZERO, ZERO + 5 * SECOND),
        Span(ZERO + 10 * SECOND, ZERO + 30 * SECOND),
    ]
    assert covering(spans, ZERO + 5 * SECOND, ZERO + 10 * SECOND) is None
    assert covering(spans, ZERO + 9 * SECOND, ZERO + 11 * SECOND) == spans[1]
