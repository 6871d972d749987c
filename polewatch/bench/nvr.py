"""A recorder's worth of cameras in one process: does it keep up, and what does it take?

Sixteen 1080p streams, two of which show people: read over RTSP, recorded, gated and analysed by one
process, with as many threads for analysis as there are cores. The cameras are processes beside it
on the same cores.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from polewatch.bench.gate_clips import write_clips
from polewatch.bench.live import Answering, cpu_s, served
from polewatch.bench.pole import Plan, plan_file
from polewatch.performance.result import Figure, Result, result

WARM_UP_S: Final = 30.0
LEARNED_S: Final = 150.0
"""Gates learn in turns; by then the last of sixteen has, on two cores."""
ANALYSED: Final = 4.5
"""Pictures a second of a busy camera: nine in ten of those that are asked for."""

MB_BASE: Final = 250
MB_CAMERA: Final = 60
FIRST_S: Final = 3.0
PASSED: Final = 6
"""Stages that a picture passes in its analysis; a packet passes one."""

PROFILER: Final = 0.01


@dataclass(frozen=True, slots=True)
class Nvr:
    """Figures of one run."""

    cameras: int
    busy: int
    workers: int
    seconds: float
    cpu_s_per_s: float
    rss_mb: float
    threads: int
    first_analysis_s: float | None
    """From the process's own start to the last camera's first picture analysed."""
    busy_fps: float
    """Pictures analysed a second by the busy camera that got the fewest."""
    idle_gates: int
    """Idle cameras whose gate was shut at the end."""
    unrecorded: int
    """Packets that the rings lost, all cameras."""
    undecoded: int
    """Packets that the analysis lost because decoding fell behind."""
    overtaken: int
    """Pictures that a newer one overtook."""
    recorded_share: float
    """Of the packets read, those in the rings."""

    stages: tuple[tuple[str, float], ...]
    """CPU seconds a second of each."""
    profiler_share: float
    """Of the CPU, what counting the stages takes."""
    servers_cpu_s_per_s: float
    """What the cameras' own servers take of the same cores."""

    @property
    def keeps_up(self) -> bool:
        """No packet lost, and the busy cameras analysed as often as asked."""
        return self.unrecorded + self.undecoded == 0 and self.busy_fps >= ANALYSED


def measure(
    folder: Path, cameras: int, busy: int, seconds: float, say: Callable[[str], None]
) -> Nvr:
    """Run it; raises OSError when a camera or the process does not start."""
    say("encoding the cameras' clips")
    idle_clip, busy_clip, _ = write_clips(folder)
    workers = len(os.sched_getaffinity(0))
    with ExitStack() as stack:
        quiet = stack.enter_context(served(idle_clip))
        people = stack.enter_context(served(busy_clip))
        streams = tuple(((people if n < busy else quiet).url, None) for n in range(cameras))
        plan = Plan(str(folder / "nvr"), streams, gate=True, workers=workers)
        pole = Answering("polewatch.bench.pole", [str(plan_file(plan))])
        stack.callback(pole.end)
        say("warming up")
        _warm_up(pole, busy)
        servers = (quiet.pid, people.pid)
        before, used_s, served_s = pole.ask(), cpu_s(pole.pid), sum(map(cpu_s, servers))
        say("measuring")
        time.sleep(seconds)
        after, spent_s = pole.ask(), cpu_s(pole.pid) - used_s
        served_s = sum(map(cpu_s, servers)) - served_s
    return figures_of(before, after, spent_s, served_s, busy, workers)


def _warm_up(pole: Answering, busy: int) -> None:
    """Until the gates of all idle cameras have learned, within bounds."""
    began_s = time.monotonic()
    time.sleep(WARM_UP_S)
    while time.monotonic() - began_s < LEARNED_S:
        if all(one["gate"] != "starting" for one in pole.ask()["cameras"][busy:]):
            return
        time.sleep(1.0)


