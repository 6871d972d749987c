"""The broker of a run: one nats-server as shipped, one mosquitto, or three nats-servers."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Protocol

from collector.broker.mosquitto import mosquitto_config, mosquitto_program, mosquitto_rights
from collector.broker.nats import Cluster, nats_config
from collector.broker.runner import EmbeddedBroker
from collector.broker.settings import BrokerSettings
from polewatch.demo.ports import HOST, free_port
from polewatch.demo.processes import Family
from polewatch.fleet.client import Door
from polewatch.fleet.options import Kind
from provisioning.authority import Authority
from wire.register import load_register

NODES = ("node-a", "node-b", "node-c")
READY_S = 60.0


class Broker(Protocol):
    """One broker, whatever it is made of."""

    doors: tuple[Door, ...]

    def start(self) -> None:
        """Returns when every door answers; raises BrokerError or ProcessError."""

    def stop(self) -> None:
        """End at once: what matters is at the collector."""

    def kill(self, door: Door) -> None:
        """End what listens at `door` as a crash would."""

    def pids(self) -> list[int]: ...


class Nats:
    """One nats-server, or three as a cluster that keeps three copies."""

    def __init__(self, authority: Authority, folder: Path, nodes: tuple[str, ...]) -> None:
        register = load_register(authority.register_file)
        addresses = {name: f"{HOST}:{free_port()}" for name in nodes}
        self._nodes: dict[Door, EmbeddedBroker] = {}
        for name in nodes:
            store = folder / name
            store.mkdir(parents=True)
            settings = BrokerSettings(authority.identity("broker"), store, HOST, free_port())
            config = folder / f"{name}.conf"
            cluster = Cluster(name, addresses) if len(nodes) > 1 else None
            config.write_text(nats_config(register, settings, cluster=cluster))
            log = folder / f"{name}.log"
            self._nodes[Door(HOST, settings.port)] = EmbeddedBroker(
                config, host=HOST, port=settings.port, log_file=log
            )
        self.doors = tuple(self._nodes)

    def start(self) -> None:
        for node in self._nodes.values():
            node.start()

    def stop(self) -> None:
        for node in self._nodes.values():
            node.kill()

    def kill(self, door: Door) -> None:
        self._nodes[door].kill()

    def pids(self) -> list[int]:
        return [node.pid for node in self._nodes.values() if node.pid is not None]


class Mosquitto:
    """Debian's mosquitto."""

    def __init__(self, authority: Authority, folder: Path, family: Family) -> None:
        self._family = family
        self._config = folder / "mosquitto.conf"
        store = folder / "store"
        store.mkdir(parents=True, mode=0o700)
        register = load_register(authority.register_file)
        settings = BrokerSettings(authority.identity("broker"), store, HOST, free_port())
        rights = folder / "rights.json"
        rights.write_text(mosquitto_rights(register))
        # As root mosquitto would turn into an account that cannot read this run's files.
        user = pwd.getpwuid(os.getuid()).pw_name
        self._config.write_text(mosquitto_config(register, settings, rights=rights, user=user))
        self.doors: tuple[Door, ...] = (Door(HOST, settings.port),)

    def start(self) -> None:
        child = self._family.start("broker", [str(mosquitto_program()), "-c", str(self._config)])
        child.wait_for(lambda line: " running" in line, READY_S, "running")

    def stop(self) -> None:
        self.kill(self.doors[0])

    def kill(self, door: Door) -> None:
        assert door in self.doors
        child = self._family.children.pop("broker", None)
        if child is not None:
            child.kill()

    def pids(self) -> list[int]:
        child = self._family.children.get("broker")
        return [] if child is None else [child.pid]


def make(kind: Kind, authority: Authority, folder: Path, family: Family) -> Broker:
    """Configured for everybody in the register, not started."""
    if kind == "mosquitto":
        return Mosquitto(authority, folder, family)
    return Nats(authority, folder, NODES if kind == "cluster" else NODES[:1])
