"""A pole reduced to its uplink: outbox, link and command gate as the agent puts them together."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil

from edge_agent.uplink.certificate import CertificateError, OwnCertificate
from edge_agent.uplink.commands import Answer, CommandFailedError, CommandGate
from edge_agent.uplink.link import COLLECTOR, Link, LinkSettings
from edge_agent.uplink.order import Pace
from edge_agent.uplink.outbox import Limits, Outbox
from edge_agent.uplink.rows import Signer
from edge_agent.uplink.synchronised import time_quality
from edge_agent.uplink.trust import PeerTrust, WallClockGuard
from wire.clock import Clock
from wire.command import Command, EpochBegin, IdentityCertificate
from wire.event import AuditEvent, TimeQuality
from wire.health import Health, RunningModel
from wire.identity import Identity, load_certificate
from wire.names import new_id
from wire.register import load_register
from wire.topics import service_source

LOADED = (RunningModel(name="fire-192-int8", sha256="797db3872dc0"),)
"""What a pole says it runs from the first epoch on that it was told to begin."""


class Uplink:
    """`link.start` begins; the outbox is open from the first."""

    def __init__(
        self,
        authority: Path,
        device: str,
        folder: Path,
        settings: LinkSettings,
        clock: Clock,
        *,
        quality: Callable[[], TimeQuality] = time_quality,
        limits: Limits | None = None,
        pace: Pace | None = None,
    ) -> None:
        """`authority` is the folder of the city's authority, `folder` the pole's data."""
        self.boot_id, self._boot_s = new_id(), time.monotonic()
        self._clock, self._quality = clock, quality
        register = load_register(authority / "register.yaml")
        entry = next(one for one in register.devices if one.name == device)
        service = next(one for one in register.services if one.name == COLLECTOR)
        address = register.address(entry)
        identity = Identity.load(authority / "identities" / device)
        guard = WallClockGuard(load_certificate(identity.cert_file), clock, quality)
        trust = PeerTrust({COLLECTOR: authority / service.certificate}, identity.ca_file, guard)
        self.outbox = Outbox.open(
            folder / "outbox",
            Signer(identity.name, identity.key, address.source),
            clock,
            limits,
            boot_id=self.boot_id,
            pace=pace,
        )
        gate = CommandGate(
            identity.name,
            self.boot_id,
            clock,
            trust.key_of_only(COLLECTOR),
            service_source(address.site, COLLECTOR),
        )
        self.running: tuple[RunningModel, ...] = ()
        self.certified: list[str] = []
        """What was put down of the pole's own certificates."""
        self.certificate = OwnCertificate(identity, guard, self._certified)
        self.link = Link(
            identity,
            address,
            settings,
            self.outbox,
            gate,
            trust,
            self.certificate,
            clock,
            boot_id=self.boot_id,
            version="test",
            health=self._health,
            audit=self._audit,
            models=lambda: self.running,
        )
        self.link.dispatcher.register("epoch.begin", self._begin_epoch)
        self.link.dispatcher.register("identity.certificate", self._take_certificate)

    def close(self) -> None:
        self.link.stop()
        self.outbox.close()

    def _health(self) -> Health:
        return Health(
            boot_id=self.boot_id,
            at=self._clock.now(),
            quality=self._quality(),
            monotonic_s=self._clock.monotonic(),
            uptime_s=time.monotonic() - self._boot_s,
            outbox=self.outbox.figures(),
            mqtt_bytes=self.link.mqtt_bytes,
            clip_bytes=0,
            sessions=0,
            cpu_s=time.process_time(),
            rss_mb=psutil.Process().memory_info().rss / 1e6,
            disk_free_mb=0,
        )

    def _audit(self, code: str, detail: str) -> None:
        entry = AuditEvent(
            action="command.refused",
            at=self._clock.now(),
            quality=self._quality(),
            code=code,
            detail=detail,
        )
        self.outbox.put("audit", entry, severity="moderate")

    def _certified(self, action: str, detail: str, code: str | None) -> None:
        self.certified.append(action)
        values = {"action": action, "detail": detail, "code": code, "at": self._clock.now()}
        entry = AuditEvent.model_validate({**values, "quality": self._quality()})
        self.outbox.put("audit", entry, severity="moderate")

    def _take_certificate(self, command: Command) -> Answer:
        assert isinstance(command.action, IdentityCertificate)
        try:
            if self.certificate.offer(command.action.certificate):
                self.link.connect_anew()
        except CertificateError as error:
            raise CommandFailedError(error.code, error.detail) from error
        return Answer()

    def _begin_epoch(self, command: Command) -> Answer:
        assert isinstance(command.action, EpochBegin)
        forked = command.action.forked_epoch
        self.running = LOADED
        return Answer(message=self.outbox.begin_epoch("commanded", forked=forked))
