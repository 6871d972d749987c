"""kill -9 while recording: at most the last second is lost, and recording goes on after it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_agent.camera.packet import TICKS
from edge_agent.clips.ring import Ring
from tests.support.rtsp import demo_camera
from wire.clock import SystemClock

KILLS = 4


def _record_and_kill(url: str, folder: Path, packets: int) -> list[tuple[int, str]]:
    """What was handed to the ring of a process that was killed after so many packets."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.recorder", url, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    given = []
    for line in process.stdout:
        if line.startswith("packet "):
            _, ticks, identity = line.split()
            given.append((int(ticks), identity))
        if len(given) == packets:
            process.send_signal(signal.SIGKILL)
    process.wait(10)
    return given


def test_kill_9_costs_at_most_the_last_second(tmp_path: Path) -> None:
    rng = random.Random(9)
    since = began = datetime.now(UTC)
    total = 0
    with demo_camera() as camera:
        for _ in range(KILLS):
            given = _record_and_kill(camera.url, tmp_path, rng.randint(12, 60))
            ring = Ring(tmp_path, "yard", SystemClock(), budget_bytes=1 << 30)
            units = list(ring.read(began, began + timedelta(hours=1)))
            span = ring.span()
            assert span is not None
            began = span[1]
            ring.start()
            assert ring.close()
            kept = [unit.identity for unit in units]
            assert kept == [identity for _, identity in given][: len(kept)]
            lost_s = (given[-1][0] - given[len(kept) - 1][0]) / TICKS
            assert lost_s <= 1.0
            total += len(kept)
    ring = Ring(tmp_path, "yard", SystemClock(), budget_bytes=1 << 30)
    units = list(ring.read(since, began))
    ring.start()
    assert ring.close()
    assert len(units) == total
    assert [unit.at for unit in units] == sorted(unit.at for unit in units)
    times = [unit.dts_90k for unit in units]
    assert times == sorted(set(times))
