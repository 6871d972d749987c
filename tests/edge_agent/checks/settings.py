"""A pole's configuration with an identity of its own, for checks that need one."""

from __future__ import annotations

from pathlib import Path

from edge_agent.config import AgentSettings
from provisioning.authority import Authority
from wire.register import load_register


def pole_settings(city: Authority, folder: Path, **changes: object) -> AgentSettings:
    """What the agent of the newest pole of `city` would be given."""
    if not city.register.devices:
        with city.batch():
            city.issue_device("pole-001")
            city.issue_service("collector", "collector")
            city.issue_service("signer", "signer", hosts=("localhost",))
    device = load_register(city.register_file).devices[-1]
    values: dict[str, object] = {
        "site": city.register.site,
        "shard": device.shard,
        "identity": city.identity(device.name),
        "trust": {
            "collector": city.folder / "certs" / "collector.pem",
            "signer": city.folder / "certs" / "signer.pem",
        },
        "data": folder / "data",
        "cameras": [{"id": "cam-1", "url": "rtsp://127.0.0.1:9/none"}],
        "broker": {"host": "127.0.0.1", "port": 9},
    }
    return AgentSettings.model_validate(values | changes)
