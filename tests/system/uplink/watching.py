"""Does a drain cost the pole its eyes? `python -m tests.system.uplink.watching --events 40000`.

The whole demo runs, its agent pinned to one core and everything else to the other. A backlog waits
on the pole. Its camera's analysis rate is taken over one loop of the clip while there is no broker,
and over one more loop from the broker's return on, while the backlog drains.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from polewatch.demo.run import Demo
from tests.support.demo import BUSY, QUARTERS, end, kill
from tests.support.wait import wait_until
from tests.system.uplink.drain import fill
from wire.health import Health

LOOP_S = 36.0
"""Length of the demo's clip: what is on the picture is the same in both spans."""
SETTLE_S = 6.0
LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Watched:
    """Pictures analysed a second without a line, and while the backlog went out."""

    events: int
    seconds: float
    before: float
    during: float
    drained: int
    """How many left the pole within the span."""
    drained_per_s: float

    @property
    def drop(self) -> float:
        """Share of the rate that was lost; negative when it rose."""
        return 1 - self.during / self.before


def watch(folder: Path, events: int, span_s: float) -> Watched:
    """Raises AssertionError when the camera or the drain does not come."""
    cores = sorted(os.sched_getaffinity(0))
    assert len(cores) > 1, "it takes a core for the agent and another for all else"
    with Demo(folder, zones=QUARTERS, rules=BUSY) as demo:
        end(demo, "agent")
        kill(demo, "broker")
        fill(demo.site.agent_data / "outbox", demo.folder / "authority", demo.site.device, events)
        demo.start("agent")
        _pin(demo, cores)
        wait_until(lambda: _is_up(demo), 60, "the camera")
        time.sleep(SETTLE_S)
        before = _rate(demo, span_s)
        demo.start("broker")
        _pin(demo, cores)
        waiting = _health(demo).outbox.depth
        wait_until(lambda: _health(demo).outbox.depth < waiting, 60, "the drain's beginning")
        began, waiting = time.monotonic(), _health(demo).outbox.depth
        during = _rate(demo, span_s)
        took_s, left = time.monotonic() - began, _health(demo).outbox.depth
        for thread in psutil.Process().threads():
            os.sched_setaffinity(thread.id, cores)
    drained = waiting - left
    return Watched(
        events, span_s, round(before, 3), round(during, 3), drained, round(drained / took_s, 1)
    )


def _rate(demo: Demo, span_s: float) -> float:
    """Pictures analysed a second, the mean over the agent's own reports of that span."""
    first = last = _health(demo)
    pictures = 0.0
    while last.monotonic_s - first.monotonic_s < span_s:
        found = _health(demo)
        if found.monotonic_s > last.monotonic_s:
            (camera,) = found.cameras
            pictures += camera.analysed_fps * (found.monotonic_s - last.monotonic_s)
            last = found
        time.sleep(LOOK_S)
    return pictures / (last.monotonic_s - first.monotonic_s)


def _health(demo: Demo) -> Health:
    found = demo.books.health()
    assert found is not None, "the agent leaves no figures"
    return found


def _is_up(demo: Demo) -> bool:
    found = demo.books.health()
    return found is not None and any(one.analysed_fps > 1 for one in found.cameras)


def _pin(demo: Demo, cores: list[int]) -> None:
    """The agent to the first core; all else, this process too, to the others."""
    _bind(os.getpid(), cores[1:])
    for name, child in demo.family.children.items():
        mine = cores[:1] if name == "agent" else cores[1:]
        for process in (child.pid, *(one.pid for one in psutil.Process(child.pid).children(True))):
            _bind(process, mine)


def _bind(pid: int, cores: list[int]) -> None:
    for thread in psutil.Process(pid).threads():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(thread.id, cores)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--seconds", type=float, default=LOOP_S)
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        found = watch(Path(folder), arguments.events, arguments.seconds)
    print(json.dumps({**asdict(found), "drop": round(found.drop, 4)}))


if __name__ == "__main__":
    main()
