"""Processes of a pole: with given plates, and the real agent; and lists on their way to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from collector.services.vehicle_lists.deltas import deltas
from provisioning.authority import Authority
from tests.support.broker import BrokerHandle
from tests.support.told import Process
from tests.support.wait import wait_until
from tests.system.uplink.centre import Centre
from wire.command import Command, Reply, WatchlistCommand
from wire.plates import WatchlistDelta
from wire.register import load_register

DEVICE = "pole-001-1"


def given_pole(
    city: Authority, broker: BrokerHandle, folder: Path, device: str = DEVICE
) -> Process:
    """A pole whose plates are given: tests.system.plates.pole."""
    return Process(
        "tests.system.plates.pole",
        [
            *("--authority", str(city.register_file.parent)),
            *("--device", device),
            *("--folder", str(folder / "data")),
            *("--host", broker.host),
            *("--port", str(broker.port)),
        ],
        folder,
    )


def real_agent(
    city: Authority,
    broker: BrokerHandle,
    folder: Path,
    rules: Sequence[dict[str, Any]] = (),
) -> Process:
    """The agent as it is installed, its camera not there."""
    folder.mkdir(parents=True)
    register = load_register(city.register_file)
    address = register.address(next(one for one in register.devices if one.name == DEVICE))
    config = folder / "agent.yaml"
    settings = {
        "site": address.site,
        "shard": address.shard,
        "identity": str(city.identity(DEVICE)),
        "trust": {
            "collector": str(city.identity("collector") / "cert.pem"),
            "signer": str(city.identity("signer") / "cert.pem"),
        },
        "data": str(folder / "data"),
        "broker": {"host": broker.host, "port": broker.port},
        "health_interval_s": 0.5,
        "cameras": [{"id": "cam-1", "url": "rtsp://127.0.0.1:9/none", "rules": list(rules)}],
    }
    config.write_text(yaml.safe_dump(settings))
    return Process("edge_agent", [str(config)], folder)


def terms(**changed: Any) -> WatchlistDelta:
    """Of the list `wanted` of the police, for a week."""
    return WatchlistDelta.model_validate(
        {
            "list_id": "wanted",
            "owner": "police",
            "purpose": "stolen vehicles",
            "basis": "PIPA 18(2)7",
            "expires_at": datetime.now(UTC) + timedelta(days=7),
            "base_version": 0,
            "version": 1,
            "operation": "replace",
            "cipher": "",
            **changed,
        }
    )


class ListSender:
    """Sends lists to the pole as the collector does, and hears its replies."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self._nonce = 0

    def sealed(self, *plates: str, **changed: Any) -> tuple[WatchlistDelta, ...]:
        """Deltas sealed to the key that the pole offers now."""
        wait_until(lambda: self.centre.windows, 60, "a window of nonces")
        key = self.centre.windows[-1].encryption_key
        assert key is not None
        base = int(changed.pop("base_version", 0))
        remove = changed.pop("remove", ())
        add = [(plate, None) for plate in plates]
        return deltas(DEVICE, key, terms(**changed), base_version=base, add=add, remove=remove)

    def command(self, delta: WatchlistDelta) -> Command:
        self._nonce += 1
        return self.centre.command(WatchlistCommand(delta=delta), self._nonce)

    def send(self, delta: WatchlistDelta) -> Reply:
        """Send one delta and wait for the reply."""
        command = self.command(delta)
        self.centre.send("command", command)
        return self.wait_reply(command)

    def wait_reply(self, command: Command) -> Reply:
        """Until the reply to a command came."""
        reply = wait_until(lambda: self.reply(command.command_id), 60, "a reply")
        assert reply is not None
        return reply

    def reply(self, command_id: str) -> Reply | None:
        return next((one for one in self.centre.replies if one.command_id == command_id), None)
