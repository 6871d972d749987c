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
from edge_agent.clips.feeds import Feed
from edge_agent.clips.picture import Picture
from edge_agent.clips.schedule import FAST, FASTEST, SLOWEST, Schedule, Slot

AGAIN_EVERY_S = 1.0
"""A viewer that lost pictures gets its keyframe again, but no more often than this."""
_TIME_BASE = Fraction(1, TICKS)


class ClipTrack(MediaStreamTrack):
    """`recv` gives encoded packets at the moment they are due, on a time line that starts at 0."""

    kind = "video"

    def __init__(
        self, feed: Feed, *, speed: float = 1.0, on_picture: Callable[[], None] | None = None
    ) -> None:
        super().__init__()
        self.pictures = 0
        self.bytes = 0
        self.finished = False
        """True when the feed ran out, false while it plays or when the viewer left."""
        self.playing_at: datetime | None = None
        """Wall time of the picture sent last, or after a seek of where it goes on."""
        self.live = False
        """Whether that picture came straight from the camera."""
        self.keyframes_again = 0
        self._feed = feed
        self._on_picture = on_picture
        self._schedule = Schedule()
        self._running = asyncio.Event()
        self._running.set()
        self._wake = asyncio.Event()
        self._disturbed = False
        self._again_at_s = 0.0
        self.set_speed(speed)

    @property
    def paused(self) -> bool:
        return not self._running.is_set()

    @property
    def speed(self) -> float:
        """As asked for; what is live goes at its own."""
        return 1.0 if self.live else self._schedule.speed

    def pause(self) -> None:
        self._running.clear()
        self._disturb()

    def resume(self) -> None:
        """Go on after a pause."""
        if self.paused:
            self._schedule.anew()
            self._running.set()

    def set_speed(self, speed: float) -> None:
        """0.5 to 8 times; above 2 by keyframes alone. Raises ValueError."""
        if not SLOWEST <= speed <= FASTEST:
            raise ValueError(f"speed must be between {SLOWEST} and {FASTEST}")
        self._schedule.speed = speed
        self._feed.thinning.keyframes_only = speed > FAST
        self._disturb()

    def switch(self, feed: Feed, speed: float = 1.0, at: datetime | None = None) -> None:
        """Go on with another feed, as after a seek to `at`; the time line runs on."""
        self._feed.close()
        self._feed = feed
        self.live = False
        self.playing_at = at or self.playing_at
        self._schedule.anew()
        self.set_speed(speed)

    def keyframe_again(self) -> None:
        """The viewer lost pictures (PLI, FIR): begin anew at the newest keyframe."""
        now = asyncio.get_running_loop().time()
        if now < self._again_at_s or not self.pictures:
            return
        self._again_at_s = now + AGAIN_EVERY_S
        self.keyframes_again += 1
        self._feed.again()

    def stop(self) -> None:
        super().stop()
        self._feed.close()
        self._running.set()
        self._disturb()

    async def recv(self) -> av.Packet[Any]:
        """As `following`, in the form that aiortc asks of a track."""
        data, pts_90k = await self.following()
        packet: av.Packet[Any] = av.Packet(data)
        packet.time_base, packet.pts = _TIME_BASE, pts_90k
        return packet

    async def following(self) -> tuple[bytes, int]:
        """The next access unit and its time, once due; raises MediaStreamError at the end."""
        picture, slot = await self._due()
        self._schedule.sent(picture, slot, asyncio.get_running_loop().time())
        self.pictures += 1
        self.bytes += len(picture.data)
        self.playing_at = picture.at
        self.live = picture.live
        if self._on_picture is not None:
            self._on_picture()
        return picture.data, slot.pts_90k

    async def _due(self) -> tuple[Picture, Slot]:
        """The next picture, once its moment has come."""
        loop = asyncio.get_running_loop()
        while True:
            feed, picture = await self._next()
            while feed is self._feed:
                slot = self._schedule.place(picture, loop.time())
                if await self._undisturbed(slot.at_s):
                    return picture, slot
                await self._running.wait()
                self._check_live()

    async def _undisturbed(self, at_s: float) -> bool:
        """Wait; false when a control came in between and the picture is to be placed anew."""
        loop = asyncio.get_running_loop()
        self._disturbed = False
        if at_s > loop.time():
            self._wake.clear()
            timer = loop.call_at(at_s, self._wake.set)
            await self._wake.wait()
            timer.cancel()
        self._check_live()
        return not self._disturbed

    def _disturb(self) -> None:
        self._disturbed = True
        self._wake.set()

    async def _next(self) -> tuple[Feed, Picture]:
        while True:
            await self._running.wait()
            feed = self._feed
            picture = await feed.next()
            self._check_live()
            if feed is not self._feed or (picture is None and self.paused):
                continue
            if picture is None:
                self.finished = True
                self.stop()
                raise MediaStreamError
            return feed, picture

    def _check_live(self) -> None:
        if self.readyState != "live":
            raise MediaStreamError
