"""Plays a feed as a WebRTC track: the camera's own packets, paced, never decoded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from typing import Any

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from edge_agent.camera.packet import TICKS
from edge_agent.clips.feeds import Feed, Picture

BURST_BPS = 30_000_000
"""Bits a second at most: an unpaced GOP overruns a TURN server's buffers and aiortc's history."""
MAX_GAP = TICKS
"""A longer hole in the recording is not waited out."""
LATE_S = 0.5
"""Further behind than this (a stalled host), the clip goes on from here rather than racing."""
FAST = 2.0
"""Above this speed only keyframes are sent."""
_TIME_BASE = Fraction(1, TICKS)


class ClipTrack(MediaStreamTrack):
    """`recv` gives encoded packets at the moment they are due, on a time line that starts at 0."""

    kind = "video"

    def __init__(self, feed: Feed, *, on_picture: Callable[[], None] | None = None) -> None:
        super().__init__()
        self.pictures = 0
        self.bytes = 0
        self.finished = False
        """True when the feed ran out, false while it plays or when the viewer left."""
        self.playing_at: datetime | None = None
        """Wall time of the picture sent last."""
        self._feed = feed
        self._on_picture = on_picture
        self._speed = 1.0
        self._running = asyncio.Event()
        self._running.set()
        self._last: Picture | None = None
        self._line = 0.0
        self._step = TICKS / 25
        self._began = 0.0
        self._free_at = 0.0

    def pause(self) -> None:
        self._running.clear()

    def play(self) -> None:
        """Go on after a pause."""
        if not self._running.is_set():
            self._rebase()
            self._running.set()

    def set_speed(self, speed: float) -> None:
        """0.5 to 8 times; above 2 by keyframes alone."""
        if not 0.5 <= speed <= 8:
            raise ValueError("speed must be between 0.5 and 8")
        self._speed = speed
        self._rebase()

    def switch(self, feed: Feed) -> None:
        """Go on with another feed, as after a seek; the time line runs on."""
        self._feed.close()
        self._feed = feed
        self._last = None
        self._rebase()

    def stop(self) -> None:
        super().stop()
        self._feed.close()
        self._running.set()

    async def recv(self) -> av.Packet[Any]:
        """The next packet; raises MediaStreamError at the end, as a track must."""
        picture = await self._next()
        line = self._advance(picture)
        await self._wait(picture, line)
        if self.readyState != "live":
            raise MediaStreamError
        self.pictures += 1
        self.bytes += len(picture.data)
        self.playing_at = picture.at
        if self._on_picture is not None:
            self._on_picture()
        packet: av.Packet[Any] = av.Packet(picture.data)
        packet.time_base = _TIME_BASE
        packet.dts = round(line)
        packet.pts = round(line + (picture.pts_90k - picture.dts_90k) / self._speed)
        return packet

    async def _next(self) -> Picture:
        while True:
            await self._running.wait()
            feed = self._feed
            picture = await feed.next()
            if self.readyState != "live":
                raise MediaStreamError
            if feed is not self._feed:
                continue
            if picture is None:
                self.finished = True
                self.stop()
                raise MediaStreamError
            if self._speed <= FAST or picture.keyframe:
                return picture

    def _advance(self, picture: Picture) -> float:
        now = asyncio.get_running_loop().time()
        if self._last is None:
            self._line = self._line + self._step if self.pictures else 0.0
            self._began = now - self._line / TICKS
        elif picture.burst:
            # A cached GOP is behind us: shown in quick motion it leads up to what is live.
            self._line = max(self._line + 1, (now - self._began) * TICKS)
        else:
            moved = picture.dts_90k - self._last.dts_90k
            longest = MAX_GAP * (8 if self._speed > FAST else 1)
            if 0 < moved <= longest:
                if self._speed <= FAST:
                    self._step = moved
            else:
                moved = round(self._step)
            self._line += moved / self._speed
        self._last = picture
        return self._line

    async def _wait(self, picture: Picture, line: float) -> None:
        loop = asyncio.get_running_loop()
        due = self._began + line / TICKS
        now = loop.time()
        if now - due > LATE_S:
            self._began += now - due
        start = max(due, self._free_at)
        if start > now:
            await asyncio.sleep(start - now)
        self._free_at = max(loop.time(), self._free_at) + len(picture.data) * 8 / BURST_BPS

    def _rebase(self) -> None:
        self._began = asyncio.get_running_loop().time() - self._line / TICKS
