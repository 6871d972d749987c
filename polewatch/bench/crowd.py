"""Many viewers of one box: does each get its pictures, and does the analysis notice?

A whole demo with four cameras: main streams of 1080p25 for ring and viewers, substreams for the
analysis. The agent is kept on one core; broker, cameras, collector and the viewers, who count and
do not decode, share the others. The analysis is measured before they come and while they watch.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import httpx
import psutil
import yaml

from polewatch.bench.clips import BITRATE, FPS, GOP, draw
from polewatch.bench.counting import CountingViewer
from polewatch.demo.clip import HEADERS
from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA, PERSON
from wire.health import Health

CAMERAS = 4
CLIP_S = 12
SUB = (640, 360)
FIRST = -15
SETTLE_S = 6.0
"""After the last viewer came: the GOP that each began with is over."""


class CrowdError(Exception):
    """The measurement could not be made; holds what was answered."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Figures of one run."""

    viewers: int
    cameras: int
    seconds: float
    slowest_fps: float
    """Pictures a second of the viewer who got the fewest."""
    median_fps: float
    lost: int
    """Packets that no viewer got."""
    mbit_per_s: float
    """To all viewers together."""
    analysed_before: float
    """Pictures a second, all cameras, with nobody watching."""
    analysed_during: float
    agent_cpu_before: float
    """Share of the agent's core."""
    agent_cpu_during: float

    @property
    def analysis_drop(self) -> float:
        """Share of the analysis that the viewers cost; negative when it was faster."""
        return 1 - self.analysed_during / self.analysed_before


class CrowdDemo(Demo):
    """Four cameras with substreams; the agent on a core of its own."""

    sub_file: Path
    sub_url = ""
    core = 0

    def _start(self) -> None:
        self.family.start(
            "sub", [*self._elsewhere(), "-m", "polewatch.rtsp", "--file", str(self.sub_file)]
        )
        self.sub_url = self.family.children["sub"].wait_for(
            lambda line: line.startswith("rtsp://"), 30, "ready"
        )
        super()._start()

    def _elsewhere(self) -> list[str]:
        others = sorted(os.sched_getaffinity(0) - {self.core}) or [self.core]
        return ["taskset", "-c", ",".join(map(str, others)), sys.executable]

    def _argv(self, part: str) -> list[str]:
        argv = super()._argv(part)
        if part == "agent":
            return ["taskset", "-c", str(self.core), sys.executable, *argv]
        return [*self._elsewhere(), *argv] if argv[0] == "-m" else argv

    def _ready(self, part: str) -> None:
        super()._ready(part)
        if part == "camera":
            self._more_cameras()

    def _more_cameras(self) -> None:
        config = self.site.agent_config
        settings = yaml.safe_load(config.read_text())
        (first,) = settings["cameras"]
        settings["cameras"] = [
            {**first, "id": name, "sub_url": self.sub_url} for name in camera_names()
        ]
        settings["clips"] = {"max_sessions": 64}
        config.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))


def camera_names() -> list[str]:
    return [CAMERA, *(f"{CAMERA}-{number}" for number in range(2, CAMERAS + 1))]


def measure(folder: Path, viewers: int, seconds: float, bitrate: int = BITRATE) -> Crowd:
    """Run it; raises CrowdError, ProcessError or OSError."""
    clip, sub = folder / "main.mp4", folder / "sub.mp4"
    draw(clip, bitrate, CLIP_S)
    smaller(clip, sub)
    demo = CrowdDemo(folder / "demo", clip_file=clip)
    demo.sub_file = sub
    allowed = os.sched_getaffinity(0)
    demo.core = max(allowed)
    with demo:
        os.sched_setaffinity(0, allowed - {demo.core} or allowed)
        pids = [os.getpid(), *(child.pid for child in demo.family.children.values())]
        try:
            _put_first(pids, FIRST)
            return asyncio.run(_watch(demo, viewers, seconds))
        finally:
            _put_first([os.getpid()], 0)
            os.sched_setaffinity(0, allowed)


def _put_first(pids: list[int], nice: int) -> None:
    """Before what else runs on this machine, where Linux groups by session and we may."""
    for pid in pids:
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(nice))


def smaller(clip: Path, out: Path) -> None:
    """The same street as its substream."""
    with av.open(str(clip)) as source, av.open(str(out), "w") as made:
        stream = made.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *SUB, "yuv420p"
        keys = f"scenecut=0:keyint={GOP}:min-keyint={GOP}:bframes=0"
        stream.options = {"preset": "ultrafast", "crf": "28", "x264-params": keys}
        for number, frame in enumerate(source.decode(video=0)):
            small = frame.reformat(*SUB, "yuv420p")
            small.pts, small.time_base = number, Fraction(1, FPS)
            made.mux(stream.encode(small))
        made.mux(stream.encode(None))


