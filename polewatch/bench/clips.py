"""Viewing without transcoding: what a viewer costs, how soon the first picture comes, what is lost.

Beside the same camera decoded and encoded anew, and beside GStreamer's webrtcbin, in one run. The
camera is the demo's clip, drawn larger: 1080p, 25 pictures and 4 Mbit a second, a keyframe every
two seconds.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import psutil
from joserfc.jwk import OKPKey

from polewatch.bench.clips_pole import CAMERA, DEVICE, BenchPole, PoleError
from polewatch.bench.environment import PeerError
from polewatch.demo_data import STREET
from polewatch.viewer import ClipReport, Exchange, Viewer
from wire.clock import SystemClock
from wire.envelope import sign_bytes
from wire.grant import Grant
from wire.names import new_id
from wire.whep import WhepOffer

WIDTH, HEIGHT, FPS, BITRATE, GOP = 1920, 1080, 25, 4_000_000, 50
SOURCE_S = 10
"""Length of the clip that the camera repeats."""
FIRST_PICTURES: Final = 5
"""Enough for the first to have come out of the viewer's jitter buffer."""
NEAR = 2 * GOP
"""So many pictures may be missing at once, or come again."""
WEBRTCBIN = Path(__file__).parent / "peers" / "run_webrtcbin.py"
SYSTEM_PYTHON = "/usr/bin/python3"


class ClipsBenchError(Exception):
    """The bench cannot be run here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Milliseconds from asking to the first whole picture."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class PeerFigures:
    """The same viewer on another software, or on this project's other way."""

    name: str
    cpu_s_per_s: float
    first_frame_ms: Percentiles


@dataclass(frozen=True, slots=True)
class ClipsFigures:
    """One run. CPU seconds are the pole's, for each second of one viewer's video."""

    passthrough_cpu_s_per_s: float
    reencode_cpu_s_per_s: float
    first_frame_ms: Percentiles
    first_frame_clip_ms: Percentiles
    frames_lost: int
    frames_seen: int
    fps: float
    idle_cpu_s_per_s: float
    """Reading and recording, with nobody watching."""
    tries: int
    peer: PeerFigures


