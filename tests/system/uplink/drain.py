"""A day without a line, then the drain: `python -m tests.system.uplink.drain --events 50000`.

One pole commits its events over 24 simulated hours, findings of some cameras with their end; then
broker, collector and an agency are there, and the time until the outbox is empty is taken.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from edge_agent.uplink.outbox import Limits, Outbox
from edge_agent.uplink.rows import Signer
from polewatch.bench.live import cpu_s
from tests.support.broker import Kind, make_broker, make_city
from tests.support.centre import Centre
from tests.support.device import finding
from tests.support.wait import wait_until
from tests.system.chaos.agency import Agency
from tests.system.uplink.centre import PoleProcess
from wire.clock import SimulatedClock
from wire.event import Severity
from wire.identity import Identity
from wire.names import new_id
from wire.register import load_register

DEVICE = "pole-001-1"
DAY_S = 86_400.0
CAMERAS = 4
SEVERITIES: tuple[Severity, ...] = ("minor", "moderate", "severe")


@dataclass(frozen=True, slots=True)
class Drained:
    """How it went."""

    events: int
    put_s: float
    took_s: float
    per_s: float
    cpu_s: dict[str, float]
    missing: int
    duplicates: int
    delivered: int
    """Distinct events that reached the agency when the outbox was empty."""


def fill(outbox_folder: Path, authority: Path, device: str, events: int) -> list[str]:
    """An outbox after a day of `events` and no receipt; the ids of its findings."""
    identity = Identity.load(authority / "identities" / device)
    register = load_register(authority / "register.yaml")
    address = register.address(next(one for one in register.devices if one.name == device))
    clock = SimulatedClock(datetime.now(UTC) - timedelta(days=1))
    signer = Signer(identity.name, identity.key, address.source)
    boot = new_id()
    outbox = Outbox.open(outbox_folder, signer, clock, Limits(), boot_id=boot)
    ids = []
    for number in range(events):
        clock.advance(DAY_S / events)
        which, closing = divmod(number, 2)
        if not closing:
            finding_id, severity = new_id(), random.Random(which).choice(SEVERITIES)
        body = finding(
            finding_id=finding_id,
            phase="close" if closing else "open",
            camera=f"cam-{which % CAMERAS}",
            severity=severity,
            at=clock.now(),
            boot_id=boot,
        )
        ids.append(outbox.put("finding", body, severity=severity, subject=body.camera).id)
    outbox.close()
    return ids


def drain(folder: Path, kind: Kind, events: int) -> Drained:
    """Fill, connect, wait until all is receipted; raises AssertionError when that never comes."""
    city = make_city(folder / "authority")
    pole_folder = folder / "pole"
    pole_folder.mkdir()
    began = time.monotonic()
    committed = fill(pole_folder / "outbox", city.folder, DEVICE, events)
    put_s = time.monotonic() - began
    broker = make_broker(kind, city, folder / "broker")
    broker.start()
    centre = Centre(folder / "centre", city, broker)
    pole = PoleProcess(city, broker, pole_folder)
    agency = Agency(city.identity("police"), broker.host, broker.port)
    try:
        centre.collector.start()
        before = _cpu_s(kind) | {"collector": centre.collector.cpu_s()}
        began = time.monotonic()
        pole.start()
        wait_until(lambda: pole.depth() == 0, 600, "an empty outbox")
        took_s = time.monotonic() - began
        after = _cpu_s(kind) | {"collector": centre.collector.cpu_s(), "pole": pole.cpu_s()}
        cpu_s = {name: round(s - before.get(name, 0.0), 2) for name, s in after.items()}
        there = {row[0] for row in centre.rows("SELECT id FROM event WHERE kind = 'finding'")}
        assert there == set(committed), "what was committed is not what the collector has"
        (row,) = centre.rows(
            "SELECT (SELECT sum(missing) FROM progress), (SELECT sum(duplicates) FROM device)"
        )
        delivered = len(agency.delivered())
    finally:
        agency.close()
        pole.close()
        centre.stop()
        broker.kill()
    return Drained(
        events, round(put_s, 1), round(took_s, 2), round(events / took_s, 1),
        cpu_s, row[0], row[1], delivered,
    )  # fmt: skip


def _cpu_s(kind: Kind) -> dict[str, float]:
    """CPU seconds of the broker, and of this process as the agency."""
    used = {"agency": time.process_time(), kind: 0.0}
    for child in psutil.Process().children():
        if kind in " ".join(child.cmdline()):
            used[kind] += cpu_s(child.pid)
    return used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--broker", choices=("nats", "mosquitto"), default="nats")
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        found = drain(Path(folder), arguments.broker, arguments.events)
    print(json.dumps({**{k: getattr(found, k) for k in found.__slots__}, "cores": os.cpu_count()}))


if __name__ == "__main__":
    main()