def figures_of(
    before: dict[str, Any],
    after: dict[str, Any],
    spent_s: float,
    served_s: float,
    busy: int,
    workers: int,
) -> Nvr:
    """What the process told before and after, and the CPU seconds that it spent between.

    `served_s` are those of the cameras' servers.
    """
    took_s = after["seconds"] - before["seconds"]
    pairs = list(zip(before["cameras"], after["cameras"], strict=True))

    def grown(key: str) -> list[int]:
        return [two[key] - one[key] for one, two in pairs]

    stages = {
        name: (after["stages"][name] - before["stages"].get(name, 0.0)) / took_s
        for name in after["stages"]
    }
    passed = sum(grown("packets")) + PASSED * sum(grown("analysed"))
    return Nvr(
        cameras=len(pairs),
        busy=busy,
        workers=workers,
        seconds=took_s,
        cpu_s_per_s=spent_s / took_s,
        rss_mb=after["rss_mb"],
        threads=after["threads"],
        first_analysis_s=after["first_s"] if after["cameras_seen"] == len(pairs) else None,
        busy_fps=min(grown("analysed")[:busy], default=0) / took_s,
        idle_gates=sum(one["gate"] == "idle" for one in after["cameras"][busy:]),
        unrecorded=sum(grown("unrecorded")),
        undecoded=sum(grown("undecoded")),
        overtaken=sum(grown("replaced")),
        recorded_share=sum(grown("written")) / max(1, sum(grown("packets"))),
        stages=tuple(sorted(stages.items(), key=lambda item: -item[1])),
        profiler_share=passed * after["stage_us"] / 1e6 / spent_s,
        servers_cpu_s_per_s=served_s / took_s,
    )


def as_result(found: Nvr) -> Result:
    """The figures as the performance page has them."""
    allowed = MB_BASE + MB_CAMERA * found.cameras
    return result(
        "nvr",
        "pole",
        f"A recorder: {found.cameras} cameras of 1080p in one process",
        command="polewatch bench nvr --keep",
        condition=(
            f"{found.busy} of them show people all the time, the others nobody; all recorded; "
            f"{found.workers} threads analyse; the cameras' own servers share the cores"
        ),
        figures=(
            Figure(
                label="pictures analysed of the slowest busy camera",
                value=round(found.busy_fps, 2),
                unit="/s",
                goal=ANALYSED,
                at_least=True,
                basis="5 a second are asked for",
            ),
            Figure(
                label="packets lost to the recording",
                value=found.unrecorded,
                goal=0,
                basis=f"in {found.seconds:.0f} s; {found.recorded_share:.3f} of all are written",
            ),
            Figure(
                label="packets lost to the analysis",
                value=found.undecoded,
                goal=0,
                basis=f"decoding fell behind; {found.overtaken} pictures were overtaken",
            ),
            Figure(label="CPU", value=round(found.cpu_s_per_s, 3), unit="CPU s/s"),
            Figure(
                label="CPU of the cameras' own servers",
                value=round(found.servers_cpu_s_per_s, 3),
                unit="CPU s/s",
                basis=f"on the same {found.workers} cores; a real camera brings its own",
            ),
            Figure(label="memory", value=round(found.rss_mb), unit="MB", goal=allowed),
            Figure(
                label="start to first analysis of every camera",
                value=None if found.first_analysis_s is None else round(found.first_analysis_s, 1),
                unit="s",
                goal=FIRST_S,
                basis=(
                    "these cameras begin with a keyframe: one that does not takes up to its "
                    "keyframe interval longer; the interpreter's own start is not counted"
                ),
            ),
            Figure(
                label="idle cameras whose gate is shut",
                value=found.idle_gates,
                basis=f"of {found.cameras - found.busy}",
            ),
            Figure(label="threads", value=found.threads),
            Figure(
                label="counting what stages cost, of the CPU",
                value=round(found.profiler_share, 4),
                goal=PROFILER,
                basis="entering and leaving a stage, times how often that is done",
            ),
            *(
                Figure(label=f"stage {name}", value=round(1000 * cost, 1), unit="CPU ms/s")
                for name, cost in found.stages
            ),
        ),
    )
