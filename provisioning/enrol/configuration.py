"""The agent's configuration of a pole, made of its site file."""

from __future__ import annotations

from pathlib import PurePosixPath

import yaml

from provisioning.problems import ProvisionError
from provisioning.site.model import Site

HOME = PurePosixPath("/etc/polewatch")
DATA = PurePosixPath("/var/lib/polewatch")


def agent_text(site: Site, shard: str) -> str:
    """agent.yaml with everything that the site file tells.

    Raises ProvisionError when the agent would refuse it.
    """
    broker: dict[str, object] = {"host": site.collector.host, "port": site.collector.port}
    if site.uplink.bytes_per_s is not None:
        broker["uplink_bytes_per_s"] = site.uplink.bytes_per_s
    cameras = []
    for camera in site.cameras:
        one: dict[str, object] = {"id": camera.id, "url": camera.url, **(camera.watch or {})}
        if camera.sub_url is not None:
            one["sub_url"] = camera.sub_url
        if camera.credentials is not None:
            one["credentials_file"] = str(HOME / "cameras" / camera.credentials)
        cameras.append(one)
    values: dict[str, object] = {
        "site": site.city,
        "shard": shard,
        "identity": str(HOME / "identity"),
        "trust": {
            "collector": str(HOME / "trust" / "collector.pem"),
            "signer": str(HOME / "trust" / "signer.pem"),
        },
        "data": str(DATA),
        "broker": broker,
        "time_zone": site.time_zone,
        "cameras": cameras,
    }
    if site.profile is not None:
        values["profile"] = site.profile
    _check(values)
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def _check(values: dict[str, object]) -> None:
    from pydantic import ValidationError

    from edge_agent.config import AgentSettings

    try:
        AgentSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ProvisionError("site.invalid", f"{where}: {first['msg']}") from None
