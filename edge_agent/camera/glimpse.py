"""Single pictures of a stream that is not decoded otherwise: the main stream, for plates.

Encoded packets of the last two GOPs are kept. Who asks for a moment has the pictures from the
keyframe before it decoded up to it, on a thread of this stream's own; nobody asks, nothing is
decoded.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import av
import av.error
import numpy as np
import structlog

from edge_agent.camera.alignment import TimeLine
from edge_agent.camera.packet import TICKS, EncodedPacket, StreamInfo
from edge_agent.scene import Image

GOPS: Final = 2
MOST_BYTES: Final = 16_000_000
"""Of encoded packets: fifteen seconds at 8 Mbit/s. A camera with longer GOPs is not looked at."""

MOST_ASKED: Final = 4
"""Moments that may be waiting; the oldest gives way."""

NEAR_S: Final = 0.15
"""A picture further from the moment shows the vehicle elsewhere."""

NICE: Final = 10
"""Of the decoding thread, on Linux."""

PATIENCE_S: Final = 1.0
"""How long a moment that has not arrived yet is waited for."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ask:
    """A picture that is wanted."""

    mono_s: float
    """The moment, on the box's monotonic clock."""
    take: Callable[[Image | None], None]
    """Called with the picture, or with None when it cannot be had."""


@dataclass(slots=True)
class _Gop:
    packets: list[EncodedPacket] = field(default_factory=list)


class Glimpses:
    """A packet sink; `start` once, `stop` once."""

    def __init__(self, camera: str, threads: int = 1, *, patience_s: float = PATIENCE_S) -> None:
        self.info: StreamInfo | None = None
        """What the stream is; None before it was opened."""
        self.decoded = 0
        self.given = 0
        self.missed = 0
        """Moments asked for that are gone, never came, or had to give way."""
        self.errors = 0
        self._threads = threads
        self._patience_s = patience_s
        self._line = TimeLine()
        self._gops: deque[_Gop] = deque(maxlen=GOPS)
        self._bytes = 0
        self._asked: deque[Ask] = deque()
        self._changed = threading.Condition()
        self._stopped = False
        self._context: av.VideoCodecContext | None = None
        self._at: tuple[_Gop, int] | None = None
        """The GOP that is being decoded, and how many of its packets went in."""
        self._shown: av.VideoFrame | None = None
        self._thread = threading.Thread(target=self._run, name=f"glimpse-{camera}", daemon=True)
        self._log = log.bind(camera=camera)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the thread; what is asked for is answered with None."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    # --- from the reader's thread ---------------------------------------------------------------

    def stream(self, info: StreamInfo) -> None:
        with self._changed:
            same = self.info is not None and self.info.parameter_sets == info.parameter_sets
            self.info = info
            if not same:
                self._forget()

    def packet(self, packet: EncodedPacket) -> None:
        with self._changed:
            self._line.note(packet.media_s, packet.received_mono_s)
            if packet.keyframe:
                if len(self._gops) == GOPS:
                    self._bytes -= sum(len(one.data) for one in self._gops[0].packets)
                self._gops.append(_Gop())
            if not self._gops:
                return
            self._gops[-1].packets.append(packet)
            self._bytes += len(packet.data)
            if self._bytes > MOST_BYTES:
                self._forget()
            if self._asked:
                self._changed.notify()

    # --- from anybody's -------------------------------------------------------------------------

    def ask(self, ask: Ask) -> None:
        """Want the picture of a moment. Never blocks; answered on this stream's thread."""
        given_way = None
        with self._changed:
            if len(self._asked) >= MOST_ASKED:
                given_way = self._asked.popleft()
            self._asked.append(ask)
            self._changed.notify()
        if given_way is not None:
            self.missed += 1
            given_way.take(None)

    def _forget(self) -> None:
        self._gops.clear()
        self._bytes = 0
        self._at = None

    def _run(self) -> None:
        # Detection goes first wherever the two would share a core.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._asked) or self._stopped)
                if self._stopped:
                    left, self._asked = list(self._asked), deque()
                    break
                ask = self._asked.popleft()
            picture = self._picture(ask.mono_s)
            self.given += picture is not None
            self.missed += picture is None
            ask.take(picture)
        for ask in left:
            ask.take(None)

    def _picture(self, mono_s: float) -> Image | None:
        """The picture nearest to a moment; None when it cannot be had."""
        while (packet := self._next(mono_s)) is not None:
            shown = self._decode(packet)
            if shown is not None:
                self._shown = shown
        with self._changed:
            shown, media_s = self._shown, self._line.media(mono_s)
            near = max(NEAR_S, 2 * self._half_step_s())
        if shown is None or self._at is None or abs(_media_s(shown) - media_s) > near:
            return None
        return np.ascontiguousarray(shown.to_ndarray(format="bgr24"), dtype=np.uint8)

    def _next(self, mono_s: float) -> EncodedPacket | None:
        """The packet to decode next on the way to a moment, waiting for it; None: no further."""
        with self._changed:
            media_s = self._line.media(mono_s)
            gop = self._gop_of(media_s)
            if gop is None or self.info is None:
                self._at = None
                return None
            gone_by = self._shown is not None and _media_s(self._shown) > media_s + NEAR_S
            if self._at is None or self._at[0] is not gop or self._context is None or gone_by:
                self._context = av.CodecContext.create(self.info.codec, "r")
                self._context.thread_count = self._threads
                self._at, self._shown = (gop, 0), None
            done = self._at[1]
            if self._shown is not None and _media_s(self._shown) >= media_s - self._half_step_s():
                return None
            self._changed.wait_for(
                lambda: len(gop.packets) > done or gop is not self._newest() or self._stopped,
                self._patience_s,
            )
            if self._stopped or self._at is None or len(gop.packets) <= done:
                return None
            self._at = (gop, done + 1)
            return gop.packets[done]

    def _newest(self) -> _Gop | None:
        return self._gops[-1] if self._gops else None

    def _gop_of(self, media_s: float) -> _Gop | None:
        for gop in reversed(self._gops):
            if gop.packets and gop.packets[0].media_s <= media_s + self._half_step_s():
                return gop
        return None

    def _half_step_s(self) -> float:
        fps = self.info.fps if self.info is not None else 0.0
        return 0.5 / fps if fps > 0 else 0.02

    def _decode(self, packet: EncodedPacket) -> av.VideoFrame | None:
        encoded = av.Packet(packet.data)
        encoded.pts, encoded.dts = packet.pts_90k, packet.dts_90k
        assert self._context is not None
        try:
            pictures = self._context.decode(encoded)
        except av.error.FFmpegError:
            self.errors += 1
            return None
        self.decoded += len(pictures)
        return pictures[-1] if pictures else None


def _media_s(shown: av.VideoFrame) -> float:
    return (shown.pts or 0) / TICKS
