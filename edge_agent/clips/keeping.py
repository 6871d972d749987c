"""What of a ring stays and what goes: its size, its age, and holds within their shares of it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from edge_agent.clips.evidence.seals import seal_file
from edge_agent.clips.holds import Hold, HoldBook, Span, covering, merged
from edge_agent.clips.index import Segment, SegmentIndex
from edge_agent.clips.room import ASSUMED_BYTES_PER_S
from edge_agent.clips.segment import to_us
from wire.clock import Clock

MAX_AGE = timedelta(days=30)
"""The law's default for public cameras: then deletion."""
EVENT_SHARE = 0.25
HELD_SHARE = 0.75
EVICT_BATCH = 32
EVICT_MOST = 256
"""Half a gigabyte of 4 Mbit/s, every four seconds."""
REMEMBERED = 4096
"""Findings that go on although their incident was closed."""

log = structlog.get_logger()


class HoldRefusedError(Exception):
    """A hold that would leave too little room to record."""


@dataclass(frozen=True, slots=True)
class KeepingLimits:
    """Bounds of one camera's ring."""

    budget_bytes: int
    max_age: timedelta = MAX_AGE
    event_share: float = EVENT_SHARE
    """Of the budget, for what is held around events."""
    held_share: float = HELD_SHARE
    """Of the budget, for all that is held: the rest is always there to record."""

    def __post_init__(self) -> None:
        if not timedelta() < self.max_age <= MAX_AGE:
            raise ValueError(f"max_age must be between 0 and {MAX_AGE.days} days")


