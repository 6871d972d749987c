"""kill -9 at random while a real camera is recorded, again and again into the same ring.

`python -m tests.system.video.ring_kills --kills 50 --seed 9` ends with 1 when a kill cost more than
the last second, or when anything that was kept is not what the camera sent, in order.
"""

from __future__ import annotations

import argparse
import itertools
import random
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_agent.camera.packet import TICKS
from edge_agent.clips.access_unit import AccessUnit
from edge_agent.clips.evidence.export import export
from edge_agent.clips.evidence.harvest import ExportOrder
from edge_agent.clips.evidence.verify import Verdict, verify_export
from edge_agent.clips.keeping import KeepingLimits
from edge_agent.clips.ring import Ring
from provisioning.authority import Authority
from tests.support.rtsp import demo_camera
from wire.clock import SystemClock
from wire.identity import Identity, load_authorities
from wire.topics import DeviceAddress

LONGEST_S = 8.0
"""Two segments: a kill meets every part of one."""
START_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Kill:
    """What one kill cost."""

    after_s: float
    given: int
    kept: int
    lost_s: float
    """Video time that was handed to the ring and is not there afterwards."""


class RingKillError(Exception):
    """What is in the ring is not what was handed to it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all kills cost together."""

    kills: tuple[Kill, ...]
    proven: Verdict
    """Of an export of all that was recorded."""
    unproven: int
    """Pictures that are recorded, but whose GOP was not complete and so not signed."""


def kill_again_and_again(url: str, folder: Path, kills: int, rng: random.Random) -> Outcome:
    """Record, kill, read back, `kills` times, then export all of it; raises RingKillError."""
    city = Authority.init(folder / "city", "testcity")
    city.issue_device("pole-001")
    identity = Identity.load(city.identity("pole-001-1"))
    ring = folder / "ring"
    done = []
    since = datetime.now(UTC)
    kept_in_all: list[str] = []
    for _ in range(kills):
        after_s = rng.uniform(0.0, LONGEST_S)
        given = _record_and_kill(url, ring, identity, after_s)
        units = _read(ring, since)
        kept = [unit.identity for unit in units[len(kept_in_all) :]]
        both = min(len(given), len(kept))
        if kept[:both] != [identity for _, identity in given[:both]]:
            raise RingKillError(f"after {after_s:.2f} s: other pictures than were given")
        lost_s = (given[-1][0] - given[both - 1][0]) / TICKS if both else given[-1][0] / TICKS
        kept_in_all += kept
        if [unit.identity for unit in units] != kept_in_all:
            raise RingKillError("pictures of earlier runs changed")
        _check_order(units)
        done.append(Kill(after_s, len(given), len(kept), lost_s))
    proven = _exported(folder, ring, identity, since)
    return Outcome(tuple(done), proven, len(kept_in_all) - proven.pictures)


def _exported(folder: Path, ring: Path, identity: Identity, since: datetime) -> Verdict:
    """What an export of all of it is found to be by the authority's certificate alone."""
    export(
        ring,
        ExportOrder("yard", since, datetime.now(UTC), "2026-1187"),
        folder / "all.zip",
        device=identity,
        address=DeviceAddress("testcity", "00", identity.name),
        software="polewatch test",
        clock=SystemClock(),
    )
    return verify_export(folder / "all.zip", authority=load_authorities(identity.ca_file))


def _record_and_kill(
    url: str, folder: Path, identity: Identity, after_s: float
) -> list[tuple[int, str]]:
    """What was handed to the ring until it was killed, `after_s` after its first packet."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.support.recorder",
            url,
            str(folder),
            str(identity.cert_file.parent),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    given: list[tuple[int, str]] = []
    timer = threading.Timer(START_TIMEOUT_S, process.kill)
    timer.start()
    try:
        for line in process.stdout:
            if line.startswith("packet "):
                _, ticks, shown = line.split()
                given.append((int(ticks), shown))
                if len(given) == 1:
                    timer.cancel()
                    timer = threading.Timer(after_s, process.kill)
                    timer.start()
    finally:
        timer.cancel()
        process.kill()
        process.wait(10)
        process.stdout.close()
    if not given:
        raise RingKillError(f"nothing was recorded of {url} within {START_TIMEOUT_S:.0f} s")
    return given


def _read(folder: Path, since: datetime) -> list[AccessUnit]:
    """All that the ring holds, as a new start finds it."""
    ring = Ring(folder, "yard", SystemClock(), limits=KeepingLimits(1 << 30))
    units = list(ring.read(since, since + timedelta(days=1)))
    ring.start()
    if not ring.close():
        raise RingKillError("the ring does not close")
    return units


def _check_order(units: list[AccessUnit]) -> None:
    if any(a.at > b.at for a, b in itertools.pairwise(units)):
        raise RingKillError("wall times go back")
    if any(a.dts_90k >= b.dts_90k for a, b in itertools.pairwise(units)):
        raise RingKillError("media times do not grow")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=9)
    asked = parser.parse_args()
    with demo_camera() as camera, tempfile.TemporaryDirectory() as folder:
        outcome = kill_again_and_again(
            camera.url, Path(folder), asked.kills, random.Random(asked.seed)
        )
    done = outcome.kills
    for number, kill in enumerate(done, 1):
        print(
            f"kill {number} after {kill.after_s:.2f} s: {kill.given} pictures given,"
            f" {kill.kept} kept, {kill.lost_s:.2f} s lost"
        )
    worst = max(kill.lost_s for kill in done)
    kept = sum(kill.kept for kill in done)
    print(f"{len(done)} kills, {kept} pictures kept, worst {worst:.2f} s lost")
    proven = outcome.proven
    print(f"export of all: {proven.code}, {proven.detail}; {outcome.unproven} not yet signed")
    return int(worst > 1.0 or not proven.ok)


if __name__ == "__main__":
    raise SystemExit(main())
