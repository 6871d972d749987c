"""The centre of a run: a throw-away city with its broker and one collector, as they ship."""

from __future__ import annotations

import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml
from joserfc.jwk import OKPKey

from polewatch.demo.ports import HOST, free_port
from polewatch.demo.processes import Family
from polewatch.demo.site import AGENCIES, LOOPBACK, ROUTES
from polewatch.fleet import brokers
from polewatch.fleet.brokers import Broker
from polewatch.fleet.city_day import CAMERA
from polewatch.fleet.options import Kind
from provisioning.authority import Authority
from wire.clock import SystemClock
from wire.identity import Identity, load_authorities, load_certificate, signing_key_of
from wire.register import load_register
from wire.topics import DeviceAddress

SITE = "fleet-city"
COLLECTOR, WORDS, PROBE = "collector", "words", "probe"
"""`probe` has a collector's rights at the broker, for peers that are measured beside it."""
READY_S = 120.0
LASTING = ("incident", "incident_finding", "incident_step", "delivery")
"""Tables that `retention.incidents_days` is about."""
AGENCY_OF: dict[str, str] = {
    kind: route["agencies"][0] for route in ROUTES["routes"] for kind in route["types"]
}
OTHERWISE: str = ROUTES["otherwise"][0]
NORTH, EAST = 37.5371, 126.7377
"""Gyeyang-gu's office; the cameras stand in a grid around it."""
STEP_DEG = 0.001


@dataclass(frozen=True, slots=True)
class Stored:
    """What the collector's database says."""

    messages: int
    forks: int
    duplicates: int
    """Redeliveries dropped by their id."""
    missing: int
    """Numbers that never came and are not accounted for."""
    quarantined: dict[str, int]
    """Refused messages that are kept, by reason."""
    deliveries_open: int
    """Deliveries that no agency has acknowledged."""
    megabytes: float
    """Of the database's files."""
    incidents_megabytes: float
    """Of them what outlives its events: incidents, their steps and findings, deliveries."""


