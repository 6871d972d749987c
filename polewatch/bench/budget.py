"""How what a box takes grows with its cameras, with the people in them and with their size.

Rows differ from the first in one thing each, so that they can be read as one table.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edge_agent.box_profiles import PROFILES
from edge_agent.sight.camera_sight import shipped_detector
from models.registry import Registry
from polewatch.bench.budget_clips import Stage
from polewatch.bench.live import Answering, camera, cpu_s
from polewatch.bench.pole import Plan, plan_file
from polewatch.performance.result import Figure, Result, result

WARM_UP_S: Final = 5.0
"""All cameras have started, and everything is decoded."""

SIZES: Final = {"720p": (1280, 720), "1080p": (1920, 1080), "4K": (3840, 2160)}
SUB_SIZE: Final = (640, 360)
SHOWN: Final = ("decode", "detect", "motion", "source", "ring")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to measure."""

    cameras: int = 1
    people: int = 1
    size: str = "1080p"
    sub: bool = False
    """Analysed in a substream of 640x360."""
    profile: str | None = None

    @property
    def label(self) -> str:
        many = f"{self.cameras} cameras" if self.cameras > 1 else "1 camera"
        who = {0: "nobody", 1: "1 person"}.get(self.people, f"{self.people} people")
        sub = " with a 360p substream" if self.sub else ""
        kind = "" if self.profile is None else f", profile: {self.profile}"
        return f"{many}, {self.size}{sub}, {who}{kind}"


ROWS: Final = (
    Row(),
    Row(cameras=2),
    Row(cameras=4),
    Row(cameras=4, profile="pi"),
    Row(people=0),
    Row(people=4),
    Row(people=8),
    Row(size="720p"),
    Row(size="4K"),
    Row(size="4K", sub=True),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one row takes."""

    row: Row
    cpu_s_per_s: float
    rss_mb: float
    analysed_fps: float
    """Of the camera that got the fewest."""
    people_seen: float
    """Followed at the end, a camera."""
    undecoded: int
    """Packets that decoding lost because it fell behind."""
    stages: tuple[tuple[str, float], ...]
    """CPU seconds a second."""


def measure(
    folder: Path, seconds: float, say: Callable[[str], None], rows: tuple[Row, ...] = ROWS
) -> list[Cost]:
    """Every row for `seconds`; raises OSError when a camera or the process does not start."""
    say("encoding the cameras' clips")
    stage = Stage(shipped_detector(Registry.default()))
    clips: dict[tuple[int, tuple[int, int]], Path] = {}
    found = []
    for number, row in enumerate(rows):
        for size in (SIZES[row.size], *([SUB_SIZE] if row.sub else [])):
            if (row.people, size) not in clips:
                into = folder / f"{row.people}-{size[0]}.mp4"
                clips[row.people, size] = stage.write(row.people, size, into)
        main = clips[row.people, SIZES[row.size]]
        sub = clips[row.people, SUB_SIZE] if row.sub else None
        say(row.label)
        found.append(_measured(folder / str(number), row, main, sub, seconds))
    return found


def _measured(folder: Path, row: Row, main: Path, sub: Path | None, seconds: float) -> Cost:
    with ExitStack() as stack:
        url = stack.enter_context(camera(main))
        beside = None if sub is None else stack.enter_context(camera(sub))
        plan = _plan(folder, row, ((url, beside),) * row.cameras)
        pole = Answering("polewatch.bench.pole", [str(plan_file(plan))])
        stack.callback(pole.end)
        time.sleep(WARM_UP_S)
        before, used_s = pole.ask(), cpu_s(pole.pid)
        time.sleep(seconds)
        after, spent_s = pole.ask(), cpu_s(pole.pid) - used_s
    return cost_of(row, before, after, spent_s)


def _plan(folder: Path, row: Row, streams: tuple[tuple[str, str | None], ...]) -> Plan:
    values = {} if row.profile is None else PROFILES[row.profile]
    return Plan(
        str(folder),
        streams,
        gate=False,
        analysis_fps=values.get("cameras", {}).get("analysis_fps", 5.0),
        fine=values.get("fine_model", "") is not None,
    )


def cost_of(row: Row, before: dict[str, Any], after: dict[str, Any], spent_s: float) -> Cost:
    """What the process told before and after, and the CPU seconds that it spent between."""
    took_s = after["seconds"] - before["seconds"]
    pairs = list(zip(before["cameras"], after["cameras"], strict=True))
    stages = {
        name: (after["stages"][name] - before["stages"].get(name, 0.0)) / took_s for name in SHOWN
    }
    return Cost(
        row=row,
        cpu_s_per_s=spent_s / took_s,
        rss_mb=after["rss_mb"],
        analysed_fps=min(two["analysed"] - one["analysed"] for one, two in pairs) / took_s,
        people_seen=sum(two["people"] for _, two in pairs) / len(pairs),
        undecoded=sum(two["undecoded"] - one["undecoded"] for one, two in pairs),
        stages=tuple(stages.items()),
    )


def as_result(found: list[Cost], seconds: float) -> Result:
    """The figures as the performance page has them."""
    return result(
        "budget",
        "pole",
        "How the cost of a box grows",
        command="polewatch bench budget --keep",
        condition=(
            f"{seconds:.0f} s each; cut-out people glide over the demo's street, of which one cone"
            " may count as one more, at 20 pictures a second; two rules about people; all is"
            " recorded and decoded (no gate), one thread analyses; the cameras' own servers share"
            f" the {len(os.sched_getaffinity(0))} cores and are not counted"
        ),
        figures=tuple(
            Figure(
                label=one.row.label,
                value=round(one.cpu_s_per_s, 3),
                unit="CPU s/s",
                basis=_basis(one),
            )
            for one in found
        ),
        notes=(
            "No Arm board was measured, and none of these figures may be read as one of an Arm"
            " board's: its cores are slower by an unknown factor, not the same for decoding as"
            " for the network (this machine's int8 instructions are not on every board). What"
            " can be read from the table is how the cost grows. What `profile: pi` misses that the"
            " usual settings find was not measured.",
        ),
    )


def _basis(one: Cost) -> str:
    stages = ", ".join(f"{name} {1000 * cost:.0f}" for name, cost in one.stages)
    lost = f", {one.undecoded} packets not decoded in time" if one.undecoded else ""
    return (
        f"{one.rss_mb:.0f} MB; {one.analysed_fps:.1f} pictures a second analysed of each; "
        f"{one.people_seen:.1f} people followed; ms/s: {stages}{lost}"
    )
