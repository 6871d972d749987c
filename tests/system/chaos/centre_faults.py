"""What happens to the collector's own machine: its disk, its database's file, its clock."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable

from tests.system.chaos.town import Town

PAGE = 4096
JUMPS_S = (3600, -3600, 86_400, -86_400, 3e8, -1.5e9)


class CentreFaults:
    """Each leaves a collector that runs, and what it lost to be balanced."""

    def __init__(self, town: Town, put: Callable[[int, int], None]) -> None:
        """`put(count, still_bytes)` has the pole put events, and returns at once."""
        self._town = town
        self._put = put

    def clock(self, rng: random.Random) -> None:
        """Hours and years, forwards and backwards, and a start while it is wrong."""
        centre = self._town.collector
        for _ in range(3):
            centre.step_clock(rng.choice(JUMPS_S))
            self._put(3, 1000)
            time.sleep(rng.uniform(0.1, 0.4))
            if rng.random() < 0.4:
                centre.program.kill()
                centre.start()
        centre.step_clock(0)

    def full(self, rng: random.Random) -> None:
        """Somebody else takes the last byte of its disk; later there is room again."""
        centre = self._town.collector
        filler = centre.disk / "filler"
        with filler.open("wb", buffering=0) as taken:
            try:
                while True:
                    taken.write(bytes(PAGE))
            except OSError:
                pass
        self._put(12, 4000)
        time.sleep(rng.uniform(0.3, 1.0))
        if rng.random() < 0.5:
            centre.program.kill()
            centre.start()
            time.sleep(rng.uniform(0.1, 0.5))
        filler.unlink()

    def corrupt(self, rng: random.Random) -> None:
        """Pages of its database become other bytes while it is off."""
        self._end_at_work(rng)
        file = self._town.collector.database
        raw = bytearray(file.read_bytes())
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(max(1, len(raw) // PAGE)) * PAGE
            raw[at : at + PAGE] = rng.randbytes(min(PAGE, len(raw) - at))
        file.write_bytes(raw)
        self._town.collector.start()

    def truncated(self, rng: random.Random) -> None:
        """Its database ends too early."""
        self._end_at_work(rng)
        file = self._town.collector.database
        os.truncate(file, rng.randrange(file.stat().st_size + 1))
        self._town.collector.start()

    def _end_at_work(self, rng: random.Random) -> None:
        self._put(8, 1500)
        time.sleep(rng.uniform(0.0, 0.3))
        self._town.collector.program.kill()
