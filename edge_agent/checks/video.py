"""From the camera to the viewer: streams, decoding, detection, the ring, a session."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import av.error
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from edge_agent.camera.source import CameraStatus, RtspSource
from edge_agent.checks.result import CheckResult, bad, good
from edge_agent.checks.sample import Sampler, decode_seconds, small_stream
from edge_agent.clips.access_unit import identity
from edge_agent.clips.feeds import LiveTap
from edge_agent.clips.keeping import KeepingLimits
from edge_agent.clips.peer import Peer, PeerError
from edge_agent.clips.player import ClipTrack
from edge_agent.clips.ring import Ring
from edge_agent.clips.segment import Opener, open_unbuffered
from edge_agent.config import AgentSettings, CameraSettings, stream_url
from edge_agent.sight.camera_sight import with_second_look
from edge_agent.sight.detector import Detector
from models.registry import ModelError, Registry
from wire.clock import Clock
from wire.names import new_id
from wire.settings import SettingsError
from wire.whep import WhepOffer

CAMERA_TIMEOUT_S = 12.0
SAMPLE_TIMEOUT_S = 4.0
SESSION_TIMEOUT_S = 8.0
DECODE_SHARE = 0.5
"""Of all cores, for decoding when every camera sees something move."""
DETECT_SHARE = 0.8
"""Of what the detector could do, so that a burst does not queue up."""
PICTURE = (720, 1280)


def check_camera(
    camera: CameraSettings, url: str, name: str, clock: Clock, sample: Sampler
) -> CheckResult:
    """A stream opens and its first keyframe decodes; its first packets are kept in `sample`."""
    try:
        full = stream_url(camera, url)
    except SettingsError as error:
        return bad(name, "config.invalid", str(error))
    found: list[CameraStatus] = []
    known = threading.Event()

    def keep(status: CameraStatus) -> None:
        found.append(status)
        known.set()

    source = RtspSource(camera.id, full, clock, [sample], keep)
    source.start()
    clock.wait(known, CAMERA_TIMEOUT_S)
    if found and found[0].state != "down":
        clock.wait(sample.full, SAMPLE_TIMEOUT_S)
    source.stop()
    if not found:
        return bad(name, "camera.unreachable", f"no answer within {CAMERA_TIMEOUT_S:.0f} s")
    newest = found[-1] if found[0].state != "down" else found[0]
    if newest.code is not None:
        return bad(name, newest.code, newest.message)
    return good(name, f"{newest.message}, {sample.fps:.1f} fps")


def check_decoder(samples: Mapping[str, Sampler], cores: int) -> CheckResult:
    """Decoding every camera's analysed stream at its full rate leaves room for the rest."""
    measured = {name: sample for name, sample in samples.items() if sample.info and sample.fps}
    if not measured:
        return bad("decoder", "check.blocked", "no camera gave pictures to decode")
    costs = {name: decode_seconds(sample) for name, sample in measured.items()}
    needed = sum(costs[name] * sample.fps for name, sample in measured.items())
    slowest = max(costs, key=costs.__getitem__)
    told = (
        f"{needed:.2f} of {cores} cores for {len(measured)} cameras, "
        f"{costs[slowest] * 1000:.1f} ms a picture of {slowest}"
    )
    return budget("decoder", "decoder.slow", needed, cores * DECODE_SHARE, told)


