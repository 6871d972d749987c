"""Where a clip's pictures come from: the ring, or the camera's packets as they arrive."""

from __future__ import annotations

import asyncio
import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Protocol

from edge_agent.camera.packet import TICKS, EncodedPacket, StreamInfo
from edge_agent.clips.access_unit import AccessUnit
from edge_agent.clips.picture import Picture, Thinning
from wire.clock import Clock

GOP_PACKETS = 600
GOP_BYTES = 16 << 20
FOLLOW_PACKETS = 256
BATCH = 32
GROWTH_PAUSE_S = 0.5
_INSTANT = timedelta(microseconds=1)
GRACE = timedelta(seconds=10)
"""How long we wait after the newest picture for the next one of a span that still grows."""


class Feed(Protocol):
    """Pictures in decoding order."""

    @property
    def thinning(self) -> Thinning:
        """What the feed leaves out of them, because they are wanted too fast."""
        ...

    async def next(self) -> Picture | None:
        """The next picture; None at the end."""
        ...

    def again(self) -> None:
        """Go back to the newest keyframe and lead up from it in a burst."""
        ...

    def close(self) -> None: ...


class LiveTap:
    """A packet sink that keeps the newest GOP, so that a viewer's first picture comes at once.

    However many follow it, the camera is read once.
    """

    def __init__(self) -> None:
        self.info: StreamInfo | None = None
        self.newest_mono_s = -math.inf
        """The monotonic clock when the newest packet came."""
        self._gop: list[EncodedPacket] = []
        self._gop_bytes = 0
        self._followers: set[LiveFeed] = set()
        self._lock = threading.Lock()

    @property
    def followers(self) -> int:
        """Viewers who are served from this one reading of the camera."""
        return len(self._followers)

    def stream(self, info: StreamInfo) -> None:
        with self._lock:
            before, self.info = self.info, info
            if before is None or _kind(before) == _kind(info):
                return
            # Who decodes what came so far cannot go on with what comes now: the sessions end.
            if before.codec != info.codec:
                self._gop, self._gop_bytes = [], 0
            for follower in self._followers:
                follower.end()

    def packet(self, packet: EncodedPacket) -> None:
        with self._lock:
            self.newest_mono_s = packet.received_mono_s
            if packet.keyframe:
                self._gop, self._gop_bytes = [], 0
            if packet.keyframe or self._gop:
                self._gop.append(packet)
                self._gop_bytes += len(packet.data)
            if len(self._gop) > GOP_PACKETS or self._gop_bytes > GOP_BYTES:
                # A camera with endless GOPs: its viewers wait for the next keyframe.
                self._gop, self._gop_bytes = [], 0
            self._hand_on(packet)

    def _hand_on(self, packet: EncodedPacket) -> None:
        if not self._followers:
            return
        picture = _picture(packet, burst=False)
        # To wake a loop costs more than all else here: once, for all that follow on it.
        woken: dict[asyncio.AbstractEventLoop, list[asyncio.Event]] = {}
        for follower in self._followers:
            if follower.offer(picture):
                woken.setdefault(follower.loop, []).append(follower.arrived)
        for loop, arrived in woken.items():
            loop.call_soon_threadsafe(_set, arrived)

    def follow(self, loop: asyncio.AbstractEventLoop) -> LiveFeed:
        """The cached GOP and then what comes; close it when done."""
        with self._lock:
            return self._follow(loop)

    def join(
        self, loop: asyncio.AbstractEventLoop, keyframe: bytes, at: datetime
    ) -> LiveFeed | None:
        """As `follow`, if the cached GOP begins with this recorded keyframe; else None."""
        with self._lock:
            if not self._gop:
                return None
            newest = self._gop[0]
            # The recording leaves out the delimiter in front. A still scene may repeat its bytes.
            same = newest.data.endswith(keyframe) and abs(newest.received_at - at) < GRACE
            return self._follow(loop) if same else None

    def _follow(self, loop: asyncio.AbstractEventLoop) -> LiveFeed:
        feed = LiveFeed(loop, self._gop, self._newest_gop, self._leave)
        self._followers.add(feed)
        return feed

    def _newest_gop(self) -> list[EncodedPacket]:
        with self._lock:
            return list(self._gop)

    def _leave(self, feed: LiveFeed) -> None:
        with self._lock:
            self._followers.discard(feed)