async def _watch(demo: CrowdDemo, count: int, seconds: float) -> Crowd:
    agent = psutil.Process(demo.family.children["agent"].pid)
    await health_of(demo, after_s=SETTLE_S)
    analysed_before, cpu_before = await _analysis(demo, agent, seconds)
    viewers: list[CountingViewer] = []
    async with httpx.AsyncClient(base_url=demo.console, timeout=20, headers=HEADERS) as client:
        await sign_in(demo, client)
        try:
            for number in range(count):
                viewers.append(await open_viewer(demo, client, camera_names()[number % CAMERAS]))
            await asyncio.sleep(SETTLE_S)
            before = [viewer.counted.pictures for viewer in viewers]
            bytes_before = sum(viewer.counted.bytes for viewer in viewers)
            lost_before = sum(viewer.counted.lost for viewer in viewers)
            began = time.monotonic()
            analysed, cpu = await _analysis(demo, agent, seconds)
            passed = time.monotonic() - began
            got = sorted(
                (viewer.counted.pictures - start) / passed
                for viewer, start in zip(viewers, before, strict=True)
            )
            sent = sum(viewer.counted.bytes for viewer in viewers) - bytes_before
            lost = sum(viewer.counted.lost for viewer in viewers) - lost_before
        finally:
            for viewer in viewers:
                await viewer.close()
    return Crowd(
        viewers=count,
        cameras=CAMERAS,
        seconds=passed,
        slowest_fps=got[0],
        median_fps=got[len(got) // 2],
        lost=lost,
        mbit_per_s=sent * 8 / passed / 1e6,
        analysed_before=analysed_before,
        analysed_during=analysed,
        agent_cpu_before=cpu_before,
        agent_cpu_during=cpu,
    )


async def sign_in(demo: CrowdDemo, client: httpx.AsyncClient) -> None:
    """Raises CrowdError with what was answered."""
    signed = await client.post("/api/sign-in", json={"name": PERSON, "password": demo.secret})
    _check("sign-in", signed)


async def open_viewer(demo: CrowdDemo, client: httpx.AsyncClient, camera: str) -> CountingViewer:
    """A viewer of a camera's live video; raises CrowdError when it is refused."""
    viewer = CountingViewer()
    wanted = {
        "device": demo.site.device,
        "camera": camera,
        "rights": ["live"],
        "case": "BENCH",
        "basis": "PIPA 18(2)3",
        "purpose": "measuring",
        "fingerprint": viewer.fingerprint,
    }
    granted = await client.post("/api/grants", json=wanted)
    _check("grant", granted)
    headers = {
        "Content-Type": "application/sdp",
        "Authorization": f"Bearer {granted.json()['grant']}",
    }

    async def exchange(offer: str) -> str:
        path = f"/whep/{demo.site.device}/{camera}"
        answer = await client.post(path, content=offer, headers=headers)
        _check("offer", answer)
        return answer.text

    await viewer.open(exchange)
    return viewer


async def _analysis(demo: CrowdDemo, agent: psutil.Process, seconds: float) -> tuple[float, float]:
    """Pictures analysed a second, all cameras, and the agent's share of its core."""
    times = agent.cpu_times()
    began = time.monotonic()
    rates: list[float] = []
    seen = ""
    while time.monotonic() - began < seconds:
        await asyncio.sleep(0.25)
        health = demo.books.health()
        if health is not None and str(health.at) != seen:
            seen = str(health.at)
            rates.append(sum(camera.analysed_fps for camera in health.cameras))
    after = agent.cpu_times()
    cpu = (after.user + after.system - times.user - times.system) / (time.monotonic() - began)
    if not rates:
        raise CrowdError("the agent wrote no figures in that time")
    return sum(rates) / len(rates), cpu


async def health_of(demo: CrowdDemo, after_s: float) -> Health:
    """The agent's figures, once all cameras are up and that much time has passed."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        health = demo.books.health()
        if (
            health is not None
            and len(health.cameras) == CAMERAS
            and all(camera.state == "up" for camera in health.cameras)
        ):
            await asyncio.sleep(after_s)
            return health
        await asyncio.sleep(0.25)
    raise CrowdError("not all cameras came up within a minute; see the agent's log")


def _check(what: str, answer: httpx.Response) -> None:
    if answer.is_error:
        raise CrowdError(f"{what}: {answer.status_code} {answer.text[:300]}")
