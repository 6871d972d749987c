"""agent.yaml of a pole of the day: two cameras that play the demo's footage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from provisioning.authority import Authority
from tests.support.broker import BrokerHandle
from tests.support.demo import QUARTERS
from wire.register import load_register

WATCHED = "street"
"""The camera whose pictures are analysed; what the others report is given."""
ONCE_S = 3600.0


def agent_file(
    folder: Path,
    city: Authority,
    broker: BrokerHandle,
    device: str,
    cameras: Sequence[str],
    url: str,
) -> Path:
    """Write it; returns its path."""
    folder.mkdir(parents=True)
    register = load_register(city.register_file)
    address = register.address(next(one for one in register.devices if one.name == device))
    settings = {
        "site": address.site,
        "shard": address.shard,
        "identity": str(city.identity(device)),
        "trust": {name: str(city.identity(name) / "cert.pem") for name in ("collector", "signer")},
        "data": str(folder / "data"),
        "broker": {"host": broker.host, "port": broker.port},
        "health_interval_s": 0.5,
        "fine_model": None,
        "ring": {"megabytes": 200, "hours": 1, "least_hours": 0},
        "cameras": [_camera(name, url) for name in cameras],
    }
    config = folder / "agent.yaml"
    config.write_text(yaml.safe_dump(settings))
    return config


def _camera(name: str, url: str) -> dict[str, Any]:
    if name != WATCHED:
        return {"id": name, "url": url}
    rules = [
        {"id": f"enter-{one['id']}", "type": "intrusion", "zone": one["id"], "cooldown_s": ONCE_S}
        for one in QUARTERS
    ]
    return {"id": name, "url": url, "zones": list(QUARTERS), "rules": rules}
