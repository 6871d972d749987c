"""The pole of `bench clips`: camera, ring and sessions in a process of their own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import sys
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import av
import structlog
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from joserfc.jwk import OKPKey

from edge_agent.camera.packet import TICKS
from edge_agent.camera.source import RtspSource
from edge_agent.clips.feeds import LiveTap
from edge_agent.clips.grant import GrantDesk
from edge_agent.clips.keeping import KeepingLimits
from edge_agent.clips.ring import Ring
from edge_agent.clips.session import SessionHost
from edge_agent.clips.sources import ClipSource
from wire.clock import SystemClock
from wire.whep import WhepOffer

CAMERA, DEVICE = "camera", "bench-1"
READY_S = 30.0
ANSWER_S = 15.0


class PoleError(Exception):
    """The pole did not do what was asked; the message says what it said."""


class BenchPole:
    """The process from outside: questions over a pipe, one at a time."""

    def __init__(self, url: str, folder: Path, signer: OKPKey) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        public = signer.as_dict(private=False)
        self._process = context.Process(target=_run, args=(theirs, url, str(folder), public))
        self._process.start()

    def __enter__(self) -> BenchPole:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._pipe.send(("stop", None))
        self._process.join(15)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(5)

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid or 0

    def ask(self, name: str, what: Any = None, timeout_s: float = ANSWER_S) -> Any:
        """The answer; raises PoleError."""
        try:
            self._pipe.send((name, what))
            if not self._pipe.poll(timeout_s):
                raise PoleError(f"no answer to {name} in {timeout_s:.0f} s")
            fine, answer = self._pipe.recv()
        except (OSError, EOFError) as error:
            raise PoleError("it has ended; its errors stand above") from error
        if not fine:
            raise PoleError(f"{name}: {answer}")
        return answer

    def wait_recorded(self, seconds: float) -> None:
        """Until so much is on the ring; raises PoleError."""
        deadline = time.monotonic() + READY_S + seconds
        while self.ask("recorded_s") < seconds:
            if time.monotonic() > deadline:
                raise PoleError(f"the camera gave no {seconds:.0f} s of video")
            time.sleep(0.2)


def _run(pipe: Connection, url: str, folder: str, public: dict[str, Any]) -> None:
    # Standard output is the bench's own.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    pole = _Pole(url, Path(folder), OKPKey.import_key(public))
    try:
        while True:
            name, what = pipe.recv()
            if name == "stop":
                return
            try:
                pipe.send((True, pole.answers[name](what)))
            except Exception as error:  # Told to who asked.
                pipe.send((False, f"{type(error).__name__}: {error}"))
    except EOFError:
        return
    finally:
        pole.close()


class _Pole:
    def __init__(self, url: str, folder: Path, signer: OKPKey) -> None:
        clock = SystemClock()
        self._ring = Ring(folder, CAMERA, clock, limits=KeepingLimits(1 << 30))
        self._live = LiveTap()
        self._desk = GrantDesk(folder / "grants.sqlite", DEVICE, signer, clock)
        source = ClipSource(self._ring, self._live)
        self._host = SessionHost({CAMERA: source}, self._desk, clock, lambda _: None)
        self._source = RtspSource(
            CAMERA, url, clock, [self._ring, self._live], on_state=lambda _: None
        )
        self._reencoding: _Reencoding | None = None
        self.answers: dict[str, Callable[[Any], Any]] = {
            "answer": lambda offer: self._host.answer(WhepOffer.model_validate_json(offer)).sdp,
            "reencode": self._reencode,
            "sessions": lambda _: self._host.count,
            "cpu_s": lambda _: time.process_time(),
            "recorded_s": lambda _: self._recorded_s(),
            "span": lambda _: self._ring.span(),
            "identities": lambda span: [unit.identity for unit in self._ring.read(*span)],
        }
        self._ring.start()
        self._host.start()
        self._source.start()

    def close(self) -> None:
        if self._reencoding is not None:
            self._reencoding.close()
        self._host.stop()
        self._source.stop()
        self._ring.close()
        self._desk.close()

    def _recorded_s(self) -> float:
        span = self._ring.span()
        return 0.0 if span is None else (span[1] - span[0]).total_seconds()

    def _reencode(self, sdp: str | None) -> str | int:
        """Answer an offer by decoding and encoding anew; without one, end and say how many."""
        if sdp is not None:
            self._reencoding = _Reencoding(self._live)
            return self._reencoding.answer(sdp)
        assert self._reencoding is not None
        pictures = self._reencoding.close()
        self._reencoding = None
        return pictures


class _Reencoding:
    """What aiortc does with pictures: decode each, encode it again. On a loop of its own."""

    def __init__(self, live: LiveTap) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._track = _DecodedTrack(live, self._loop)
        self._peer: RTCPeerConnection | None = None

    def answer(self, sdp: str) -> str:
        return asyncio.run_coroutine_threadsafe(self._answer(sdp), self._loop).result(ANSWER_S)

    def close(self) -> int:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(ANSWER_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        return self._track.pictures

    async def _answer(self, sdp: str) -> str:
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        transceiver = self._peer.addTransceiver(self._track, direction="sendonly")
        capable = type(transceiver.sender).getCapabilities("video").codecs
        transceiver.setCodecPreferences([one for one in capable if one.mimeType == "video/H264"])
        await self._peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await self._peer.setLocalDescription(await self._peer.createAnswer())
        return str(self._peer.localDescription.sdp)

    async def _close(self) -> None:
        self._track.stop()
        if self._peer is not None:
            await self._peer.close()


class _DecodedTrack(MediaStreamTrack):
    kind = "video"

    def __init__(self, live: LiveTap, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.pictures = 0
        self._live, self._own_loop = live, loop
        self._feed: Any = None
        decoder = av.CodecContext.create("h264", "r")
        assert isinstance(decoder, av.VideoCodecContext)
        decoder.thread_count = 1
        self._decoder = decoder

    async def recv(self) -> av.VideoFrame:
        if self._feed is None:
            self._feed = self._live.follow(self._own_loop)
        while (picture := await self._feed.next()) is not None:
            packet: av.Packet[Any] = av.Packet(picture.data)
            packet.pts, packet.dts = picture.pts_90k, picture.dts_90k
            packet.time_base = Fraction(1, TICKS)
            decoded = await self._own_loop.run_in_executor(None, self._decoder.decode, packet)
            # Of the burst only the last matters: a viewer joins what is live.
            if decoded and not picture.burst:
                self.pictures += 1
                frame = decoded[-1]
                frame.time_base = Fraction(1, TICKS)
                return frame
        raise MediaStreamError
