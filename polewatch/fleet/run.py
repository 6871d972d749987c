"""A city made, played and cleared away."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from polewatch.fleet.centre import FleetCity
from polewatch.fleet.loopback import want_files
from polewatch.fleet.options import Kind
from polewatch.fleet.simulation import Plan, Report, Simulation

MEMORY = Path("/dev/shm")


@contextmanager
def fleet_city(devices: int, broker: Kind, folder: Path | None = None) -> Iterator[FleetCity]:
    """A city whose broker runs; keys lie in memory, and go with it. `folder` keeps the rest.

    Raises LoopbackError, BrokerError, ProcessError.
    """
    want_files(devices)
    # Asked to end, a run ends its children too: a broker would go on alone.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    where = str(MEMORY) if MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="polewatch-fleet-", dir=where) as keys,
        tempfile.TemporaryDirectory(prefix="polewatch-fleet-") as work,
    ):
        city = FleetCity(folder or Path(work), Path(keys), devices, broker)
        try:
            city.broker.start()
            yield city
        finally:
            city.close()


def play(
    devices: int,
    broker: Kind,
    plan: Plan,
    tell: Callable[[str], None],
    folder: Path | None = None,
) -> Report:
    """The whole run. Raises what `fleet_city` does, and StuckError."""
    with fleet_city(devices, broker, folder) as city:
        return asyncio.run(Simulation(city, plan, tell).play())