class Keeping:
    """Evicts segments and judges holds; safe from any thread."""

    def __init__(
        self, folder: Path, camera: str, index: SegmentIndex, clock: Clock, limits: KeepingLimits
    ) -> None:
        self._folder = folder
        self._index = index
        self._clock = clock
        self._limits = limits
        self._holds = HoldBook(folder)
        self.lock = threading.RLock()
        """Held by whoever deletes segments or compares them with the index."""
        self._refused_bytes = 0
        self._closed: OrderedDict[str, None] = OrderedDict()
        self._log = log.bind(camera=camera)
        self.events_given_up = 0
        """Holds around events that ended before their time, to make room."""

    @property
    def budget_bytes(self) -> int:
        return self._limits.budget_bytes

    @budget_bytes.setter
    def budget_bytes(self, budget_bytes: int) -> None:
        # A new value in one assignment: the writer reads it without the lock.
        limits = self._limits
        self._limits = KeepingLimits(
            budget_bytes, limits.max_age, limits.event_share, limits.held_share
        )

    @property
    def short_of_room(self) -> bool:
        """Whether case holds take more than their share, or one was refused and still would be."""
        with self.lock:
            cases = self._bytes(self._of_kind("case"))
            return cases + self._refused_bytes > self._most_held

    def held_bytes(self) -> int:
        """Bytes that are recorded and held now."""
        return self._index.bytes_in(self._spans())

    def size_of(self, hold: Hold) -> int:
        """Bytes of a hold's span, with what is yet to be recorded of it at the rate of late."""
        return self._bytes([hold])

    def holds(self) -> list[Hold]:
        """Those that count now, oldest span first."""
        return self._holds.current(self._now_us())

    def place_event(self, hold: Hold) -> None:
        """Hold what is around an event; older such holds end when their share is used up.

        Not when `end_event` came before. Raises OSError.
        """
        with self.lock:
            if hold.id in self._closed:
                return
            self._holds.end_expired(self._now_us())
            self._holds.place(hold, durable=False)
            self._fit_events(int(self._limits.budget_bytes * self._limits.event_share))

    def hold_of(self, hold_id: str) -> Hold | None:
        """The hold of that id, ended by its time or not."""
        return self._holds.get(hold_id)

    def place_case(self, hold: Hold) -> bool:
        """Hold for a case until it is released; false when this very hold was there before.

        Raises HoldRefusedError when too little room would be left to record, and OSError.
        """
        with self.lock:
            if self._holds.get(hold.id) == hold:
                return False
            cases = [one for one in self._of_kind("case") if one.id != hold.id]
            before, after = self._bytes(cases), self._bytes([*cases, hold])
            if after > self._most_held:
                self._refused_bytes = after - before
                raise HoldRefusedError(
                    f"{after / 1e6:.0f} MB would be held for cases, of which"
                    f" {self._most_held / 1e6:.0f} MB may be, lest recording stops"
                )
            self._holds.place(hold, durable=True)
            self._refused_bytes = 0
            self._fit_events(self._most_held - after)
            return True

    def end_event(self, finding_id: str) -> bool:
        """The incident is closed: nothing is held around this finding any more, come what may.

        True when something was. Raises OSError.
        """
        with self.lock:
            self._closed[finding_id] = None
            while len(self._closed) > REMEMBERED:
                self._closed.popitem(last=False)
            held = self._holds.get(finding_id)
            if held is None or held.kind != "event":
                return False
            self._holds.release(finding_id)
            return True

    def release(self, hold_id: str) -> Hold | None:
        """End a hold; None when there is none of that id. Raises OSError."""
        with self.lock:
            self._refused_bytes = 0
            return self._holds.release(hold_id)

    def make_room(self, *, at_least_one: bool = False, most: int = EVICT_MOST) -> None:
        """Delete what is too old or too much, oldest first, save what is held.

        At most so many segments: recording waits meanwhile, and the rest goes with the next call.
        Holds around events give way before recording does. Raises OSError and sqlite3.Error.
        """
        with self.lock:
            self._make_room(at_least_one, most)

    def _make_room(self, wanted: bool, most: int) -> None:
        oldest_us = self._now_us() - self._limits.max_age // timedelta(microseconds=1)
        for number, segment in enumerate(self._free()):
            if number >= most:
                return
            over = self._index.total_bytes > self._limits.budget_bytes
            if not over and segment.end_us >= oldest_us and not wanted:
                return
            path = self._folder / segment.name
            path.unlink(missing_ok=True)
            seal_file(path).unlink(missing_ok=True)
            self._index.remove(segment)
            wanted = False
        if wanted or self._index.total_bytes > self._limits.budget_bytes:
            self._give_up_oldest_event()

    def _free(self) -> Iterator[Segment]:
        """Segments under no hold, oldest first."""
        spans = self._spans()
        from_us = 0
        while batch := self._index.oldest(from_us, EVICT_BATCH):
            for segment in batch:
                span = covering(spans, segment.start_us, segment.end_us)
                if span is None:
                    yield segment
                    from_us = segment.start_us + 1
                else:
                    # All that begin within the span are held too.
                    from_us = max(span.to_us, segment.start_us + 1)
                    break

    def _fit_events(self, most_bytes: int) -> None:
        while (events := self._of_kind("event")) and self._bytes(events) > most_bytes:
            self._give_up_oldest_event()

    def _give_up_oldest_event(self) -> None:
        with self.lock:
            events = self._of_kind("event")
            if not events:
                return
            self._holds.release(events[0].id)
            self.events_given_up += 1
            self._log.warning("ring.event-hold-given-up", finding=events[0].id)

    def _of_kind(self, kind: str) -> list[Hold]:
        return [hold for hold in self.holds() if hold.kind == kind]

    def _spans(self) -> list[Span]:
        return merged(self.holds())

    def _bytes(self, holds: list[Hold]) -> int:
        """What these hold, with what is yet to be recorded in their time."""
        spans = merged(holds)
        now_us = self._now_us()
        coming_us = sum(max(0, one.to_us - max(one.from_us, now_us)) for one in spans)
        if not coming_us:
            return self._index.bytes_in(spans)
        rate = self._index.bytes_per_s() or ASSUMED_BYTES_PER_S
        return self._index.bytes_in(spans) + int(rate * coming_us / 1e6)

    @property
    def _most_held(self) -> int:
        return int(self._limits.budget_bytes * self._limits.held_share)

    def _now_us(self) -> int:
        return to_us(self._clock.now())
