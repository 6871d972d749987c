"""What the gate saves beside decoding everything and beside Debian's motion, and what it costs.

A 1080p camera that shows nobody and one that shows people, over RTSP, each read at the same time by
the agent's stages with the gate, by the same without it, and by motion; all of them record. Then
streets in which people come one by one, in many conditions, watched with and without the gate: its
alarms, and how much later they are.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog

from edge_agent.recording import Recording
from polewatch.bench.environment import PeerError
from polewatch.bench.gate_clips import SIZE, write_clips
from polewatch.bench.gate_watches import Events, Progress
from polewatch.bench.live import Answering, camera, cpu_s
from polewatch.bench.motion_peer import motion
from polewatch.bench.pole import Plan, plan_file

WARM_UP_S: Final = 25.0
"""The gate has learned the stream and shut; motion has learned its background."""


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU seconds a second of one camera, reading and recording included."""

    gated: float
    all: float
    """Everything decoded, the detector `all_detected_fps` times a second, with the same models,
    threads and recorder."""
    motion: float | None
    decoding: float
    """`ffmpeg` decoding the same clip and nothing else, on one thread."""
    decoded_share: float
    """Of the packets, while it was measured."""
    analysed_fps: float
    all_detected_fps: float
    """Pictures a second that the one that decodes everything put through its detector, whether or
    not anything moved in them."""
    gate: str


@dataclass(frozen=True, slots=True)
class GateBench:
    """Figures of one run."""

    idle: Costs | None
    busy: Costs | None
    busy_sub: Costs | None
    """The busy camera, analysed in its substream."""
    events: tuple[Events, ...]

    def summary(self) -> dict[str, Any]:
        """The figures that are asked for."""
        delays = [delay for one in self.events for delay in one.delays_s]
        return {
            "idle_vs_decode_all": _ratio(self.idle, "all"),
            "busy_vs_decode_all": _ratio(self.busy, "all"),
            "busy_substream_vs_decode_all": _sub_ratio(self.busy, self.busy_sub),
            "idle_vs_motion": _ratio(self.idle, "motion"),
            "missed_events": sum(one.missed for one in self.events),
            "expected_events": sum(one.expected for one in self.events),
            "added_events": sum(one.added for one in self.events),
            "added_delay_s": {
                "p50": round(statistics.median(delays), 2) if delays else None,
                "max": round(max(delays), 2) if delays else None,
            },
        }


def measure_costs(
    folder: Path, seconds: float, *, peer: bool, say: Progress
) -> tuple[Costs, Costs, Costs]:
    """The idle camera, the busy one, and that in its substream; PeerError and OSError."""
    say("encoding the cameras' clips")
    idle, busy, sub = write_clips(folder)
    found = []
    for name, main, beside in (("idle", idle, None), ("busy", busy, None), ("sub", busy, sub)):
        say(f"measuring {name}")
        with ExitStack() as stack:
            urls = [stack.enter_context(camera(clip)) for clip in (main, beside) if clip]
            found.append(_costs(urls, main, folder / name, seconds, peer=peer and name != "sub"))
    return found[0], found[1], found[2]


def _costs(urls: list[str], clip: Path, folder: Path, seconds: float, *, peer: bool) -> Costs:
    main, sub = urls[0], urls[1] if len(urls) > 1 else None
    with ExitStack() as stack:
        gated = _pole(stack, Plan(str(folder / "gated"), ((main, sub),), gate=True))
        plain = _pole(stack, Plan(str(folder / "all"), ((main, None),), gate=False))
        pids = [gated.pid, plain.pid]
        if peer:
            pids.append(stack.enter_context(motion(main, SIZE, folder / "motion")))
        time.sleep(WARM_UP_S)
        before, other = gated.ask(), plain.ask()
        used = [cpu_s(pid) for pid in pids]
        began_s = time.monotonic()
        time.sleep(seconds)
        spent = [cpu_s(pid) - one for pid, one in zip(pids, used, strict=True)]
        took_s = time.monotonic() - began_s
        after, later = gated.ask(), plain.ask()
    one, two = before["cameras"][0], after["cameras"][0]
    first, last = other["cameras"][0], later["cameras"][0]
    if not two["written"] or not last["written"]:
        raise OSError("the camera was not recorded; see the messages above")
    return Costs(
        gated=spent[0] / took_s,
        all=spent[1] / took_s,
        motion=spent[2] / took_s if peer else None,
        decoding=_decoding(clip),
        decoded_share=(two["decoded"] - one["decoded"]) / max(1, two["packets"] - one["packets"]),
        analysed_fps=(two["analysed"] - one["analysed"]) / took_s,
        all_detected_fps=(last["analysed"] - first["analysed"]) / took_s,
        gate=two["gate"],
    )


def _pole(stack: ExitStack, plan: Plan) -> Answering:
    pole = Answering("polewatch.bench.pole", [str(plan_file(plan))])
    stack.callback(pole.end)
    return pole


def _decoding(clip: Path) -> float:
    program = shutil.which("ffmpeg")
    if program is None:
        raise PeerError("the peer ffmpeg is not installed: apt install ffmpeg")
    command = [program, "-nostdin", "-benchmark", "-threads", "1", "-i", str(clip)]
    done = subprocess.run(
        [*command, "-f", "null", "-"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    words = done.stderr.replace("\r", "\n")
    try:
        line = next(one for one in words.splitlines() if one.startswith("bench: utime="))
        user, system = (part.split("=")[1].rstrip("s") for part in line.split()[1:3])
        with Recording(clip) as recording:
            return (float(user) + float(system)) / (recording.shape.duration_s or 0.0)
    except (StopIteration, ValueError, ZeroDivisionError) as error:
        raise PeerError(f"ffmpeg did not decode {clip}: {words[-300:]}") from error


def _ratio(costs: Costs | None, to: str) -> float | None:
    if costs is None:
        return None
    other: float | None = getattr(costs, to)
    return None if not other else round(costs.gated / other, 3)


def _sub_ratio(busy: Costs | None, sub: Costs | None) -> float | None:
    """The gated watch in the substream to the one that decodes the main stream, in one run."""
    if busy is None or sub is None or not sub.all:
        return None
    return round(sub.gated / sub.all, 3)


def quiet_logs() -> None:
    """What the stages say of streams has no place on a benchmark's output."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
