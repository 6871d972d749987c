"""The collector as `polewatch collector run` composes it, on a wall clock that steps as it is told.

`python -m tests.system.chaos.centre CONFIG CLOCK`: the file CLOCK holds the seconds that the wall
clock is off, and may be changed at any time.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from collector.app import Collector
from collector.config import CollectorSettings
from wire.clock import SystemClock
from wire.logs import print_ready
from wire.settings import load_settings


class FileClock(SystemClock):
    """The machine's clock, its wall time off by what a file says."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self._file.read_text()))


def main() -> None:
    config, clock = (Path(argument) for argument in sys.argv[1:])
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(sys.stderr))
    collector = Collector(load_settings(config, CollectorSettings), FileClock(clock))
    sys.exit(collector.run(lambda url: print_ready(http=url)))


if __name__ == "__main__":
    main()
