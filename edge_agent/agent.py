"""The agent's composition root: which parts there are and in which order they start and end."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from edge_agent.camera.faults import redact
from edge_agent.camera.glimpse import Glimpses
from edge_agent.clips.coverage import recording_handler
from edge_agent.clips.grant import GrantDesk
from edge_agent.clips.hold_desk import HoldDesk
from edge_agent.clips.session import SessionHost
from edge_agent.clips.session_commands import session_handlers, session_news
from edge_agent.config import AgentSettings, CameraSettings
from edge_agent.disk_watch import DiskWatch
from edge_agent.drawn.desk import RulesDesk
from edge_agent.drawn.trial import TrialDesk
from edge_agent.drawn.vault import RulesVault, effective, rules_folder, rules_of
from edge_agent.export_notes import pass_on
from edge_agent.export_setting import export_desk
from edge_agent.eyes import Eyes
from edge_agent.facilities.desk import FacilityDesk, facility_handler
from edge_agent.health import FIGURES_S, HealthBook, WatchedCamera
from edge_agent.metrics import families
from edge_agent.plates.desk import PlateDesk
from edge_agent.plates.list_desk import ListDesk, watchlist_handler
from edge_agent.plates.list_vault import ListVault
from edge_agent.plates.search import crop_handler, search_handler
from edge_agent.plates.shipped import shipped_finder
from edge_agent.plates.trace_desk import TraceDesk, trace_handler
from edge_agent.ring_keeper import RingKeeper
from edge_agent.rules.base import wants_plates
from edge_agent.sight.attention import Attention
from edge_agent.sight.scheduler import InferenceScheduler
from edge_agent.uplink.certificate import CertificateError, OwnCertificate
from edge_agent.uplink.commands import Answer, CommandFailedError, CommandGate
from edge_agent.uplink.link import COLLECTOR, Link, LinkSettings
from edge_agent.uplink.outbox import Limits, Outbox
from edge_agent.uplink.report import Reporter, ReportSettings
from edge_agent.uplink.rows import Signer
from edge_agent.uplink.store import OutboxError
from edge_agent.uplink.synchronised import time_quality
from edge_agent.uplink.trust import PeerTrust, WallClockGuard
from edge_agent.watch import CameraWatch
from models.registry import Registry
from wire.camera_rules import CameraRules
from wire.clock import Clock, SystemClock
from wire.command import Command, EpochBegin, IdentityCertificate
from wire.exposition import MetricsServer
from wire.health import OutboxHealth
from wire.identity import Identity, IdentityError, load_certificate
from wire.logs import print_ready
from wire.names import new_id
from wire.sealed import BootKey
from wire.settings import SettingsError
from wire.supervisor import Supervisor
from wire.topics import DeviceAddress, service_source

SIGNER = "signer"
LIMITS_EVERY_S = 60.0
MOST_DROPPED = 64
"""Counters that a health report holds."""
DRAIN_S = 5.0

log = structlog.get_logger()


class Agent:
    """One box. `run` starts everything, waits, and ends everything."""

    def __init__(self, settings: AgentSettings, version: str, clock: Clock | None = None) -> None:
        """Raises IdentityError, ModelError, OutboxError or SettingsError, each with its remedy."""
        self._clock = clock or SystemClock()
        self.boot_id = new_id()
        self._limits_due_s = 0.0
        self._last_waiting = OutboxHealth(depth=0, parked=0, lost=0, oldest_s=0.0)
        identity = Identity.load(settings.identity)
        self.address = DeviceAddress(settings.site, settings.shard, identity.name)
        guard = WallClockGuard(load_certificate(identity.cert_file), self._clock, time_quality)
        trust = PeerTrust(
            {COLLECTOR: settings.trust.collector, SIGNER: settings.trust.signer},
            identity.ca_file,
            guard,
        )
        signer_key = trust.key_of(SIGNER)
        if signer_key is None:
            raise IdentityError(
                f"{settings.trust.signer} is not valid now; fetch the signer's new certificate"
            )
        vault = RulesVault(rules_folder(settings.data))
        counts = rules_of(settings, vault)
        self._settings = effective(settings, counts)
        self._eyes = Eyes(
            settings.model,
            settings.fine_model,
            settings.time_zone,
            threads=settings.detector_threads,
        )
        self._eyes.load(self._settings.cameras)
        settings.data.mkdir(parents=True, exist_ok=True)
        self._signer = Signer(identity.name, identity.key, self.address.source)
        self._outbox = Outbox.open(
            settings.data / "outbox",
            self._signer,
            self._clock,
            Limits(
                bytes=settings.outbox.megabytes * 1_000_000,
                age_s=settings.outbox.days * 86_400,
            ),
            boot_id=self.boot_id,
        )
        self._reporter = Reporter(
            self._outbox,
            self._clock,
            boot_id=self.boot_id,
            quality=time_quality,
            settings=ReportSettings(
                still_max_bytes=settings.still.max_kilobytes * 1024,
                still_longest_edge=settings.still.longest_edge,
            ),
        )
        key = BootKey()
        self._lists = ListDesk(
            ListVault(settings.data / "watchlists", identity.key),
            key,
            identity.name,
            guard.now,
            self._reporter.audit,
        )
        self._facilities = FacilityDesk(
            settings.facilities,
            self._clock,
            ZoneInfo(settings.time_zone),
            self._reporter.audit,
            self._reporter.pressed,
        )
        self._scheduler = InferenceScheduler(self._clock, settings.inference_workers)
        self._rules = RulesDesk(settings, vault, counts, self._clock, self._reporter.audit)
        every = (*settings.cameras, *self._settings.cameras)
        self._plate_cameras = {camera.id for camera in every if wants_plates(camera)}
        self._plates = self._plate_desk(identity, key, guard)
        self._cameras = self._make_cameras()
        self._rules.watches(self._prepare_rules, self._plate_cameras)
        self._keeper = RingKeeper(
            settings,
            {camera.id: camera.ring for camera in self._cameras},
            self._clock,
            self._reporter.audit,
        )
        self._keeper.plan()
        self._disk = DiskWatch(settings.data, self._clock)
        self._trials = TrialDesk(
            rules_folder(settings.data),
            self._rules,
            {camera.id: camera.ring for camera in self._cameras},
            self._clock,
            self._reporter.audit,
        )
        self._holds = HoldDesk(
            {camera.id: camera.ring.keeping for camera in self._cameras}, self._reporter.audit
        )
        self._grants = GrantDesk(
            settings.data / "grants.sqlite", identity.name, signer_key, self._clock
        )
        self._exports = export_desk(
            settings, version, {camera.id: camera.ring for camera in self._cameras}
        )
        self._sessions = SessionHost(
            {camera.id: camera.clip_source for camera in self._cameras},
            self._grants,
            self._clock,
            session_news(self._reporter),
            max_sessions=settings.clips.max_sessions,
            exports=self._exports,
        )
        source = service_source(settings.site, COLLECTOR)
        gate = CommandGate(
            identity.name,
            self.boot_id,
            self._clock,
            trust.key_of_only(COLLECTOR),
            source,
            key.public,
        )
        self._health = HealthBook(
            boot_id=self.boot_id,
            clock=self._clock,
            folder=settings.data,
            cameras=[
                WatchedCamera(camera.pipeline, camera.ring, camera.size) for camera in self._cameras
            ],
            shares=self._keeper.shares,
            outbox=self._waiting,
            mqtt_bytes=lambda: self._link.mqtt_bytes,
            clip_bytes=lambda: self._sessions.bytes_sent,
            sessions=lambda: self._sessions.count,
            dropped=self._dropped,
            faults=self._faults,
            lists=self._lists,
            rules=self._rules.told,
            facilities=self._facilities.states,
            every_s=min(FIGURES_S, settings.health_interval_s),
        )
        self._certificate = OwnCertificate(identity, guard, self._on_certificate)
        self._link = Link(
            identity,
            self.address,
            LinkSettings(
                settings.broker.host,
                settings.broker.port,
                settings.broker.uplink_bytes_per_s,
                settings.health_interval_s,
            ),
            self._outbox,
            gate,
            trust,
            self._certificate,
            self._clock,
            boot_id=self.boot_id,
            version=version,
            health=lambda: self._health.latest,
            audit=self._on_refusal,
            models=self._eyes.running,
        )
        self._register_handlers()
        metrics = settings.metrics
        self._metrics = (
            MetricsServer(metrics, lambda: families(self._health.latest)) if metrics else None
        )

    def run(self, stop: threading.Event, ready: bool = False) -> None:
        """Start, wait for `stop`, end. With `ready`, prints one JSON line when all is started."""
        self._start()
        log.info("agent.started", device=self.address.device, cameras=len(self._cameras))
        supervisor = Supervisor()
        supervisor.ready()
        if ready:
            print_ready(device=self.address.device)
        try:
            while not self._clock.wait(stop, self._health.every_s):
                self._upkeep()
                supervisor.alive()
        finally:
            supervisor.stopping()
            self._end()

    def _make_cameras(self) -> list[CameraWatch]:
        return [
            watch
            for camera in self._settings.cameras
            if (watch := self._make_camera(camera)) is not None
        ]

    def _make_camera(self, camera: CameraSettings) -> CameraWatch | None:
        glimpses, plates = None, None
        if self._plates is not None and camera.id in self._plate_cameras:
            glimpses = None if camera.sub_url is None else Glimpses(camera.id)
            plates = self._plates.stage(camera.id, glimpses)
        analysis = self._eyes.watch(
            camera,
            plates=plates if wants_plates(camera) else None,
            attention=Attention(camera),
        )
        try:
            return CameraWatch(
                self._settings,
                camera,
                self._clock,
                analysis,
                self._scheduler,
                self._reporter,
                self._signer,
                lambda kind: self._eyes.model_of(kind, self._rules.sha256),
                glimpses,
                plates,
                self._facilities.found,
            )
        except SettingsError as error:
            # The others go on; this one is reported down with what is wrong.
            log.error("camera.config", camera=camera.id, url=redact(camera.url), detail=str(error))
            self._reporter.camera(camera.id, "down", "config.invalid", str(error))
            return None

    def _prepare_rules(self, camera: str, rules: CameraRules) -> Callable[[], None]:
        """What has a camera watched for other rules, once it is called. Raises ModelError."""
        watch = next((one for one in self._cameras if one.id == camera), None)
        if watch is None:
            # Its credentials are wrong: the rules count when it runs again.
            return lambda: None
        plates = watch.plates if wants_plates(rules) else None
        analysis = self._eyes.watch_for(watch.pipeline.analysis, rules, plates)
        return partial(watch.watch_for, rules, analysis)

    def _plate_desk(
        self, identity: Identity, key: BootKey, guard: WallClockGuard
    ) -> PlateDesk | None:
        """What reads plates, when a camera asks for it."""
        settings = self._settings
        if not self._plate_cameras:
            return None
        finder = shipped_finder(Registry.default(), settings.detector_threads)
        self._eyes.reads_plates(finder)
        traces = TraceDesk(
            settings.data / "traces",
            identity.key,
            key,
            identity.name,
            guard.now,
            self._clock.monotonic,
            self._reporter.audit,
            lambda sighting: self._link.sighted(sighting),
        )
        try:
            return PlateDesk(
                settings.data,
                finder,
                self._lists.match,
                self._scheduler,
                guard.now,
                self._clock.monotonic,
                days=settings.plates.diary_days,
                megabytes=settings.plates.diary_megabytes,
                traces=traces,
            )
        except sqlite3.Error as error:
            raise SettingsError(
                f"{settings.data}: the diary of plates cannot be opened ({error}); "
                "check the disk and who may write there"
            ) from error

    def _start(self) -> None:
        self._reporter.start()
        self._lists.report_lost()
        self._trials.start()
        if self._plates is not None:
            self._plates.start()
        try:
            self._exports.clear()
        except OSError as error:
            log.error("export.left", error=str(error))
        self._sessions.start()
        self._link.start()
        self._scheduler.start()
        self._facilities.start()
        for camera in self._cameras:
            camera.start()

    def _end(self) -> None:
        self._trials.stop()
        for camera in self._cameras:
            camera.stop()
        self._facilities.stop()
        self._scheduler.stop()
        if self._plates is not None:
            self._plates.close()
        self._sessions.stop()
        self._reporter.close()
        self._drain()
        if self._metrics is not None:
            self._metrics.stop()
        self._link.stop()
        self._health.report()
        for camera in self._cameras:
            camera.close()
        self._outbox.close()
        self._grants.close()
        log.info("agent.stopped", device=self.address.device)

    def _drain(self) -> None:
        """Give what is committed a moment to be receipted; what is not waits on the disk."""
        deadline = self._clock.monotonic() + DRAIN_S
        never = threading.Event()
        while self._link.connected and self._waiting().depth and self._clock.monotonic() < deadline:
            self._clock.wait(never, 0.05)

    def _upkeep(self) -> None:
        self._health.report()
        if self._plates is not None:
            self._plates.traces.end_expired()
        now_s = self._clock.monotonic()
        if now_s < self._limits_due_s:
            return
        self._limits_due_s = now_s + LIMITS_EVERY_S
        self._lists.end_expired()
        self._keeper.plan()
        self._keeper.enforce()
        self._keeper.tell_deleted()
        self._pass_on_exports()
        if self._plates is not None:
            self._plates.end_expired()
        try:
            self._outbox.enforce_limits()
        except OutboxError as error:
            log.error("outbox.limits", code=error.code, detail=str(error))

    def _pass_on_exports(self) -> None:
        try:
            pass_on(self._settings.data, self._reporter.audit)
        except OSError as error:
            # They wait there; the disk's fault is the ring's and the outbox's to tell.
            log.error("export.notes", error=str(error))

    def _waiting(self) -> OutboxHealth:
        try:
            self._last_waiting = self._outbox.figures()
        except OutboxError as error:
            # The fault itself is the reporter's to tell; the newest known figures stand meanwhile.
            log.error("outbox.figures", code=error.code, detail=str(error))
        return self._last_waiting

    def _dropped(self) -> dict[str, int]:
        totals = {"reports": self._reporter.dropped, **self._link.dropped}
        totals["facilities"] = self._facilities.dropped
        for camera in self._cameras:
            totals |= camera.dropped()
        if self._plates is not None:
            totals |= self._plates.dropped()
        largest = sorted(totals.items(), key=lambda item: -item[1])[:MOST_DROPPED]
        return {name: count for name, count in sorted(largest) if count}

    def _faults(self) -> list[str]:
        found = {self._link.fault, self._reporter.fault, self._disk.fault()}
        found |= {camera.disk_fault for camera in self._cameras}
        found |= self._keeper.faults() | self._rules.faults
        found |= self._facilities.faults()
        return sorted(code for code in found if code)

    def _register_handlers(self) -> None:
        register = self._link.dispatcher.register
        for kind, handler in session_handlers(self._sessions).items():
            register(kind, handler)
        rings = {camera.id: camera.ring for camera in self._cameras}
        register("recording.show", recording_handler(rings))
        register("epoch.begin", self._epoch_begin)
        register("watchlist.delta", watchlist_handler(self._lists))
        if self._plates is not None:
            register("plates.search", search_handler(self._plates.search, self._reporter.audit))
            register("plates.crop", crop_handler(self._plates.search, self._reporter.audit))
            register("trace.begin", trace_handler(self._plates.traces))
            register("trace.end", trace_handler(self._plates.traces))
        register("config.apply", self._rules.apply)
        register("rules.show", self._rules.show)
        register("rules.try", self._trials.begin)
        register("rules.trial.show", self._trials.show)
        register("rules.trial.end", self._trials.end)
        register("hold.place", self._holds.place)
        register("hold.release", self._holds.release)
        register("hold.end", self._holds.end)
        register("identity.certificate", self._take_certificate)
        register("facility.switch", facility_handler(self._facilities))

    def _epoch_begin(self, command: Command) -> Answer:
        if not isinstance(command.action, EpochBegin):
            raise CommandFailedError("command.invalid", "no epoch")
        try:
            self._outbox.begin_epoch("commanded", forked=command.action.forked_epoch)
        except OutboxError as error:
            raise CommandFailedError(error.code, error.detail) from error
        return Answer()

    def _take_certificate(self, command: Command) -> Answer:
        if not isinstance(command.action, IdentityCertificate):
            raise CommandFailedError("command.invalid", "no certificate")
        try:
            if self._certificate.offer(command.action.certificate):
                self._link.connect_anew()
        except CertificateError as error:
            self._on_certificate("certificate.refused", error.detail, error.code)
            raise CommandFailedError(error.code, error.detail) from error
        return Answer()

    def _on_certificate(self, action: str, detail: str, code: str | None) -> None:
        self._reporter.audit(action, detail=detail[:500], code=code)

    def _on_refusal(self, code: str, detail: str) -> None:
        self._reporter.audit("command.refused", code=code, detail=detail[:500])