def check_detector(settings: AgentSettings, cores: int) -> CheckResult:
    """The speed of the detector's looks on this machine against the pictures asked of it.

    In time of its own cores: a box whose agent is at work must not look slow for that.
    """
    try:
        registry, threads = Registry.default(), settings.detector_threads
        coarse = Detector(registry, settings.model, threads=threads)
        detector = with_second_look(coarse, registry, settings.fine_model, threads=threads)
    except ModelError as error:
        return bad("detector", "model.missing", str(error))
    picture = np.random.default_rng(1).integers(0, 255, (*PICTURE, 3), np.uint8)
    detector.detect(picture)
    times = []
    for _ in range(5):
        began = time.process_time()
        detector.detect(picture)
        times.append(time.process_time() - began)
    each = statistics.median(times) / threads
    asked = sum(camera.analysis_fps for camera in settings.cameras)
    lanes = min(settings.inference_workers, max(1, cores // settings.detector_threads))
    told = f"{each * 1000:.1f} ms a picture: {lanes / each:.0f} a second, {asked:.0f} asked for"
    return budget("detector", "detector.slow", asked, lanes / each * DETECT_SHARE, told)


def budget(name: str, code: str, needed: float, there: float, told: str) -> CheckResult:
    """Good while what is needed is there."""
    return good(name, told) if needed <= there else bad(name, code, told)


def check_recording(data: Path, clock: Clock, opener: Opener = open_unbuffered) -> CheckResult:
    """Two seconds recorded in the data folder read back as they were, signatures apart."""
    faults: list[tuple[str, str]] = []

    def hear(code: str | None, detail: str) -> None:
        if code is not None:
            faults.append((code, detail))

    folder: Path | None = None
    try:
        data.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="check-", dir=data))
        stream = small_stream(clock)
        assert stream.info is not None
        ring = Ring(
            folder, "check", clock, limits=KeepingLimits(1 << 24), on_state=hear, opener=opener
        )
        ring.start()
        ring.stream(stream.info)
        for packet in stream.packets:
            ring.packet(packet)
        finished = ring.close()
        if faults:
            return bad("recording", *faults[0])
        if not finished:
            return bad("recording", "ring.unreadable", "two seconds took more than ten to write")
        return read_back(folder, stream, clock)
    except (OSError, sqlite3.Error, av.error.FFmpegError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return bad("recording", "disk.read-only", f"{data}: {reason}")
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def read_back(folder: Path, stream: Sampler, clock: Clock) -> CheckResult:
    """Whether the ring in `folder` holds the pictures of `stream`, byte for byte."""
    ring = Ring(folder, "check", clock, limits=KeepingLimits(1 << 24))
    first = stream.packets[0].received_at
    units = list(ring.read(first, first + timedelta(minutes=1)))
    ring.start()
    ring.close()
    wanted = [identity(packet.data) for packet in stream.packets]
    found = [unit.identity for unit in units]
    if found != wanted:
        same = sum(a == b for a, b in zip(found, wanted, strict=False))
        return bad(
            "recording", "ring.unreadable", f"{same} of {len(wanted)} pictures read back equal"
        )
    return good("recording", f"{len(wanted)} pictures written and read back equal")


def check_session(clock: Clock, timeout_s: float = SESSION_TIMEOUT_S) -> CheckResult:
    """A viewer on this box gets a decoded picture from this box, by offer, ICE, DTLS and SRTP."""
    try:
        seconds = asyncio.run(asyncio.wait_for(_round_trip(clock), timeout_s))
    except TimeoutError:
        return bad("whep", "whep.failed", f"no picture within {timeout_s:.0f} s")
    except (PeerError, MediaStreamError, OSError) as error:
        return bad("whep", "whep.failed", f"{type(error).__name__} {error}".strip())
    return good("whep", f"first picture after {seconds * 1000:.0f} ms")


async def _round_trip(clock: Clock) -> float:
    stream = small_stream(clock, pictures=int(SESSION_TIMEOUT_S * 10))
    assert stream.info is not None
    began = time.monotonic()
    arrived: asyncio.Future[MediaStreamTrack] = asyncio.get_running_loop().create_future()
    viewer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    viewer.on("track", arrived.set_result)
    viewer.addTransceiver("video", direction="recvonly")
    peer: Peer | None = None
    feeding: asyncio.Task[None] | None = None
    try:
        await viewer.setLocalDescription(await viewer.createOffer())
        sdp = viewer.localDescription.sdp
        offer = WhepOffer(session_id=new_id(), camera="check", mode="live", sdp=sdp, grant="")
        tap = LiveTap()
        tap.stream(stream.info)
        peer = await Peer.answer(offer, sdp, ClipTrack(tap.follow(asyncio.get_running_loop())))
        await viewer.setRemoteDescription(RTCSessionDescription(peer.sdp, "answer"))
        feeding = asyncio.create_task(_feed(tap, stream))
        await (await arrived).recv()
        return time.monotonic() - began
    finally:
        if feeding is not None:
            feeding.cancel()
        if peer is not None:
            await peer.close()
        await viewer.close()


async def _feed(tap: LiveTap, stream: Sampler) -> None:
    for packet in stream.packets:
        tap.packet(packet)
        await asyncio.sleep(0.1)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))