class LiveFeed:
    """One viewer's queue. When the viewer is too slow it loses pictures up to a keyframe."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        gop: list[EncodedPacket],
        newest_gop: Callable[[], list[EncodedPacket]],
        leave: Callable[[LiveFeed], None],
    ) -> None:
        self.dropped = 0
        self.thinning = Thinning()
        self.loop = loop
        self.arrived = asyncio.Event()
        """To be set on the loop's own thread."""
        self._newest_gop = newest_gop
        self._leave = leave
        self._queue: deque[Picture] = deque(_picture(packet, burst=True) for packet in gop)
        self._await_keyframe = not gop
        self._lock = threading.Lock()
        self._closed = False
        if gop:
            self.arrived.set()

    def offer(self, picture: Picture) -> bool:
        """Called on the camera's reader thread, never blocks; true when there is more to send."""
        with self._lock:
            if len(self._queue) >= FOLLOW_PACKETS + GOP_PACKETS:
                self.dropped += len(self._queue)
                self._queue.clear()
                self._await_keyframe = True
            if self._await_keyframe and not picture.keyframe:
                self.dropped += 1
                return False
            self._await_keyframe = False
            self._queue.append(picture)
        return True

    def end(self) -> None:
        """Called on the camera's reader thread: nothing more will come."""
        self.loop.call_soon_threadsafe(self._finish)

    async def next(self) -> Picture | None:
        # What is live comes at its own speed: there is nothing to leave out for being too fast.
        while not self._closed:
            with self._lock:
                if self._queue:
                    return self._queue.popleft()
                self.arrived.clear()
            await self.arrived.wait()
        return None

    def again(self) -> None:
        gop = self._newest_gop()
        with self._lock:
            if gop:
                # A packet that came between the two locks stands in both.
                newest = gop[-1].dts_90k
                later = [one for one in self._queue if one.dts_90k > newest]
                self._queue.clear()
                self._queue.extend(_picture(packet, burst=True) for packet in gop)
                self._queue.extend(later)
                self._await_keyframe = False
        self.arrived.set()

    def close(self) -> None:
        """Called on the loop's own thread."""
        self._leave(self)
        self._finish()

    def _finish(self) -> None:
        self._closed = True
        self.arrived.set()


class RingReader(Protocol):
    """What a recorded feed needs of the ring."""

    def read(self, from_at: datetime, to_at: datetime) -> Iterator[AccessUnit]: ...


class _Reading:
    """One pass over the ring, in batches; a seek begins another and forgets this one."""

    def __init__(
        self,
        ring: RingReader,
        from_at: datetime,
        to_at: datetime,
        *,
        lead_to: datetime,
        after: datetime | None = None,
    ) -> None:
        """From the keyframe at or before `from_at`; a burst up to `lead_to`, nothing to `after`."""
        self.lead_to = lead_to
        self.after = after
        self.batch: deque[AccessUnit] = deque()
        self._units: Iterator[AccessUnit] | None = None
        self._read = partial(ring.read, from_at, to_at)

    async def fill(self) -> None:
        """Leaves the batch empty at the end of what is recorded."""
        if not self.batch:
            loop = asyncio.get_running_loop()
            self.batch.extend(await loop.run_in_executor(None, self._next_batch))

    def _next_batch(self) -> list[AccessUnit]:
        if self._units is None:
            self._units = self._read()
        return list(islice(self._units, BATCH))


class RecordedFeed:
    """A span of the ring, read in batches off the event loop; follows one that still grows.

    A picture before the first that was asked for is needed to decode it: it comes in a burst.
    """

    def __init__(self, ring: RingReader, clock: Clock, from_at: datetime, to_at: datetime) -> None:
        self.thinning = Thinning()
        self._ring = ring
        self._clock = clock
        self._to_at = to_at
        self._last_at: datetime | None = None
        self._apart = timedelta()
        self._closed = False
        self._reading = _Reading(ring, from_at, to_at, lead_to=from_at)

    async def peek(self) -> list[AccessUnit]:
        """The first pictures, left in place; empty when nothing is recorded of the span."""
        await self._reading.fill()
        return list(self._reading.batch)

    async def next(self) -> Picture | None:
        while not self._closed:
            reading = self._reading
            await reading.fill()
            if reading is not self._reading:
                continue
            if reading.batch:
                picture = self._take(reading.batch.popleft())
                if picture is not None and self.thinning.takes(picture):
                    return picture
            elif self._last_at is None or not self._may_grow(self._last_at):
                return None
            else:
                await asyncio.sleep(GROWTH_PAUSE_S)
                self._reading = _Reading(
                    self._ring,
                    self._last_at,
                    self._to_at,
                    lead_to=self._last_at,
                    after=self._last_at,
                )
        return None

    def again(self) -> None:
        if self._last_at is not None:
            self._reading = _Reading(
                self._ring, self._last_at, self._to_at, lead_to=self._last_at + _INSTANT
            )

    def close(self) -> None:
        self._closed = True

    def _take(self, unit: AccessUnit) -> Picture | None:
        at = _decoded_at(unit)
        if self._reading.after is not None and at <= self._reading.after:
            return None
        self._apart = at - (self._last_at or at)
        self._last_at = at
        burst = at < self._reading.lead_to
        return Picture(unit.data, unit.pts_90k, unit.dts_90k, unit.keyframe, unit.at, burst)

    def _may_grow(self, last_at: datetime) -> bool:
        # The last picture lasts as long as the one before it did: then the span is complete.
        missing = self._to_at - last_at > self._apart * 1.5
        return missing and self._clock.now() - last_at < GRACE


def _decoded_at(unit: AccessUnit) -> datetime:
    """Wall time of decoding: unlike that of showing, it grows from picture to picture."""
    return unit.at - timedelta(seconds=(unit.pts_90k - unit.dts_90k) / TICKS)


def _kind(info: StreamInfo) -> tuple[str, bool]:
    return info.codec, info.has_b_frames


def _picture(packet: EncodedPacket, *, burst: bool) -> Picture:
    return Picture(
        packet.data,
        packet.pts_90k,
        packet.dts_90k,
        packet.keyframe,
        packet.received_at,
        burst,
        live=True,
    )


def _set(events: list[asyncio.Event]) -> None:
    for event in events:
        event.set()
