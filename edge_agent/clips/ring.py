"""The ring: a camera's newest video on disk, encoded as it came, evicted by size and age."""

from __future__ import annotations

import errno
import secrets
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import av.error
import structlog

from edge_agent.camera.packet import EncodedPacket, StreamInfo
from edge_agent.clips.access_unit import AccessUnit
from edge_agent.clips.evidence.seals import Seals
from edge_agent.clips.holds import Hold
from edge_agent.clips.index import Deleted, Segment, SegmentIndex
from edge_agent.clips.keeping import Keeping, KeepingLimits
from edge_agent.clips.mending import Mended, days, mend, settled, unsure
from edge_agent.clips.reading import from_keyframe, units_of
from edge_agent.clips.segment import (
    Opener,
    SegmentWriter,
    ended_before,
    from_us,
    open_unbuffered,
    to_us,
)
from wire.clock import Clock

SEGMENT_S = 4.0
GATHER_S = 0.25
INDEX_NAME = "index.sqlite"
QUEUE_PACKETS = 512
QUEUE_BYTES = 16 << 20
"""What a slow disk may make us hold: half a minute of a 4 Mbit/s camera."""

_WRITE_ERRORS = (OSError, av.error.FFmpegError, sqlite3.Error)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RingCounters:
    """Since the agent started, save `segments_deleted` and `bytes_deleted`: since the index was."""

    written: int
    dropped: int
    """Packets that a full queue or a failing disk lost."""
    write_errors: int
    unsealed: int
    """GOPs that are recorded but could not be signed."""
    bytes_on_disk: int
    segments_deleted: int
    bytes_deleted: int
    events_given_up: int
    """Holds around events that had to end before their time."""