def measure(folder: Path, tries: int, seconds: float) -> ClipsFigures:
    """Run it all in `folder`; raises ClipsBenchError, PeerError."""
    file = folder / "camera.mp4"
    draw(file)
    signer = OKPKey.generate_key("Ed25519")
    try:
        with camera(file) as url, BenchPole(url, folder, signer) as pole:
            pole.wait_recorded(seconds + 4)
            own = asyncio.run(_own(pole, signer, tries, seconds))
            reencode = asyncio.run(_reencode(pole, own["idle"], seconds))
            peer = asyncio.run(_webrtcbin(url, max(5, tries // 3), seconds))
    except PoleError as error:
        raise ClipsBenchError(f"the pole: {error}") from error
    return ClipsFigures(
        passthrough_cpu_s_per_s=own["cpu"],
        reencode_cpu_s_per_s=reencode,
        first_frame_ms=own["live"],
        first_frame_clip_ms=own["clip"],
        frames_lost=own["lost"],
        frames_seen=own["seen"],
        fps=own["fps"],
        idle_cpu_s_per_s=own["idle"],
        tries=tries,
        peer=peer,
    )


def draw(file: Path, bitrate: int = BITRATE, seconds: float = SOURCE_S) -> None:
    """The camera's clip: the demo's street at 1080p, without B-frames."""
    with av.open(str(STREET)) as source, av.open(str(file), "w") as made:
        stream = made.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = bitrate
        stream.codec_context.gop_size = GOP
        stream.codec_context.max_b_frames = 0
        stream.options = {
            "preset": "ultrafast",
            "x264-params": f"scenecut=0:keyint={GOP}:min-keyint={GOP}"
            f":vbv-maxrate={bitrate // 1000}:vbv-bufsize={bitrate // 1000}",
        }
        for number, frame in enumerate(_frames(source)):
            if number == seconds * FPS:
                break
            large = frame.reformat(WIDTH, HEIGHT, "yuv420p")
            large.pts, large.time_base = number, Fraction(1, FPS)
            made.mux(stream.encode(large))
        made.mux(stream.encode(None))


def _frames(source: Any) -> Iterator[av.VideoFrame]:
    """The clip's pictures over and over."""
    while True:
        yield from source.decode(video=0)
        source.seek(0)


@contextmanager
def camera(file: Path) -> Iterator[str]:
    """An RTSP camera that plays `file`; its URL."""
    command = [sys.executable, "-m", "polewatch.rtsp", "--file", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if not url:
                raise ClipsBenchError("the RTSP camera did not start")
            yield url
        finally:
            process.terminate()


async def _own(pole: BenchPole, signer: OKPKey, tries: int, seconds: float) -> dict[str, Any]:
    idle = await _cpu_of(pole, seconds)
    first: dict[str, list[float]] = {"live": [], "recorded": []}
    for mode, found in first.items():
        for _ in range(tries):
            async with Viewer() as viewer:
                exchange = exchange_with(pole, signer, viewer, mode)
                report = await viewer.watch(exchange, 10, frames=FIRST_PICTURES)
            if report.first_frame_ms is None:
                raise ClipsBenchError(
                    f"no picture came in 10 s ({mode}); WebRTC needs a network address "
                    "other than 127.0.0.1"
                )
            found.append(report.first_frame_ms)
            await _empty(pole)
    before = pole.ask("span")
    spent, began = pole.ask("cpu_s"), time.monotonic()
    reports = await _watch_each(pole, signer, seconds)
    cpu_s, took_s = pole.ask("cpu_s") - spent, time.monotonic() - began
    watched_s = sum(report.frames for report in reports) / FPS
    recorded = pole.ask("identities", (before[0], pole.ask("span")[1]), 30)
    return {
        "idle": idle,
        "cpu": (cpu_s - idle * took_s) / watched_s,
        "live": percentiles(first["live"]),
        "clip": percentiles(first["recorded"]),
        "lost": sum(lost(list(report.access_unit_hashes), recorded) for report in reports),
        "seen": sum(report.frames for report in reports),
        "fps": min((report.frames - 1) / report.seconds for report in reports),
    }


async def _cpu_of(pole: BenchPole, seconds: float) -> float:
    spent, began = pole.ask("cpu_s"), time.monotonic()
    await asyncio.sleep(seconds)
    return float((pole.ask("cpu_s") - spent) / (time.monotonic() - began))


async def _watch_each(pole: BenchPole, signer: OKPKey, seconds: float) -> list[ClipReport]:
    """What is live, then the recording: the viewer itself is Python, and two would want a core."""

    async def one(mode: str) -> ClipReport:
        async with Viewer() as viewer:
            exchange = exchange_with(pole, signer, viewer, mode, seconds)
            return await viewer.watch(exchange, seconds + 5, frames=int(seconds * FPS))

    reports = []
    for mode in ("live", "recorded"):
        reports.append(await one(mode))
        await _empty(pole)
    return reports


async def _empty(pole: BenchPole) -> None:
    """Wait for the sessions to end: their number is bounded."""
    deadline = time.monotonic() + 20
    while pole.ask("sessions"):
        if time.monotonic() > deadline:
            raise ClipsBenchError("the pole's sessions do not end")
        await asyncio.sleep(0.02)


def exchange_with(
    pole: BenchPole, signer: OKPKey, viewer: Viewer, mode: str, seconds: float = 4
) -> Exchange:
    """Carries an offer for what is live, or for the newest `seconds` recorded, under a grant."""

    async def exchange(sdp: str) -> str:
        start, end = pole.ask("span")
        start = max(start, end - timedelta(seconds=seconds + 3))
        return str(pole.ask("answer", _offer(signer, viewer, sdp, mode, start, end)))

    return exchange


def _offer(
    signer: OKPKey, viewer: Viewer, sdp: str, mode: str, start: datetime, end: datetime
) -> str:
    now = SystemClock().now()
    grant = Grant(
        grant_id=new_id(),
        device=DEVICE,
        camera=CAMERA,
        rights=("live", "recorded"),
        start_at=start,
        end_at=end,
        case="bench",
        agency="bench",
        person="bench",
        basis="bench",
        purpose="bench",
        fingerprint=viewer.fingerprint,
        issued_at=now,
        expires_at=now + timedelta(minutes=10),
    )
    span = {"start_at": start, "end_at": end} if mode == "recorded" else {}
    offer = WhepOffer(
        session_id=new_id(),
        camera=CAMERA,
        mode="recorded" if mode == "recorded" else "live",
        sdp=sdp,
        grant=sign_bytes(grant.model_dump_json().encode(), "signer", signer).decode(),
        **span,
    )
    return offer.model_dump_json()


async def _reencode(pole: BenchPole, idle: float, seconds: float) -> float:
    """CPU seconds for each second of video; a busy machine makes fewer pictures of it."""

    async def exchange(sdp: str) -> str:
        return str(pole.ask("reencode", sdp))

    async with Viewer() as viewer:
        spent, began = pole.ask("cpu_s"), time.monotonic()
        await viewer.watch(exchange, seconds, frames=int(seconds * FPS))
        cpu_s, took_s = pole.ask("cpu_s") - spent, time.monotonic() - began
        pictures = int(pole.ask("reencode", None))
    if not pictures:
        raise ClipsBenchError("nothing was encoded anew")
    return float((cpu_s - idle * took_s) / (pictures / FPS))


async def _webrtcbin(url: str, tries: int, seconds: float) -> PeerFigures:
    """Its own reading of the camera is in its figure: it is one with passing on."""
    async with _peer(url) as (ask, process):

        async def exchange(sdp: str) -> str:
            return str((await ask({"offer": sdp}))["answer"])

        first = []
        for _ in range(tries):
            async with Viewer() as viewer:
                report = await viewer.watch(exchange, 15, frames=FIRST_PICTURES)
                await ask({"end": True})
            if report.first_frame_ms is None:
                raise PeerError("webrtcbin sent no picture in 15 s")
            first.append(report.first_frame_ms)
        async with Viewer() as viewer:
            spent = _cpu_s(process)
            report = await viewer.watch(exchange, seconds + 5, frames=int(seconds * FPS))
            cpu_s = _cpu_s(process) - spent
        return PeerFigures("GStreamer webrtcbin", cpu_s / (report.frames / FPS), percentiles(first))


Ask = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


@asynccontextmanager
async def _peer(url: str) -> AsyncIterator[tuple[Ask, psutil.Process]]:
    command = [SYSTEM_PYTHON, str(WEBRTCBIN), url]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    writer, reader = process.stdin, process.stdout

    async def line() -> dict[str, Any]:
        try:
            async with asyncio.timeout(20):
                text = await reader.readline()
        except TimeoutError:
            raise PeerError("GStreamer's webrtcbin does not answer") from None
        if not text:
            raise PeerError(
                "GStreamer's webrtcbin cannot be run; install it: apt install python3-gi "
                "gir1.2-gst-plugins-bad-1.0 gstreamer1.0-nice gstreamer1.0-plugins-good "
                "gstreamer1.0-plugins-bad"
            )
        found: dict[str, Any] = json.loads(text)
        return found

    async def ask(what: dict[str, Any]) -> dict[str, Any]:
        writer.write(json.dumps(what).encode() + b"\n")
        await writer.drain()
        return await line()

    try:
        await line()
        yield ask, psutil.Process(process.pid)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def lost(seen: list[str], recorded: list[str]) -> int:
    """Pictures of the recording between the first and the last that was seen, that were not.

    Both in the order of sending. The camera's clip repeats, and so may a keyframe that was asked
    for again: each picture is taken for its like that is nearest to where we are, and what is not
    near, such as one that is not on the disk yet, is left out.
    """
    places: dict[str, list[int]] = {}
    for place, one in enumerate(recorded):
        places.setdefault(one, []).append(place)
    visited: set[int] = set()
    expected = 0
    for one in seen:
        near = [
            place for place in places.get(one, []) if not visited or abs(place - expected) <= NEAR
        ]
        if near:
            found = min(near, key=lambda place: abs(place - expected) if visited else 0)
            visited.add(found)
            expected = found + 1
    return max(visited) - min(visited) + 1 - len(visited) if visited else 0


def percentiles(values: list[float]) -> Percentiles:
    """Median, and what nineteen of twenty stay under."""
    ordered = sorted(values)
    return Percentiles(
        round(statistics.median(ordered), 1),
        round(ordered[max(0, -(-len(ordered) * 95 // 100) - 1)], 1),
    )
