"""What the centre stands beside: the broker alone, and the least that a Python subscriber can do.

The same messages from the same number of devices, on a broker of the same kind, all at once.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.uplink.rows import Signer
from polewatch.demo.processes import ProcessError
from polewatch.fleet import city_day
from polewatch.fleet.centre import PROBE, FleetCity
from polewatch.fleet.city_day import Moment
from polewatch.fleet.client import Client
from polewatch.fleet.options import Kind
from polewatch.fleet.outbox import MemoryOutbox
from polewatch.fleet.run import fleet_city
from wire.clock import SystemClock
from wire.names import new_id

PUBLISHERS = 50
PATIENCE_S = 120.0
LOOK_S = 0.01


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Messages a second from the first byte to the last message taken in."""

    broker_per_s: float
    """A subscriber that counts and forgets."""
    paho_sqlite_per_s: float


def measure(kind: Kind, messages: int) -> Ceilings:
    """Both, one after the other, with a multiple of 50 messages.

    Raises ProcessError and what `fleet_city` does.
    """
    with fleet_city(PUBLISHERS, kind) as city:
        broker = asyncio.run(_subscribed(city, messages, "-"))
    with fleet_city(PUBLISHERS, kind) as city:
        database = str(city.folder / "peer.sqlite")
        sqlite = asyncio.run(_subscribed(city, messages, database))
    return Ceilings(round(messages / broker, 1), round(messages / sqlite, 1))


async def _subscribed(city: FleetCity, messages: int, database: str) -> float:
    argv = [
        sys.executable, "-m", "polewatch.bench.peers.paho_sqlite",
        str(city.authority.identity(PROBE)), str(city.broker.doors[0].port), database,
    ]  # fmt: skip
    child = city.family.start("peer", argv)
    await asyncio.to_thread(child.wait_for, lambda line: "stored" in line, 60.0, "subscribed")
    count = 0

    def stored() -> int:
        nonlocal count
        for line in child.lines():
            count = int(json.loads(line)["stored"])
        return count

    return await _flood(city, messages, stored)


async def _flood(city: FleetCity, messages: int, taken: Callable[[], int]) -> float:
    """Seconds from the first byte until `taken` counts them all; raises ProcessError."""
    clients, floods = [], []
    for number, (identity, address) in enumerate(city.devices()):
        client = Client(lambda _: None)
        await client.connect(city.broker.doors[0], identity.tls_client(), identity.client_id)
        clients.append(client)
        signer = Signer(identity.name, identity.key, address.source)
        tokens = _signed(signer, number, messages // PUBLISHERS)
        floods.append([(address.event(), token) for token in tokens])
    began = time.monotonic()
    for client, flood in zip(clients, floods, strict=True):
        for topic, token in flood:
            client.publish(topic, token)
    while taken() < messages:
        city.family.check()
        if time.monotonic() - began > PATIENCE_S:
            raise ProcessError(f"of {messages} messages {taken()} came in {PATIENCE_S:.0f} s")
        await asyncio.sleep(LOOK_S)
    took = time.monotonic() - began
    for client in clients:
        client.close()
    return took


def _signed(signer: Signer, number: int, count: int) -> list[bytes]:
    """`count` messages of one device, openings and ends of findings."""
    clock, rng = SystemClock(), random.Random(number)
    outbox, boot_id = MemoryOutbox(signer, clock, rng), new_id()
    tokens: list[bytes] = []
    while len(tokens) < count:
        kind = city_day.kind_of((number + 0.5) / PUBLISHERS, rng)
        at = Moment(clock.now(), clock.monotonic())
        opened = city_day.opening(kind, boot_id, at, rng)
        for event in (opened, city_day.ending(opened, at)):
            tokens.append(outbox.put("finding", event).payload)
    return tokens[:count]
