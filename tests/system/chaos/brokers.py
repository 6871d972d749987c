"""The brokers of a run: one nats-server, one mosquitto, or three nats-servers as a cluster."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from collector.broker.nats import Cluster, nats_config
from collector.broker.runner import EmbeddedBroker
from collector.broker.settings import BrokerSettings
from polewatch.demo.ports import free_port
from provisioning.authority import Authority
from tests.support.broker import (
    HOST,
    BrokerHandle,
    Kind,
    MosquittoHandle,
    make_broker,
)
from tests.system.chaos.town import Brokers
from wire.register import load_register

NODES = ("node-a", "node-b", "node-c")


class Single:
    """One process; killed, it forgets what it had not yet written."""

    def __init__(self, kind: Kind, city: Authority, folder: Path) -> None:
        self._store = folder / "store"
        self._handle: BrokerHandle = make_broker(kind, city, folder)
        if isinstance(self._handle, MosquittoHandle):
            self._handle.watched = True
        self.ports = [self._handle.port]

    def start(self) -> None:
        self._handle.start()

    def kill(self) -> None:
        self._handle.kill()

    def close(self) -> None:
        self._handle.kill()

    def forget(self) -> None:
        shutil.rmtree(self._store)
        self._store.mkdir()


class ThreeNodes:
    """A cluster that keeps three copies; `kill` ends one node, and another one each time."""

    def __init__(self, city: Authority, folder: Path, rng: random.Random) -> None:
        self._rng = rng
        register = load_register(city.register_file)
        addresses = {name: f"{HOST}:{free_port()}" for name in NODES}
        self._nodes: dict[str, EmbeddedBroker] = {}
        self.ports: list[int] = []
        for name in NODES:
            store = folder / name
            store.mkdir(parents=True)
            settings = BrokerSettings(city.identity("broker"), store, HOST, free_port())
            config = folder / f"{name}.conf"
            config.write_text(nats_config(register, settings, cluster=Cluster(name, addresses)))
            self.ports.append(settings.port)
            self._nodes[name] = EmbeddedBroker(
                config, host=HOST, port=settings.port, log_file=folder / f"{name}.log"
            )

    def start(self) -> None:
        for node in self._nodes.values():
            node.start()

    def kill(self) -> None:
        self._nodes[self._rng.choice(NODES)].kill()

    def close(self) -> None:
        for node in self._nodes.values():
            node.kill()

    def forget(self) -> None:
        """It has three copies: only losing all of them would be forgetting."""


def make(name: str, city: Authority, folder: Path, rng: random.Random) -> Brokers:
    """`nats`, `mosquitto` or `cluster`."""
    if name == "cluster":
        return ThreeNodes(city, folder, rng)
    return Single("mosquitto" if name == "mosquitto" else "nats", city, folder)
