"""Pictures for the analysis: decodes what the gate asks for, and hands on at the analysis rate."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Literal, Protocol

import av
import av.error
import numpy as np
import structlog

from edge_agent.camera.packet import TICKS, EncodedPacket, StreamInfo
from edge_agent.scene import Frame

QUEUE_PACKETS = 64
"""Two to six seconds of a camera; a decoder further behind starts afresh at a keyframe."""

JITTER = 0.2
"""A frame this part of a step early counts as on time."""

Want = Literal["skip", "key", "all"]

log = structlog.get_logger()


class Gate(Protocol):
    """Decides from the encoded packet alone what is worth decoding."""

    def want(self, packet: EncodedPacket) -> Want:
        """`all`: decode; `key`: decode if it is a keyframe; `skip`: do not."""
        ...


class AlwaysAll:
    """Decodes everything."""

    def want(self, packet: EncodedPacket) -> Want:  # noqa: ARG002 - the protocol's signature
        return "all"


class FrameDecoder:
    """A packet sink with its own thread: bounded queue in, frames out to `deliver`."""

    def __init__(
        self,
        camera: str,
        deliver: Callable[[Frame], None],
        *,
        analysis_fps: float = 5.0,
        gate: Gate | None = None,
        threads: int = 1,
    ) -> None:
        self.decoded = 0
        self.delivered = 0
        self.dropped = 0
        """Packets that a full queue gave up, with those behind them up to the next keyframe."""
        self.errors = 0
        self._camera = camera
        self._deliver = deliver
        self._step = TICKS / analysis_fps
        self._gate = gate or AlwaysAll()
        self._threads = threads
        self._queue: deque[StreamInfo | EncodedPacket] = deque()
        self._ready = threading.Condition()
        self._await_keyframe = False
        self._stopped = False
        self._context: av.VideoCodecContext | None = None
        self._broken = True
        self._due = 0.0
        self._arrivals: dict[int, EncodedPacket] = {}
        self._thread = threading.Thread(target=self._run, name=f"decoder-{camera}", daemon=True)
        self._log = log.bind(camera=camera)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End the thread; true when it is gone within `timeout_s`."""
        with self._ready:
            self._stopped = True
            self._ready.notify()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def stream(self, info: StreamInfo) -> None:
        with self._ready:
            self._queue.append(info)
            self._ready.notify()

    def packet(self, packet: EncodedPacket) -> None:
        with self._ready:
            if len(self._queue) >= QUEUE_PACKETS:
                kept = [item for item in self._queue if isinstance(item, StreamInfo)][-1:]
                self.dropped += len(self._queue) - len(kept)
                self._queue = deque(kept)
                self._await_keyframe = True
            if self._await_keyframe and not packet.keyframe:
                self.dropped += 1
                return
            self._await_keyframe = False
            self._queue.append(packet)
            self._ready.notify()

    def _run(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: bool(self._queue) or self._stopped)
                if self._stopped:
                    return
                item = self._queue.popleft()
            if isinstance(item, StreamInfo):
                self._open(item)
            else:
                self._take(item)

    def _open(self, info: StreamInfo) -> None:
        context = av.CodecContext.create(info.codec, "r")
        context.thread_count = self._threads
        self._context, self._broken = context, True
        self._arrivals.clear()

    def _take(self, packet: EncodedPacket) -> None:
        want = self._gate.want(packet)
        if want == "skip" or (not packet.keyframe and (want == "key" or self._broken)):
            # What was not decoded is missing to the packets behind it.
            self._broken = True
            return
        if self._context is None:
            return
        self._broken = False
        self._arrivals[packet.pts_90k] = packet
        encoded = av.Packet(packet.data)
        encoded.pts, encoded.dts = packet.pts_90k, packet.dts_90k
        try:
            pictures = self._context.decode(encoded)
        except av.error.FFmpegError:
            self.errors += 1
            self._broken = True
            return
        for picture in pictures:
            self._emit(picture)

    def _emit(self, picture: av.VideoFrame) -> None:
        self.decoded += 1
        packet = self._arrivals.get(picture.pts) if picture.pts is not None else None
        if packet is None:
            return
        self._arrivals = {pts: one for pts, one in self._arrivals.items() if pts > packet.pts_90k}
        if packet.pts_90k < self._due - self._step * JITTER:
            return
        # From the due time, not from now: 10 fps thinned to 5 fps stays 5 fps despite jitter.
        late = packet.pts_90k - self._due > self._step
        self._due = (packet.pts_90k if late else self._due) + self._step
        image = np.ascontiguousarray(picture.to_ndarray(format="bgr24"), dtype=np.uint8)
        self.delivered += 1
        self._deliver(
            Frame(self._camera, image, packet.media_s, packet.received_mono_s, packet.received_at)
        )