class FleetCity:
    """Keys of everybody, configurations, and the processes of the centre."""

    def __init__(self, folder: Path, keys: Path, devices: int, kind: Kind) -> None:
        """Fill `folder` and, with everybody's keys, `keys`; both must be empty or absent.

        Two thousand keys take a disk half a minute and memory (`/dev/shm`) a second.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.authority = Authority.init(keys / "authority", SITE)
        with self.authority.batch():
            for number in range(devices):
                self.authority.issue_device(f"pole-{number:05d}")
            for agency in AGENCIES:
                self.authority.issue_agency(agency)
            for name, role in (
                ("broker", "broker"),
                (COLLECTOR, "collector"),
                (WORDS, "words"),
                (PROBE, "collector"),
            ):
                self.authority.issue_service(name, role, hosts=LOOPBACK)  # type: ignore[arg-type]  # both are roles
            self.authority.issue_service("signer", "signer", hosts=LOOPBACK)
        self.family = Family(folder / "logs")
        self.broker: Broker = brokers.make(kind, self.authority, folder / "broker", self.family)
        self.collector_port = (
            free_port() if len(self.broker.doors) > 1 else self.broker.doors[0].port
        )
        """Where the collector finds the broker: a forwarder's, where the broker has several."""
        self._configure()

    def identity(self, name: str) -> Identity:
        return Identity.load(self.authority.identity(name))

    def devices(self) -> list[tuple[Identity, DeviceAddress]]:
        """Keys and addresses of all devices, in the order of their enrolment."""
        register = load_register(self.authority.register_file)
        return [(self.identity(one.name), register.address(one)) for one in register.devices]

    def collector_key(self) -> OKPKey:
        """What receipts are signed with."""
        certificate = load_certificate(self.authority.identity(COLLECTOR) / "cert.pem")
        authorities = load_authorities(self.authority.ca_file)
        return signing_key_of(certificate, authorities, now=SystemClock().now())

    def start_collector(self) -> None:
        """Start it, also again on its own data; raises ProcessError."""
        argv = [sys.executable, "-m", "polewatch", "collector", "run", "--print-ready"]
        child = self.family.start(COLLECTOR, [*argv, "--config", str(self._config)])
        child.wait_for(lambda line: '"ready": true' in line, READY_S, "ready")

    def kill_collector(self) -> None:
        """As a crash would."""
        self.family.children.pop(COLLECTOR).kill()

    def close(self) -> None:
        """End everything that runs."""
        self.family.stop()
        self.broker.stop()

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds since their start, of the broker's processes together and the collector."""
        return {name: sum(_cpu_s(pid) for pid in pids) for name, pids in self._pids().items()}

    def rss_mb(self) -> dict[str, float]:
        """Resident memory of the same."""
        return {
            name: round(sum(psutil.Process(pid).memory_info().rss for pid in pids) / 1e6, 1)
            for name, pids in self._pids().items()
        }

    def stored(self) -> Stored:
        """Read beside the collector; raises sqlite3.Error."""
        file = self.folder / "collector" / "data" / "collector.sqlite"
        run = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)
        try:
            counts: Any = run.execute(
                "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM event WHERE forked),"
                " (SELECT coalesce(sum(duplicates), 0) FROM device),"
                " (SELECT coalesce(sum(missing), 0) FROM progress),"
                " (SELECT count(*) FROM delivery WHERE state <> 'done')"
            ).fetchone()
            refused = run.execute("SELECT reason, count(*) FROM quarantine GROUP BY reason")
            kept = {str(reason): int(count) for reason, count in refused}
            lasting = ", ".join(f"'{table}'" for table in LASTING)
            outlives = run.execute(
                "SELECT sum(pgsize) FROM dbstat WHERE name IN"
                f" (SELECT name FROM sqlite_master WHERE tbl_name IN ({lasting}))"
            ).fetchone()[0]
        finally:
            run.close()
        size = sum(one.stat().st_size for one in file.parent.glob("collector.sqlite*"))
        messages, forks, duplicates, missing, waiting = counts
        megabytes = (round(size / 1e6, 1), round(outlives / 1e6, 1))
        return Stored(messages, forks, duplicates, missing, kept, waiting, *megabytes)

    def stored_ids(self) -> set[str]:
        """Ids of all messages that the collector has; raises sqlite3.Error."""
        file = self.folder / "collector" / "data" / "collector.sqlite"
        run = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)
        try:
            return {str(id) for (id,) in run.execute("SELECT id FROM event")}
        finally:
            run.close()

    def _pids(self) -> dict[str, list[int]]:
        child = self.family.children.get(COLLECTOR)
        collector = [] if child is None or child.returncode is not None else [child.pid]
        return {"broker": self.broker.pids(), "collector": collector}

    def _configure(self) -> None:
        folder = self.folder / "collector"
        folder.mkdir()
        (folder / "routing.yaml").write_text(yaml.safe_dump(ROUTES))
        self._config = folder / "collector.yaml"
        signer = self.authority.identity("signer") / "cert.pem"
        settings = {
            "site": SITE,
            "identity": str(self.authority.identity(COLLECTOR)),
            "register_file": str(self.authority.register_file),
            "data": "data",
            "routing": "routing.yaml",
            "broker": {
                "host": HOST,
                "port": self.collector_port,
                "words_identity": str(self.authority.identity(WORDS)),
            },
            "http": {"host": HOST, "port": 0},
            "signer": {"url": f"http://{HOST}:1", "certificate": str(signer)},
            "cameras": [
                {
                    "device": one.name,
                    "camera": CAMERA,
                    "title": f"계양 {number + 1}번",
                    "lat": NORTH + STEP_DEG * (number // 50),
                    "lon": EAST + STEP_DEG * (number % 50),
                }
                for number, one in enumerate(self.authority.register.devices)
            ],
        }
        self._config.write_text(yaml.safe_dump(settings, allow_unicode=True))


def _cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
