"""Hours of four cameras with viewers, cuts and restarts: does anything grow?

The demo with four cameras. In every round viewers come and go; then the cameras, or the broker, are
cut off and come back. The agent's memory, files, threads and queues are noted all along.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psutil

from polewatch.bench.clips import BITRATE, draw
from polewatch.bench.counting import CountingViewer
from polewatch.bench.crowd import (
    CLIP_S,
    CrowdDemo,
    CrowdError,
    camera_names,
    health_of,
    open_viewer,
    sign_in,
    smaller,
)
from polewatch.demo.clip import HEADERS
from polewatch.performance.result import Figure, Result, result

EVERY_S: Final = 5.0
ROUND_S: Final = 60.0
WATCHED_S: Final = 20.0
CUT_S: Final = 5.0
WARM_SHARE: Final = 0.3
"""Of the time, at the beginning, in which caches fill and nothing is judged."""

STEADY: Final = 0.05
FEW: Final = 3
"""Files and threads that may come and go between two looks: viewers, reconnections."""

ROUNDS: Final = ("camera", "nothing", "broker", "nothing")


@dataclass(frozen=True, slots=True)
class Sample:
    """The agent at one time."""

    at_s: float
    rss_mb: float
    files: int
    threads: int
    waiting: int
    """Messages in the outbox."""


@dataclass(frozen=True, slots=True)
class Soak:
    """Figures of one run."""

    hours: float
    rounds: int
    viewers: int
    cuts: int
    restarts_of_agent: int
    """Of its process, by itself: none is expected."""
    samples: tuple[Sample, ...]
    blind: int = 0
    """Rounds in which no viewer got a picture."""

    def growth(self, of: Callable[[Sample], float]) -> tuple[float, float]:
        """The median of a figure in the first and in the last third after the warm-up."""
        late = self.samples[round(WARM_SHARE * len(self.samples)) :]
        third = max(1, len(late) // 3)
        first, last = late[:third], late[-third:]
        return statistics.median(map(of, first)), statistics.median(map(of, last))


def measure(folder: Path, hours: float, say: Callable[[str], None]) -> Soak:
    """Run it; raises CrowdError, ProcessError or OSError."""
    clip, sub = folder / "main.mp4", folder / "sub.mp4"
    say("drawing the cameras' clips")
    draw(clip, BITRATE, CLIP_S)
    smaller(clip, sub)
    demo = CrowdDemo(folder / "demo", clip_file=clip)
    demo.sub_file = sub
    with demo:
        return asyncio.run(_soak(demo, hours, say))


async def _soak(demo: CrowdDemo, hours: float, say: Callable[[str], None]) -> Soak:
    await health_of(demo, after_s=EVERY_S)
    agent = psutil.Process(demo.family.children["agent"].pid)
    began_s = time.monotonic()
    samples: list[Sample] = []
    ended = asyncio.Event()
    noting = asyncio.create_task(_note(demo, agent, began_s, samples, ended))
    rounds = viewers = cuts = blind = 0
    try:
        while time.monotonic() - began_s < hours * 3600:
            kind = ROUNDS[rounds % len(ROUNDS)]
            round_s = time.monotonic()
            try:
                viewers += await _view(demo)
            except (CrowdError, httpx.HTTPError) as error:
                blind += 1
                say(f"round {rounds + 1}: no viewer got a picture: {error!r}")
            if kind != "nothing":
                await asyncio.to_thread(_cut, demo, kind)
                cuts += 1
            rounds += 1
            newest = samples[-1] if samples else None
            say(f"round {rounds}, cut {kind}: {newest}")
            await asyncio.sleep(max(0.0, ROUND_S - (time.monotonic() - round_s)))
    finally:
        ended.set()
        await noting
    return Soak(hours, rounds, viewers, cuts, int(not agent.is_running()), tuple(samples), blind)


async def _note(
    demo: CrowdDemo,
    agent: psutil.Process,
    began_s: float,
    samples: list[Sample],
    ended: asyncio.Event,
) -> None:
    while not ended.is_set():
        health = demo.books.health()
        if health is not None:
            samples.append(
                Sample(
                    round(time.monotonic() - began_s, 1),
                    round(agent.memory_info().rss / 1e6, 1),
                    agent.num_fds(),
                    agent.num_threads(),
                    health.outbox.depth,
                )
            )
        try:
            await asyncio.wait_for(ended.wait(), EVERY_S)
        except TimeoutError:
            continue


async def _view(demo: CrowdDemo) -> int:
    """One viewer of each camera for a while; how many got pictures."""
    async with httpx.AsyncClient(base_url=demo.console, timeout=20, headers=HEADERS) as client:
        await sign_in(demo, client)
        viewers: list[CountingViewer] = []
        try:
            for name in camera_names():
                viewers.append(await open_viewer(demo, client, name))
            await asyncio.sleep(WATCHED_S)
        finally:
            for viewer in viewers:
                await viewer.close()
    served = sum(viewer.counted.pictures > 0 for viewer in viewers)
    if not served:
        raise CrowdError("no viewer got a picture; see the agent's log")
    return served


def _cut(demo: CrowdDemo, part: str) -> None:
    demo.family.children.pop(part).stop()
    time.sleep(CUT_S)
    demo.start(part)


def as_result(found: Soak) -> Result:
    """The figures as the performance page has them."""
    return result(
        "soak",
        "pole",
        f"Four cameras for {found.hours:g} h with viewers, cuts and restarts",
        command=f"make soak HOURS={found.hours:g}",
        condition=(
            f"{found.rounds} rounds of a minute: {found.viewers} viewers, {found.cuts} cuts of the "
            "cameras and of the broker in turn; medians of the last third of the time beside those "
            f"of the first, both after a warm-up of {WARM_SHARE:.0%}"
        ),
        figures=tuple(_figures(found)),
    )


def _figures(found: Soak) -> Iterator[Figure]:
    first, last = found.growth(lambda one: one.rss_mb)
    yield Figure(
        label="memory, change",
        value=round(abs(last - first) / first, 4),
        goal=STEADY,
        basis=f"{first:.0f} to {last:.0f} MB",
    )
    for label, of in (
        ("open files, more", lambda one: one.files),
        ("threads, more", lambda one: one.threads),
        ("messages waiting, more", lambda one: one.waiting),
    ):
        first, last = found.growth(of)
        yield Figure(label=label, value=last - first, goal=FEW, basis=f"{first:.0f} to {last:.0f}")
    yield Figure(label="rounds without a picture", value=found.blind, goal=0)
    yield Figure(label="agent ended by itself", value=found.restarts_of_agent, goal=0)


def broken(figures: Sequence[Figure]) -> list[str]:
    """The labels of what did not stay as it should."""
    return [figure.label for figure in figures if figure.met is False]
