"""The brokers of a run: one nats-server, one mosquitto, or three nats-servers as a cluster."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from provisioning.authority import Authority
from tests.support.broker import BrokerHandle, Kind, make_broker


class Single:
    """One process; killed, it forgets what it had not yet written."""

    def __init__(self, kind: Kind, city: Authority, folder: Path) -> None:
        self._store = folder / "store"
        self._handle: BrokerHandle = make_broker(kind, city, folder)
        self.ports = [self._handle.port]

    def start(self) -> None:
        self._handle.start()

    def kill(self) -> None:
        self._handle.kill()

    def forget(self) -> None:
        shutil.rmtree(self._store)
        self._store.mkdir()


def make(name: str, city: Authority, folder: Path, rng: random.Random) -> Single:
    """`nats` or `mosquitto`."""
    if name == "mosquitto":
        return Single("mosquitto", city, folder)
    return Single("nats", city, folder)
