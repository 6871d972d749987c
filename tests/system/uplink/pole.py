"""A pole reduced to its uplink, as a process: puts events, delivers what it has, tells how it is.

Prints one JSON object a line: `{"put": id}` after each commit, and `{"figures": …}` twice a second.
Ends on SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import structlog

from edge_agent.uplink.commands import Answer, CommandGate
from edge_agent.uplink.link import COLLECTOR, Link, LinkSettings
from edge_agent.uplink.outbox import Limits, Outbox
from edge_agent.uplink.rows import Signer
from edge_agent.uplink.synchronised import time_quality
from edge_agent.uplink.trust import PeerTrust, WallClockGuard
from tests.support.findings import event
from wire.clock import SystemClock
from wire.command import Command, EpochBegin
from wire.event import AuditEvent, Severity
from wire.health import Health
from wire.identity import Identity, load_certificate
from wire.names import new_id
from wire.register import load_register
from wire.topics import service_source

SEVERITIES: tuple[Severity, ...] = ("minor", "moderate", "severe")


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--authority", type=Path, required=True)
    parser.add_argument("--device", default="pole-001-1")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--events", type=int, default=0)
    parser.add_argument("--still-bytes", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.0, help="bytes a second; 0: no bound")
    parser.add_argument("--health-s", type=float, default=0.5)
    arguments = parser.parse_args()

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    clock, boot_id, boot_s = SystemClock(), new_id(), time.monotonic()
    register = load_register(arguments.authority / "register.yaml")
    entry = next(device for device in register.devices if device.name == arguments.device)
    service = next(one for one in register.services if one.name == COLLECTOR)
    address = register.address(entry)
    identity = Identity.load(arguments.authority / "identities" / arguments.device)
    guard = WallClockGuard(load_certificate(identity.cert_file), clock, time_quality)
    trust = PeerTrust(
        {COLLECTOR: arguments.authority / service.certificate}, identity.ca_file, guard
    )
    outbox = Outbox.open(
        arguments.folder / "outbox",
        Signer(identity.name, identity.key, address.source),
        clock,
        Limits(),
        boot_id=boot_id,
    )
    gate = CommandGate(
        identity.name,
        boot_id,
        clock,
        trust.key_of_only(COLLECTOR),
        service_source(address.site, COLLECTOR),
    )

    def health() -> Health:
        return Health(
            boot_id=boot_id,
            at=clock.now(),
            quality=time_quality(),
            monotonic_s=clock.monotonic(),
            uptime_s=time.monotonic() - boot_s,
            outbox=outbox.figures(),
            mqtt_bytes=link.mqtt_bytes,
            clip_bytes=0,
            sessions=0,
            cpu_s=time.process_time(),
            rss_mb=psutil.Process().memory_info().rss / 1e6,
            disk_free_mb=0,
        )

    def audit(code: str, detail: str) -> None:
        entry = AuditEvent(
            action="command.refused",
            at=clock.now(),
            quality=time_quality(),
            code=code,
            detail=detail,
        )
        outbox.put("audit", entry, severity="moderate")

    def begin_epoch(command: Command) -> Answer:
        assert isinstance(command.action, EpochBegin)
        return Answer(message=outbox.begin_epoch("commanded", forked=command.action.forked_epoch))

    link = Link(
        identity,
        address,
        LinkSettings(
            arguments.host,
            arguments.port,
            bytes_per_s=arguments.rate or None,
            health_interval_s=arguments.health_s,
            retry_first_s=0.2,
            retry_limit_s=2.0,
        ),
        outbox,
        gate,
        trust,
        guard,
        clock,
        boot_id=boot_id,
        version="test",
        health=health,
        audit=audit,
    )
    link.dispatcher.register("epoch.begin", begin_epoch)
    link.start()
    rng = random.Random(arguments.events)
    for number in range(arguments.events):
        severity = SEVERITIES[number % 3]
        still = b"\xff\xd8\xff" + rng.randbytes(arguments.still_bytes)
        picture = still if arguments.still_bytes else None
        stored = outbox.put(
            "finding", event(severity, picture), severity=severity, subject="cam-1", still=picture
        )
        say(put=stored.id)
    while not stop.wait(0.5):
        say(
            figures=outbox.figures().model_dump(),
            connected=link.connected,
            fault=link.fault,
            mqtt_bytes=link.mqtt_bytes,
            refused=dict(link.refusals.by_code),
        )
    link.stop()
    outbox.close()


if __name__ == "__main__":
    main()
