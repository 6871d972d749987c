"""Agencies that receive: by MQTT, or with an HTTPS service in a process of its own."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from polewatch.demo.ports import free_port
from provisioning.authority import Authority
from tests.support.broker import HOST, BrokerHandle
from tests.support.lines import whole_lines
from tests.support.mqtt import MqttPeer
from tests.support.wait import wait_until
from wire.envelope import CloudEvent, body, cloud_event
from wire.incident import Incident, IncidentAck
from wire.names import new_id
from wire.topics import agency_ack, agency_incident, agency_rights

SECRET = "7f" * 32
Mode = Literal["ack", "refused", "later", "page", "forbidden", "broken", "slow"]


class MqttAgency:
    """Answers each incident as `mode` says, from a thread of its client."""

    def __init__(self, name: str, broker: BrokerHandle, city: Authority) -> None:
        self.name = name
        self._broker = broker
        self._city = city
        self._peer: MqttPeer | None = None
        self._incidents: list[Incident] = []
        self.mode: Mode = "ack"

    def start(self) -> None:
        self._peer = MqttPeer(self._broker, self._city.identity(self.name)).connect()
        self._peer.subscribe(*agency_rights(self.name).subscribe)

    def stop(self) -> None:
        """Gone from the broker."""
        if self._peer is not None:
            self._incidents = self.incidents()
            self._peer.close()
            self._peer = None

    @property
    def connected(self) -> bool:
        """Whether the broker has not cut it since `start`."""
        return self._peer is not None and self._peer.connected

    @property
    def came(self) -> int:
        """How many messages came since `start`."""
        return 0 if self._peer is None else len(self._peer.received)

    def incidents(self) -> list[Incident]:
        """All that came, in order."""
        if self._peer is None:
            return self._incidents
        return self._incidents + [
            body(CloudEvent.model_validate_json(payload), Incident)
            for topic, payload in self._peer.received
            if topic == agency_incident(self.name)
        ]

    def answer(self, known: set[tuple[str, int]]) -> None:
        """Say a word about each revision that has not had one; `known` remembers which."""
        if self._peer is None or self.mode not in ("ack", "refused"):
            return
        for one in self.incidents():
            if (one.delivery_id, one.revision) in known:
                continue
            known.add((one.delivery_id, one.revision))
            ack = IncidentAck(
                delivery_id=one.delivery_id,
                incident_id=one.incident_id,
                revision=one.revision,
                agency=self.name,
                at=datetime.now(UTC),
                state="received" if self.mode == "ack" else "refused",
                note=None if self.mode == "ack" else "관할 아님",
            )
            event = cloud_event(
                "ack", ack, id=new_id(), source=f"/agency/{self.name}", time=datetime.now(UTC)
            )
            self._peer.publish(
                agency_ack(self.name), event.model_dump_json(exclude_none=True).encode()
            )


class HttpsAgency:
    """A service with the city's certificate that lets only the city's clients in."""

    def __init__(
        self, name: str, kind: Literal["webhook", "cap"], city: Authority, folder: Path
    ) -> None:
        folder.mkdir(parents=True)
        self.name, self.kind, self.folder, self.port = name, kind, folder, free_port()
        self._city = city
        self._process: subprocess.Popen[bytes] | None = None
        server = city.identity("web")
        self.secret_file = folder / "secret"
        self.secret_file.write_text(SECRET)
        self.secret_file.chmod(0o600)
        settings = {
            "kind": kind,
            "port": self.port,
            "certificate": str(server / "cert.pem"),
            "key": str(server / "key.pem"),
            "clients": str(city.ca_file),
        }
        (folder / "receiver.json").write_text(json.dumps(settings))
        self.mode = "ack"

    @property
    def mode(self) -> str:
        return (self.folder / "mode").read_text()

    @mode.setter
    def mode(self, mode: Mode) -> None:
        fresh = self.folder / "mode.new"
        fresh.write_text(mode)
        fresh.replace(self.folder / "mode")

    def endpoint(self, **changed: object) -> dict[str, Any]:
        """Its entry in routing.yaml."""
        ours = self._city.identity("collector")
        entry: dict[str, Any] = {
            "agency": self.name,
            "channel": self.kind,
            "url": f"https://{HOST}:{self.port}/in",
            "ca_file": str(self._city.ca_file),
            "client": {"certificate": str(ours / "cert.pem"), "key": str(ours / "key.pem")},
            "timeout_s": 2.0,
            "secret_file": str(self.secret_file),
        }
        if self.kind == "cap":
            entry |= {"sender": "polewatch@testcity", "sender_name": "시험시 관제센터"}
        return entry | changed

    def start(self) -> None:
        log = self.folder / "receiver.log"
        before = whole_lines(log).count("ready")
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.https_receiver", str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        ready = f"the receiver {self.name}"
        wait_until(lambda: whole_lines(log).count("ready") > before, 60, ready)

    def stop(self) -> None:
        """As a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def requests(self) -> list[dict[str, Any]]:
        """All that came, bodies as bytes."""
        found = [json.loads(line) for line in whole_lines(self.folder / "requests.jsonl")]
        for one in found:
            one["body"] = base64.b64decode(one["body"])
        return found


def keep_answering(agency: MqttAgency, until: Callable[[], object], timeout_s: float) -> None:
    """Let an MQTT agency answer until the condition holds."""
    known: set[tuple[str, int]] = set()

    def turn() -> object:
        agency.answer(known)
        return until()

    wait_until(turn, timeout_s, f"what is waited for while {agency.name} answers")
