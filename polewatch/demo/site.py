"""The demo's throw-away city: authority, certificates, configurations, in one folder."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from collector.broker.mosquitto import mosquitto_config, mosquitto_rights
from collector.broker.nats import nats_config
from collector.broker.settings import BrokerSettings
from provisioning.authority import Authority
from wire.register import load_register

Broker = Literal["nats", "mosquitto"]
Asked = dict[str, Any]
"""A zone or a rule as it stands in agent.yaml."""

SITE = "demo-city"
POLE = "pole-001"
CAMERA = "street"
PERSON = "operator"
AGENCIES = ("police", "fire", "centre")
LOOPBACK = ("localhost", "127.0.0.1")
CLIP = Path(__file__).parents[1] / "demo_data" / "street.mp4"

ZONES: tuple[Asked, ...] = (
    {"id": "yard", "polygon": [[0.0, 0.66], [0.34, 0.66], [0.34, 1.0], [0.0, 1.0]]},
    {"id": "street", "polygon": [[0.0, 0.1], [1.0, 0.1], [1.0, 1.0], [0.0, 1.0]]},
)
RULES: tuple[Asked, ...] = (
    {"id": "yard-intrusion", "type": "intrusion", "zone": "yard", "cooldown_s": 10},
    {
        "id": "street-loiter",
        "type": "loitering",
        "zone": "street",
        "seconds": 12,
        "severity": "minor",
        "cooldown_s": 60,
    },
)
ROUTES: dict[str, Any] = {
    "routes": [
        {"name": "crime", "types": ["intrusion", "fight", "plate"], "agencies": ["police"]},
        {"name": "rescue", "types": ["fire", "smoke", "fall"], "agencies": ["fire"]},
    ],
    "otherwise": ["centre"],
}


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports of one run, all on loopback."""

    broker: int
    signer: int
    console: int
    collector_metrics: int
    agent_metrics: int


@dataclass(frozen=True, slots=True)
class DemoSite:
    """Where everything of one run lies."""

    folder: Path
    device: str
    ports: Ports
    broker: Broker = "nats"

    @property
    def broker_config(self) -> Path:
        return self.folder / "broker" / f"{self.broker}.conf"

    @property
    def agent_config(self) -> Path:
        return self.folder / "agent" / "agent.yaml"

    @property
    def agent_data(self) -> Path:
        return self.folder / "agent" / "data"

    @property
    def collector_config(self) -> Path:
        return self.folder / "collector" / "collector.yaml"

    @property
    def signer_config(self) -> Path:
        return self.folder / "signer" / "signer.yaml"

    def identity(self, name: str) -> Path:
        return self.folder / "authority" / "identities" / name


def make_site(
    folder: Path,
    ports: Ports,
    broker: Broker = "nats",
    neighbours: Sequence[Asked] = (),
    departments: Sequence[str] = (),
) -> DemoSite:
    """Fill `folder` (made when missing) with keys and configurations; the camera's URL follows.

    `neighbours`: cameras of other poles, as in collector.yaml; the poles are enrolled.
    `departments`: agencies that are enrolled beside AGENCIES.
    """
    for part in ("authority", "broker", "agent", "collector", "signer"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "authority")
    authority = Authority.init(folder / "authority", SITE)
    with authority.batch():
        device = authority.issue_device(POLE)
        for other in sorted({str(one["device"]) for one in neighbours}):
            authority.issue_device(other.rpartition("-")[0])
        for agency in (*AGENCIES, *departments):
            authority.issue_agency(agency)
        authority.issue_service("broker", "broker", hosts=LOOPBACK)
        authority.issue_service("collector", "collector")
        authority.issue_service("words", "words")
        authority.issue_service("signer", "signer", hosts=LOOPBACK)
    site = DemoSite(folder, device.name, ports, broker)
    _broker(site, authority)
    _centre(site, neighbours)
    return site


def _broker(site: DemoSite, authority: Authority) -> None:
    store = site.folder / "broker" / "store"
    store.mkdir(mode=0o700, exist_ok=True)
    register = load_register(authority.register_file)
    settings = BrokerSettings(site.identity("broker"), store, "127.0.0.1", site.ports.broker)
    if site.broker == "nats":
        site.broker_config.write_text(nats_config(register, settings))
        return
    rights = site.broker_config.with_name("rights.json")
    rights.write_text(mosquitto_rights(register))
    text = mosquitto_config(
        register, settings, rights=rights, user=pwd.getpwuid(os.getuid()).pw_name
    )
    site.broker_config.write_text(text)


def _centre(site: DemoSite, neighbours: Sequence[Asked]) -> None:
    (site.collector_config.parent / "routing.yaml").write_text(yaml.safe_dump(ROUTES))
    signer_cert = str(site.identity("signer") / "cert.pem")
    _write(
        site.collector_config,
        {
            "site": SITE,
            "identity": str(site.identity("collector")),
            "register_file": str(site.folder / "authority" / "register.yaml"),
            "data": "data",
            "routing": "routing.yaml",
            "broker": {
                "host": "localhost",
                "port": site.ports.broker,
                "words_identity": str(site.identity("words")),
            },
            "http": {"host": "127.0.0.1", "port": site.ports.console},
            "metrics": {"port": site.ports.collector_metrics},
            "signer": {
                "url": f"http://127.0.0.1:{site.ports.signer}",
                "certificate": signer_cert,
            },
            "cameras": [
                {
                    "device": site.device,
                    "camera": CAMERA,
                    "title": "계양대로 보행자 거리",
                    "title_en": "Gyeyang-daero walkway",
                    "lat": 37.5371,
                    "lon": 126.7377,
                    "address": "인천광역시 계양구 계산동",
                    "bearing_deg": 90,
                    "fov_deg": 90,
                    "range_m": 60,
                },
                *neighbours,
            ],
        },
    )
    _write(
        site.signer_config,
        {
            "identity": str(site.identity("signer")),
            "register_file": str(site.folder / "authority" / "register.yaml"),
            "data": "data",
            "http": {"host": "127.0.0.1", "port": site.ports.signer},
        },
    )


def write_agent(
    site: DemoSite,
    camera_url: str,
    zones: Sequence[Asked],
    rules: Sequence[Asked],
    lines: Sequence[Asked] = (),
    health_s: float = 1,
) -> None:
    """The pole's configuration, once its camera's URL is known."""
    shard = load_register(site.folder / "authority" / "register.yaml").devices[0].shard
    _write(
        site.agent_config,
        {
            "site": SITE,
            "shard": shard,
            "identity": str(site.identity(site.device)),
            "trust": {
                "collector": str(site.identity("collector") / "cert.pem"),
                "signer": str(site.identity("signer") / "cert.pem"),
            },
            "data": "data",
            "broker": {"host": "localhost", "port": site.ports.broker},
            "health_interval_s": health_s,
            "metrics": {"port": site.ports.agent_metrics},
            "ring": {"megabytes": 500, "hours": 1, "least_hours": 0},
            "cameras": [
                {
                    "id": CAMERA,
                    "url": camera_url,
                    "zones": list(zones),
                    "lines": list(lines),
                    "rules": list(rules),
                }
            ],
        },
    )


def _write(path: Path, values: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")
