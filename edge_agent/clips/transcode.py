"""For cameras whose video no browser plays: one viewer of a box gets it smaller, as plain H.264.

The exception, not the way: it costs twenty times as much as passing packets on, so there is one at
a time, in a thread that gives way to all others, and none at all when the box has no room.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from typing import Any

import av
import av.error
import structlog

from edge_agent.camera import nal
from edge_agent.camera.packet import TICKS
from edge_agent.clips.feeds import Feed
from edge_agent.clips.picture import Picture, Thinning
from edge_agent.clips.programme import ProgrammeError

WIDEST, HIGHEST = 640, 360
BITRATE = 800_000
KEYFRAME_EVERY = 50
MAX_LOAD = 0.8
"""Waiting work for each core, over a minute, beyond which a box has no room."""
NICENESS = 10
_PLACES = 256
"""Pictures that a decoder may hold back before their places are forgotten."""

log = structlog.get_logger()


def box_room() -> str | None:
    """Why this box has no room to transcode now; None when it has."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > MAX_LOAD * cores:
        return f"{load:.1f} tasks wait for {cores} cores"
    return None


class Transcoder:
    """The box's one place for transcoding; a session may change what it shows while it has it."""

    def __init__(self, room: Callable[[], str | None] = box_room) -> None:
        """`room` says why there is none now, or None."""
        self._room = room
        self._holder = ""
        self._feeds = 0
        self._lock = threading.Lock()

    def open(self, feed: Feed, codec: nal.Codec, holder: str) -> TranscodedFeed:
        """Takes the place until the feed is closed; raises ProgrammeError clip.no-room."""
        with self._lock:
            if self._feeds and self._holder != holder:
                raise ProgrammeError("clip.no-room", "another viewer's video is being converted")
            why = None if self._feeds else self._room()
            if why is not None:
                raise ProgrammeError("clip.no-room", why)
            self._holder = holder
            self._feeds += 1
        return TranscodedFeed(feed, codec, self._release)

    def _release(self) -> None:
        with self._lock:
            self._feeds -= 1


class TranscodedFeed:
    """Another feed's pictures at most 640x360 large, in H.264 without B-frames."""

    def __init__(self, feed: Feed, codec: nal.Codec, release: Callable[[], None]) -> None:
        self.damaged = 0
        """Pictures that could not be decoded, left out."""
        self._feed = feed
        self._release = release
        self._converter = _Converter(codec)
        self._ready: deque[Picture] = deque()
        self._worker = ThreadPoolExecutor(1, "transcode", _give_way)
        self._closed = False
        self._finished = False

    @property
    def thinning(self) -> Thinning:
        """Of what is decoded: what comes out is whole."""
        return self._feed.thinning

    async def next(self) -> Picture | None:
        loop = asyncio.get_running_loop()
        while not self._ready:
            picture = await self._feed.next()
            if self._closed or self._finished:
                return None
            self._finished = picture is None
            try:
                made = await loop.run_in_executor(self._worker, self._converter.take, picture)
            except av.error.FFmpegError as error:
                self.damaged += 1
                log.warning("transcode.damaged", error=str(error))
                continue
            self._ready.extend(made)
        return self._ready.popleft()

    def again(self) -> None:
        self._converter.want_keyframe = True

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._feed.close()
        # What runs ends on its own; the place is free when it has.
        self._worker.submit(self._release)
        self._worker.shutdown(wait=False)


class _Converter:
    """Decoder, scaler and encoder; used on one thread."""

    def __init__(self, codec: nal.Codec) -> None:
        self.want_keyframe = False
        decoder = av.CodecContext.create(codec, "r")
        assert isinstance(decoder, av.VideoCodecContext)
        decoder.thread_count = 1
        self._decoder = decoder
        self._encoder: av.VideoCodecContext | None = None
        self._places: dict[int, Picture] = {}
        self._last_pts = -1

    def take(self, picture: Picture | None) -> list[Picture]:
        """What is ready after one more picture, or at the end; raises FFmpegError."""
        packet: av.Packet[Any] | None = None
        if picture is not None:
            packet = av.Packet(picture.data)
            packet.pts, packet.dts = picture.pts_90k, picture.dts_90k
            packet.time_base = Fraction(1, TICKS)
            self._places[picture.pts_90k] = picture
            while len(self._places) > _PLACES:
                del self._places[next(iter(self._places))]
        made: list[Picture] = []
        for frame in self._decoder.decode(packet):
            place = picture if frame.pts is None else self._places.pop(frame.pts, picture)
            if place is not None:
                made += self._encode(frame, place)
        return made

    def _encode(self, frame: av.VideoFrame, place: Picture) -> list[Picture]:
        encoder = self._encoder or self._new_encoder(frame)
        small = frame.reformat(encoder.width, encoder.height, "yuv420p")
        # A seek goes back: the encoder must not see it.
        small.pts = self._last_pts = max(self._last_pts + 1, place.pts_90k)
        small.time_base = Fraction(1, TICKS)
        small.pict_type = 1 if self.want_keyframe else 0
        self.want_keyframe = False
        return [
            replace(
                place,
                data=bytes(packet),
                pts_90k=place.pts_90k,
                dts_90k=place.pts_90k,
                keyframe=packet.is_keyframe,
            )
            for packet in encoder.encode(small)
        ]

    def _new_encoder(self, frame: av.VideoFrame) -> av.VideoCodecContext:
        encoder = av.CodecContext.create("libx264", "w")
        assert isinstance(encoder, av.VideoCodecContext)
        encoder.width, encoder.height = smaller(frame.width, frame.height)
        encoder.pix_fmt = "yuv420p"
        encoder.time_base = Fraction(1, TICKS)
        # Without it the rate control takes each tick for a frame's time.
        encoder.framerate = Fraction(25)
        encoder.bit_rate = BITRATE
        encoder.gop_size = KEYFRAME_EVERY
        encoder.max_b_frames = 0
        encoder.thread_count = 1
        encoder.profile = "Baseline"
        encoder.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "forced-idr": "1",
            "x264-params": "repeat-headers=1:scenecut=0",
        }
        self._encoder = encoder
        return encoder


def smaller(width: int, height: int) -> tuple[int, int]:
    """At most 640x360, even, in the same shape; never larger than it was."""
    scale = min(1.0, WIDEST / width, HIGHEST / height)
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)


def _give_way() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
