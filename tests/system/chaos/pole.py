"""A pole's uplink that does as it is told on standard input, one JSON object a line.

`{"put": 8, "first": 120, "still_bytes": 0}` puts 8 events of cameras c-120, c-121, …; each commit
is said as `{"put": id, "epoch": …, "seq": …}`, each refusal of the disk as `{"refused": code}`, and
the end as `{"done": 120}`. `{"clock": seconds}` steps the wall clock. What waits is said ten times
a second. Ends when standard input does.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from edge_agent.uplink.link import LinkSettings
from edge_agent.uplink.order import Pace
from edge_agent.uplink.outbox import Limits
from edge_agent.uplink.store import OutboxError
from edge_agent.uplink.synchronised import time_quality
from tests.support.findings import event
from tests.support.uplink import Uplink
from wire.clock import SystemClock
from wire.event import Severity, TimeQuality

SEVERITIES: tuple[Severity, ...] = ("minor", "moderate", "severe")
SAY_EVERY_S = 0.1
TRIES = 4
TRY_EVERY_S = 0.02

# What takes a minute in the field must not take one in each of 200 rounds.
PACE = Pace(
    retry_first_s=3.0, retry_limit_s=6.0, cut_off_first_s=0.2, on_its_way_s=1.0, repeat_soon_s=0.5
)


class SteppedClock(SystemClock):
    """The machine's clock, its wall time off by what the round says."""

    def __init__(self) -> None:
        self.off = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off

    def quality(self) -> TimeQuality:
        return "unsynchronised" if self.off else time_quality()


def say(**what: object) -> None:
    # In one piece: two threads speak.
    os.write(1, json.dumps(what).encode() + b"\n")


class Pole:
    def __init__(self, authority: Path, folder: Path, host: str, port: int) -> None:
        self.clock = SteppedClock()
        settings = LinkSettings(
            host,
            port,
            health_interval_s=2.0,
            retry_first_s=0.1,
            retry_limit_s=0.5,
            silence_s=1.5,
            probe_every_s=1.0,
        )
        self.uplink = Uplink(
            authority,
            "pole-001-1",
            folder,
            settings,
            self.clock,
            quality=self.clock.quality,
            limits=Limits(bytes=1_500_000, reserve_bytes=256 * 1024),
            pace=PACE,
        )

    def put(self, first: int, count: int, still_bytes: int) -> None:
        rng = random.Random(first)
        for number in range(first, first + count):
            severity = SEVERITIES[number % 3]
            still = b"\xff\xd8\xff" + rng.randbytes(still_bytes) if still_bytes else None
            self._put_one(f"c-{number}", severity, still)
        say(done=first)

    def _put_one(self, camera: str, severity: Severity, still: bytes | None) -> None:
        seen = event(severity, still).model_copy(update={"camera": camera})
        for _ in range(TRIES):
            try:
                stored = self.uplink.outbox.put(
                    "finding", seen, severity=severity, subject=camera, still=still
                )
            except OutboxError as error:
                code = error.code
                threading.Event().wait(TRY_EVERY_S)
            else:
                say(put=stored.id, epoch=stored.epoch, seq=stored.seq)
                return
        say(refused=code)

    def figures(self) -> None:
        while True:
            found = self.uplink.outbox.figures()
            say(depth=found.depth + found.stills, connected=self.uplink.link.connected)
            threading.Event().wait(SAY_EVERY_S)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--authority", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(sys.stderr))
    pole = Pole(arguments.authority, arguments.folder, arguments.host, arguments.port)
    pole.uplink.link.start()
    threading.Thread(target=pole.figures, daemon=True).start()
    for line in sys.stdin:
        told: dict[str, Any] = json.loads(line)
        if "clock" in told:
            pole.clock.off = timedelta(seconds=told["clock"])
        else:
            pole.put(told["first"], told["put"], told["still_bytes"])
    pole.uplink.close()


if __name__ == "__main__":
    main()
