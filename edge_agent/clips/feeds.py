"""Where a clip's pictures come from: the ring, or the camera's packets as they arrive."""

from __future__ import annotations

import asyncio
import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from edge_agent.camera.packet import EncodedPacket, StreamInfo
from edge_agent.clips.access_unit import AccessUnit
from wire.clock import Clock

GOP_PACKETS = 600
GOP_BYTES = 16 << 20
FOLLOW_PACKETS = 256
BATCH = 32
GROWTH_PAUSE_S = 0.5
GRACE = timedelta(seconds=10)
"""How long we wait after the newest picture for the next one of a span that still grows."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An access unit to be sent; `burst` when it is due at once, as a cached GOP is."""

    data: bytes
    pts_90k: int
    dts_90k: int
    keyframe: bool
    at: datetime
    burst: bool


class Feed(Protocol):
    """Pictures in decoding order."""

    async def next(self) -> Picture | None:
        """The next picture; None at the end."""
        ...

    def close(self) -> None: ...


class LiveTap:
    """A packet sink that keeps the newest GOP, so that a viewer's first picture comes at once."""

    def __init__(self) -> None:
        self.info: StreamInfo | None = None
        self.newest_mono_s = -math.inf
        """The monotonic clock when the newest packet came."""
        self._gop: list[EncodedPacket] = []
        self._gop_bytes = 0
        self._followers: set[LiveFeed] = set()
        self._lock = threading.Lock()

    def stream(self, info: StreamInfo) -> None:
        with self._lock:
            self.info = info
            if info.codec != "h264" or info.has_b_frames:
                # What comes now cannot be sent: the viewers' sessions end.
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
            for follower in self._followers:
                follower.offer(packet)

    def follow(self, loop: asyncio.AbstractEventLoop) -> LiveFeed:
        """The cached GOP and then what comes; close it when done."""
        with self._lock:
            feed = LiveFeed(loop, self._gop, self._leave)
            self._followers.add(feed)
        return feed

    def _leave(self, feed: LiveFeed) -> None:
        with self._lock:
            self._followers.discard(feed)


class LiveFeed:
    """One viewer's queue. When the viewer is too slow it loses pictures up to a keyframe."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        gop: list[EncodedPacket],
        leave: Callable[[LiveFeed], None],
    ) -> None:
        self.dropped = 0
        self._loop = loop
        self._leave = leave
        self._queue: deque[Picture] = deque(_picture(packet, burst=True) for packet in gop)
        self._await_keyframe = not gop
        self._lock = threading.Lock()
        self._arrived = asyncio.Event()
        self._closed = False
        if gop:
            self._arrived.set()

    def offer(self, packet: EncodedPacket) -> None:
        """Called on the camera's reader thread; never blocks."""
        with self._lock:
            if len(self._queue) >= FOLLOW_PACKETS + GOP_PACKETS:
                self.dropped += len(self._queue)
                self._queue.clear()
                self._await_keyframe = True
            if self._await_keyframe and not packet.keyframe:
                self.dropped += 1
                return
            self._await_keyframe = False
            self._queue.append(_picture(packet, burst=False))
        self._loop.call_soon_threadsafe(self._arrived.set)

    def end(self) -> None:
        """Called on the camera's reader thread: nothing more will come."""
        self._loop.call_soon_threadsafe(self._finish)

    async def next(self) -> Picture | None:
        while not self._closed:
            with self._lock:
                if self._queue:
                    return self._queue.popleft()
                self._arrived.clear()
            await self._arrived.wait()
        return None

    def close(self) -> None:
        """Called on the loop's own thread."""
        self._leave(self)
        self._finish()

    def _finish(self) -> None:
        self._closed = True
        self._arrived.set()


class RingReader(Protocol):
    """What a recorded feed needs of the ring."""

    def read(self, from_at: datetime, to_at: datetime) -> Iterator[AccessUnit]: ...


class RecordedFeed:
    """A span of the ring, read in batches off the event loop; follows one that still grows."""

    def __init__(self, ring: RingReader, clock: Clock, from_at: datetime, to_at: datetime) -> None:
        self._ring = ring
        self._clock = clock
        self._to_at = to_at
        self._last_at: datetime | None = None
        self._apart = timedelta()
        self._units = ring.read(from_at, to_at)
        self._batch: deque[AccessUnit] = deque()
        self._closed = False

    async def peek(self) -> list[AccessUnit]:
        """The first pictures, left in place; empty when nothing is recorded of the span."""
        await self._fill()
        return list(self._batch)

    async def next(self) -> Picture | None:
        while not self._closed:
            await self._fill()
            if self._batch:
                unit = self._batch.popleft()
                self._apart = unit.at - (self._last_at or unit.at)
                self._last_at = unit.at
                return Picture(
                    unit.data, unit.pts_90k, unit.dts_90k, unit.keyframe, unit.at, burst=False
                )
            if self._last_at is None or not self._may_grow(self._last_at):
                return None
            await asyncio.sleep(GROWTH_PAUSE_S)
            self._units = self._after(self._last_at)
        return None

    def close(self) -> None:
        self._closed = True

    async def _fill(self) -> None:
        if not self._batch:
            loop = asyncio.get_running_loop()
            self._batch.extend(await loop.run_in_executor(None, self._read_batch))

    def _read_batch(self) -> list[AccessUnit]:
        return list(islice(self._units, BATCH))

    def _may_grow(self, last_at: datetime) -> bool:
        # The last picture lasts as long as the one before it did: then the span is complete.
        missing = self._to_at - last_at > self._apart * 1.5
        return missing and self._clock.now() - last_at < GRACE

    def _after(self, last_at: datetime) -> Iterator[AccessUnit]:
        return (unit for unit in self._ring.read(last_at, self._to_at) if unit.at > last_at)


def _picture(packet: EncodedPacket, *, burst: bool) -> Picture:
    return Picture(
        packet.data, packet.pts_90k, packet.dts_90k, packet.keyframe, packet.received_at, burst
    )