class Ring:
    """One camera's ring: a packet sink with its own writer thread, and readers on any thread."""

    def __init__(
        self,
        folder: Path,
        camera: str,
        clock: Clock,
        *,
        limits: KeepingLimits,
        on_state: Callable[[str | None, str], None] | None = None,
        opener: Opener = open_unbuffered,
        seals: Seals | None = None,
        gather_s: float = GATHER_S,
    ) -> None:
        """`on_state(code, detail)` reports `disk.full` or `disk.read-only`, and None when well.

        With `seals`, every GOP is signed as it is recorded. `gather_s` is how long a picture may
        wait for others before all are written: what kill -9 costs.
        """
        self.camera = camera
        self._folder = folder / camera
        self._folder.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._on_state = on_state
        self._opener = opener
        self._seals = seals
        self._gather_s = gather_s
        self._run_id = secrets.token_hex(4)
        self._index = SegmentIndex(self._folder / INDEX_NAME)
        self.keeping = Keeping(self._folder, camera, self._index, clock, limits)
        self._queue: deque[StreamInfo | EncodedPacket | Hold] = deque()
        self._queued_bytes = 0
        self._await_keyframe = False
        self._ready = threading.Condition()
        self._stopped = False
        self._ending = threading.Event()
        self._writer: SegmentWriter | None = None
        self._open: Segment | None = None
        self._unindexed: tuple[Segment, ...] = ()
        self._info: StreamInfo | None = None
        self._fault: str | None = None
        self._written = 0
        self._dropped = 0
        self._write_errors = 0
        self._unsealed = 0
        self._thread = threading.Thread(target=self._run, name=f"ring-{camera}", daemon=True)
        self._log = log.bind(camera=camera)
        self._to_mend: list[str] = []
        self._mend_first()

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_s: float = 10.0) -> bool:
        """Write what is queued, finish the segment, close the index; true when done in time."""
        with self._ready:
            self._stopped = True
            self._ready.notify()
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        done = not self._thread.is_alive()
        if done:
            self._index.close()
        return done

    def stream(self, info: StreamInfo) -> None:
        with self._ready:
            self._queue.append(info)
            self._ready.notify()

    def packet(self, packet: EncodedPacket) -> None:
        with self._ready:
            full = len(self._queue) >= QUEUE_PACKETS or self._queued_bytes >= QUEUE_BYTES
            if full or (self._await_keyframe and not packet.keyframe):
                self._await_keyframe = True
                self._dropped += 1
                return
            self._await_keyframe = False
            self._queue.append(packet)
            self._queued_bytes += len(packet.data)
            self._ready.notify()

    @property
    def counters(self) -> RingCounters:
        tally = self._index.tally()
        still_open = self._open
        return RingCounters(
            self._written,
            self._dropped,
            self._write_errors,
            self._unsealed,
            self._index.total_bytes + (still_open.bytes if still_open else 0),
            tally.get("segments_deleted", 0),
            tally.get("bytes_deleted", 0),
            self.keeping.events_given_up,
        )

    def span(self) -> tuple[datetime, datetime] | None:
        """Wall times of the oldest and the newest picture; None when nothing is recorded."""
        spans = [(one.start_us, one.end_us) for one in self._waiting()]
        spans += [span for span in [self._index.span_us()] if span]
        if not spans:
            return None
        return from_us(min(span[0] for span in spans)), from_us(max(span[1] for span in spans))

    def hold_event(self, hold: Hold) -> None:
        """Keep what is around an event from eviction. Never blocks: the ring's thread does it."""
        with self._ready:
            self._queue.append(hold)
            self._ready.notify()

    def measured(self) -> tuple[int, float | None]:
        """Bytes on disk, and bytes a second of the last day's recording if that is known."""
        return self._index.total_bytes, self._index.bytes_per_s()

    def tell_deleted(self, tell: Callable[[Deleted], None]) -> None:
        """Pass on what was evicted since the last time, if anything."""
        deleted = self._index.untold()
        if deleted is not None:
            tell(deleted)
            self._index.told(deleted)

    def read(self, from_at: datetime, to_at: datetime) -> Iterator[AccessUnit]:
        """The access units from the keyframe at or before `from_at` up to, not including, `to_at`.

        Takes in the segment that is still being written. Time stamps run on over segments and
        restarts. A segment that is evicted meanwhile is left out.
        """
        return from_keyframe(units_of(self._folder, self.segments(from_at, to_at)), from_at, to_at)

    def segments(self, from_at: datetime, to_at: datetime) -> list[Segment]:
        """Those that hold any of a span, oldest first, the one still being written among them."""
        start, end = to_us(from_at), to_us(to_at)
        if end <= start:
            return []
        waiting = self._waiting()
        found = self._index.overlapping(start, end)
        known = {segment.name for segment in found}
        return found + [
            segment
            for segment in waiting
            if segment.name not in known and segment.start_us <= end and segment.end_us > start
        ]

    def _waiting(self) -> list[Segment]:
        """Segments that the index may not have, oldest first; from any thread.

        Asked for before the index is, and the open one before those that are finished: what is
        finished in between is then in both, not in neither.
        """
        still_open = self._open
        found = {still_open.name: still_open} if still_open else {}
        found |= {one.name: one for one in self._unindexed}
        return sorted(found.values(), key=lambda one: one.start_us)

    def mend_next(self) -> None:
        """Compare one more day's folder with the index; raises OSError and sqlite3.Error.

        At the start that was done for the days that a crash may concern: all of a month's files
        would keep recording waiting.
        """
        if not self._to_mend:
            return
        day = self._to_mend.pop()
        with self.keeping.lock:
            if settled(self._folder, day):
                self._told_mended(mend(self._folder, self._index, day))

    def _mend_first(self) -> None:
        known = unsure(self._folder, self._index)
        self._to_mend = [day for day in days(self._folder, self._index) if day not in known]
        self._told_mended(sum((mend(self._folder, self._index, day) for day in known), Mended()))

    def _told_mended(self, found: Mended) -> None:
        if found:
            self._log.warning("ring.index-mended", **asdict(found))

    def _run(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: bool(self._queue) or self._stopped)
                if not self._queue:
                    break
            # Waking up for each picture would cost more than writing it.
            self._ending.wait(self._gather_s)
            while (item := self._next()) is not None:
                self._handle(item)
        self._finish()

    def _next(self) -> StreamInfo | EncodedPacket | Hold | None:
        with self._ready:
            if not self._queue:
                return None
            item = self._queue.popleft()
            if isinstance(item, EncodedPacket):
                self._queued_bytes -= len(item.data)
            return item

    def _handle(self, item: StreamInfo | EncodedPacket | Hold) -> None:
        if isinstance(item, Hold):
            self._hold(item)
        elif isinstance(item, StreamInfo):
            if self._info is None or self._info.parameter_sets != item.parameter_sets:
                self._finish()
            self._info = item
        else:
            self._take(item)

    def _hold(self, hold: Hold) -> None:
        try:
            self.keeping.place_event(hold)
        except _WRITE_ERRORS as error:
            self._write_errors += 1
            self._log.error("ring.hold-failed", hold=hold.id, error=str(error))

    def _take(self, packet: EncodedPacket) -> None:
        try:
            self._record(packet)
        except _WRITE_ERRORS as error:
            self._dropped += 1
            self._fail(error)

    def _record(self, packet: EncodedPacket) -> None:
        if packet.keyframe:
            self._seal()
        if self._writer is not None and packet.keyframe and self._writer.lasts(packet) >= SEGMENT_S:
            self._finish()
        if self._writer is None:
            if self._info is None or not packet.keyframe:
                self._dropped += 1
                return
            self.keeping.make_room()
            self._writer = SegmentWriter(
                self._folder, self._run_id, self._info.codec, packet, self._opener
            )
            self._trim(self._writer.segment.start_us)
        self._open = self._writer.write(packet)
        if self._seals is not None:
            self._seals.add(packet, self._open.codec)
        self._written += 1
        self._well()

    def _seal(self) -> None:
        """Sign the GOP that is complete now; a disk that refuses costs the proof, not the video."""
        writer = self._writer
        if self._seals is None or writer is None:
            return
        try:
            self._seals.seal(writer.path, self._run_id, writer.segment.codec)
        except OSError as error:
            self._unsealed += 1
            self._log.error("ring.seal-failed", error=str(error))

    def _finish(self) -> None:
        self._seal()
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            self._register(writer.close())
        except _WRITE_ERRORS as error:
            self._fail(error)

    def _register(self, segment: Segment) -> None:
        """Move the open segment to the index; raises sqlite3.Error and then keeps it in mind."""
        if segment.bytes:
            self._unindexed = (*self._unindexed, segment)
        self._open = None
        self._index.add(self._unindexed)
        self._unindexed = ()

    def _trim(self, start_us: int) -> None:
        """End before it what began before it: see SegmentIndex.trim."""
        if self._unindexed:
            *earlier, last = self._unindexed
            self._unindexed = (*earlier, ended_before(last, start_us))
        span = self._index.span_us()
        if span is not None and span[1] > start_us:
            self._index.trim(start_us)

    def _fail(self, error: Exception) -> None:
        """Close what is open, make room, and let the next keyframe try again."""
        self._write_errors += 1
        code = "disk.full" if _is_full(error) else "disk.read-only"
        writer, self._writer = self._writer, None
        if self._seals is not None:
            self._seals.drop()
        try:
            if writer is not None:
                self._register(writer.abandon())
            if code == "disk.full":
                self.keeping.make_room(at_least_one=True)
        except _WRITE_ERRORS as again:
            self._log.error("ring.write-failed", error=str(again))
        if self._fault != code:
            self._fault = code
            self._log.error("ring.write-failed", code=code, error=str(error))
            self._tell(code, str(error))

    def _well(self) -> None:
        if self._fault is not None:
            self._fault = None
            self._log.info("ring.writes-again")
            self._tell(None, "")

    def _tell(self, code: str | None, detail: str) -> None:
        if self._on_state is not None:
            self._on_state(code, detail)


def _is_full(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
