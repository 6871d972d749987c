"""One camera's reader thread: RTSP over TCP in, encoded packets out, for ever."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import av
import av.error
import structlog

from edge_agent.camera import nal
from edge_agent.camera.arrival import Arrival, FirstTimes
from edge_agent.camera.backoff import Backoff
from edge_agent.camera.faults import CameraError, check_url, classify, redact
from edge_agent.camera.pace import Pace
from edge_agent.camera.packet import EncodedPacket, PacketSink, StreamInfo
from edge_agent.camera.probe import probe
from edge_agent.camera.timeline import Timeline
from wire.clock import Clock
from wire.codes import fault

OPEN_TIMEOUT_S = 5.0
SILENCE_TIMEOUT_S = 5.0
RETRY_FIRST_S = 1.0
RETRY_LIMIT_S = 30.0
KEYFRAME_TIMEOUT_S = 20.0
STEADY_S = 10.0
"""A connection that lasted this long was a success: the next pause is short again."""

_OPTIONS = {
    "rtsp_transport": "tcp",
    # Audio is refused before SETUP: it never crosses the cable.
    "allowed_media_types": "video",
    # The keyframe tells what libav would otherwise find out by holding back seconds of video.
    "analyzeduration": "1",
    "probesize": "32",
}
_SHOWN_OTHERWISE = "recorded; viewed by its substream, or converted for one viewer at a time"
_CODECS: dict[str, nal.Codec] = {"h264": "h264", "hevc": "hevc"}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """How a camera is, since when, and what to do about it."""

    camera: str
    state: Literal["up", "degraded", "down"]
    code: str | None
    message: str
    remedy: str
    since: datetime
    info: StreamInfo | None = None


class RtspSource:
    """Reads one camera and fans its packets out; `start` once, `stop` once."""

    def __init__(
        self,
        camera: str,
        url: str,
        clock: Clock,
        sinks: Sequence[PacketSink],
        on_state: Callable[[CameraStatus], None],
        *,
        patient: Callable[[], bool] = lambda: False,
        rng: random.Random | None = None,
    ) -> None:
        """`patient` tells whether nobody waits for the next pictures: they may come together."""
        self.camera = camera
        self.packets = 0
        self.bytes = 0
        self.keyframes_unusable = 0
        self.connections = 0
        self._url = url
        self._clock = clock
        self._sinks = tuple(sinks)
        self._on_state = on_state
        self._patient = patient
        self._status: CameraStatus | None = None
        self._backoff = Backoff(RETRY_FIRST_S, RETRY_LIMIT_S, rng or random.Random())
        self._timeline = Timeline()
        self._info: StreamInfo | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name=f"camera-{camera}", daemon=True)
        self._log = log.bind(camera=camera, url=redact(url))

    @property
    def status(self) -> CameraStatus | None:
        """The newest state; None before the first connection was tried."""
        return self._status

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = OPEN_TIMEOUT_S + SILENCE_TIMEOUT_S) -> bool:
        """End the reader; true when it is gone within `timeout_s`."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def run(self) -> None:
        """Connect and read until `stop`; every failure is classed, reported and tried again."""
        while not self._stop.is_set():
            began = self._clock.monotonic()
            try:
                self.run_once()
            except CameraError as problem:
                self._report("down", problem.code, str(problem))
                if self._clock.monotonic() - began > STEADY_S and not problem.permanent:
                    self._backoff.reset()
                self._clock.wait(self._stop, self._backoff.pause(longest=problem.permanent))

    def run_once(self) -> None:
        """One connection, from opening to its end; raises CameraError unless stopped."""
        check_url(self._url)
        self._timeline.reconnect()
        self._info = None
        self.connections += 1
        began = self._clock.monotonic()
        try:
            with av.open(
                self._url, options=_OPTIONS, timeout=(OPEN_TIMEOUT_S, SILENCE_TIMEOUT_S)
            ) as container:
                self._read(container)
        except (av.error.FFmpegError, OSError) as error:
            waited_s = self._clock.monotonic() - began
            if self._info is None and waited_s >= OPEN_TIMEOUT_S:
                # Cut off while opening, libav calls it anything from a time-out to invalid data.
                where = redact(self._url)
                raise CameraError("camera.unreachable", f"{where} does not answer") from None
            raise classify(error, self._url) from None
        if not self._stop.is_set():
            raise CameraError("camera.stalled", f"{redact(self._url)} closed the stream")

    def _read(self, container: av.container.InputContainer) -> None:
        if not container.streams.video:
            raise CameraError("camera.not-video", redact(self._url), permanent=True)
        stream = container.streams.video[0]
        codec = _CODECS.get(stream.codec_context.name)
        if codec is None:
            raise CameraError(
                "camera.codec", f"{redact(self._url)}: {stream.codec_context.name}", permanent=True
            )
        described = nal.parameter_sets(codec, nal.split(stream.codec_context.extradata or b""))
        times, pace = FirstTimes(), Pace()
        began = asked_s = self._clock.monotonic()
        for packet in container.demux(stream):
            if self._stop.is_set():
                return
            if packet.size == 0:
                continue
            read_s = self._clock.monotonic()
            came_s = pace.arrived_s(packet.dts, asked_s, read_s)
            arrival = Arrival(
                bytes(packet),
                packet.pts,
                packet.dts,
                packet.duration or None,
                packet.is_keyframe,
                came_s,
                self._clock.now() - timedelta(seconds=read_s - came_s),
            )
            for one in times.add(arrival):
                self._take(codec, described, one)
            if self._info is None and arrival.mono_s - began > KEYFRAME_TIMEOUT_S:
                raise CameraError(
                    "camera.codec",
                    f"{redact(self._url)}: no keyframe that decodes in {KEYFRAME_TIMEOUT_S:.0f} s",
                )
            rest_s = pace.rest_s(arrival.dts, packet.size, asked_s, read_s, patient=self._patient())
            if rest_s > 0:
                self._clock.wait(self._stop, rest_s)
            asked_s = self._clock.monotonic()

    def _take(self, codec: nal.Codec, described: list[bytes], arrival: Arrival) -> None:
        self.bytes += len(arrival.data)
        units = nal.split(arrival.data)
        keyframe = arrival.keyframe or any(nal.is_random_access(codec, unit) for unit in units)
        data = arrival.data
        if keyframe:
            sets = nal.parameter_sets(codec, units)
            if not sets:
                sets = described
                data = nal.join(sets) + data
            self._learn(codec, nal.join(sets), data)
        if self._info is None:
            return
        if codec == "h264" and not self._info.has_b_frames and nal.has_b_slice(units):
            self._announce(replace(self._info, has_b_frames=True))
        pts, dts = self._timeline.place(arrival.pts, arrival.dts, arrival.step, arrival.mono_s)
        packet = EncodedPacket(data, pts, dts, keyframe, arrival.mono_s, arrival.at)
        self.packets += 1
        for sink in self._sinks:
            sink.packet(packet)

    def _learn(self, codec: nal.Codec, sets: bytes, keyframe: bytes) -> None:
        if self._info is not None and self._info.parameter_sets == sets:
            return
        info = probe(codec, keyframe)
        if info is None:
            # Until a keyframe decodes, nothing behind it can be shown or recorded to a purpose.
            self.keyframes_unusable += 1
            return
        self._announce(info)

    def _announce(self, info: StreamInfo) -> None:
        self._info = info
        self._log.info(
            "camera.stream", codec=info.codec, size=f"{info.width}x{info.height}", fps=info.fps
        )
        for sink in self._sinks:
            sink.stream(info)
        if info.codec == "hevc":
            self._report("degraded", "camera.h265", _SHOWN_OTHERWISE)
        elif info.has_b_frames:
            self._report("degraded", "camera.b-frames", _SHOWN_OTHERWISE)
        else:
            self._report("up", None, f"{info.width}x{info.height} {info.codec}")

    def _report(
        self, state: Literal["up", "degraded", "down"], code: str | None, message: str
    ) -> None:
        before = self._status
        info = None if state == "down" else self._info
        if before is not None and (before.state, before.code, before.info) == (state, code, info):
            return
        same = before is not None and (before.state, before.code) == (state, code)
        since = before.since if before is not None and same else self._clock.now()
        remedy = fault(code).remedy_en if code else ""
        self._status = CameraStatus(self.camera, state, code, message, remedy, since, info)
        self._log.info("camera.state", state=state, code=code, detail=message)
        self._on_state(self._status)
