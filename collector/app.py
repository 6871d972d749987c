"""The composition root: who is given what, started in this order and ended in the reverse one."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from collector.broker_log import BrokerLog
from collector.certificates import CertificateDesk
from collector.changes import Changes
from collector.channels.base import Channel
from collector.channels.cap import CapChannel
from collector.channels.mqtt import MqttChannel
from collector.channels.webhook import WebhookChannel
from collector.commander import Commander
from collector.config import CollectorSettings
from collector.dispatch import Dispatch
from collector.endpoints import HttpsEndpoint, MqttEndpoint
from collector.gaps import MAX_RANGES, GapKeeper
from collector.inbox import PATIENCE_S, Inbox
from collector.incident_desk import IncidentDesk
from collector.intake import Effects, Intake
from collector.links import Links
from collector.metrics import Figures
from collector.orders import OrderDesk
from collector.persons import Persons
from collector.rescue import open_database
from collector.retention import Retention
from collector.routing_file import RoutingFile
from collector.sealing import Sealer
from collector.services.boards.drivers.web import Screens
from collector.services.boards.keeper import BoardKeeper
from collector.services.boards.registry import Boards, load_boards
from collector.services.disaster.case import Alerts
from collector.services.disaster.keeper import DisasterKeeper
from collector.services.estate.keeper import EstateKeeper
from collector.services.estate.release import release
from collector.services.estate.world import WorldView
from collector.services.rules.keeper import RulesKeeper
from collector.services.tracing.desk import TraceDesk
from collector.services.tracing.keeper import TraceKeeper
from collector.services.vehicle_lists.keeper import ListKeeper
from collector.serving import WebServer, listen
from collector.store.holder import Holder
from collector.store.reader import Reader
from collector.store.refusals import Bounds
from collector.trust import TrustKeeper
from collector.upkeep import Upkeep
from collector.voice import Voice
from collector.web import WebParts, build_web
from wire.clock import Clock
from wire.command import EpochBegin
from wire.exposition import MetricsServer
from wire.identity import Identity
from wire.supervisor import Supervisor
from wire.topics import DeviceAddress, service_source

log = structlog.get_logger()

BROKER_WAIT_S = 20.0
"""The ready line waits so long for the broker, then comes without it: the console works alone."""
FORK_EVERY_S = 60.0
WATCH_S = 0.5
STUCK_S = 30.0
"""A batch takes less than a second, and the longest pause before a full disk is tried again 10."""


class Collector:
    """One running collector. Construct, `run`, and it is gone when that returns."""

    def __init__(self, settings: CollectorSettings, clock: Clock) -> None:
        """Open everything; raises IdentityError, RegisterError, SettingsError, StoreError,
        ListenError, each with its remedy."""
        self._settings = settings
        self._clock = clock
        self._identity = Identity.load(settings.identity)
        self._trust = TrustKeeper(settings.register_file, clock)
        groups = {one.group for one in settings.cameras if one.group is not None}
        boards = load_boards(settings.boards) if settings.boards else Boards()
        self._routing = RoutingFile(settings.routing, self._trust.agencies, groups, boards.names)
        self._persons = Persons(settings.signer.certificate, self._identity.ca_file, clock)
        self._listener = listen(settings.http.host, settings.http.port)
        self._desk = IncidentDesk(settings, self._routing.current)
        self._holder = Holder(settings.data)
        self._database = open_database(settings, self._trust, self._desk, clock)
        self._changes = Changes()
        self._voice = Voice(self._identity, settings.site, clock)
        self._forks: dict[tuple[str, str], float] = {}
        inbox = settings.inbox
        intake = Intake(self._desk, Bounds.of(inbox))
        gaps = GapKeeper(
            inbox,
            clock,
            gaps_of=lambda run, device, epoch: intake.numbers(run, device, epoch).gaps(MAX_RANGES),
            address_of=self._trust.device_address,
            ask=self._ask_for_gap,
        )
        self._links = Links(
            self._identity,
            settings.broker,
            lambda message: self._inbox.offer(message),
            lambda: self._dispatch.wake(),
        )
        self._inbox = Inbox(
            inbox,
            self._database,
            self._trust,
            intake,
            gaps,
            clock,
            done=self._links.done,
            announce=self._announce,
            words_apart=self._links.words_apart,
            # On a single session receipts would not go out while it is left unread.
            patience_s=PATIENCE_S if self._links.words_apart else 0.0,
        )
        self._commander = Commander(
            self._voice,
            clock,
            publish=self._links.publish,
            address_of=self._trust.device_address,
            timeout_s=settings.command_timeout_s,
        )
        self._orders = OrderDesk(self._database, self._commander, clock)
        self._traced = TraceDesk(
            self._database, settings.places(), clock, settings.traces.most_hours
        )
        self._traces = TraceKeeper(
            self._traced, self._database, self._commander, self._trust.devices, clock
        )
        self._lists = ListKeeper(self._database, self._commander, self._trust.devices, clock)
        self._estate = self._kept_estate(boards)
        self._rules = RulesKeeper(self._database, self._commander, clock)
        source = service_source(settings.site, self._identity.name)
        self._certificates = CertificateDesk(self._commander, clock, self._trust.device_certificate)
        mqtt = MqttChannel(
            source,
            clock,
            publish=self._links.publish,
            is_up=lambda: self._links.can_publish,
            agencies=self._trust.agencies,
            endpoint_of=self._endpoint_of,
        )
        channels: dict[str, Channel] = {
            "mqtt": mqtt,
            "cap": CapChannel(settings.zone, settings.places(), self._endpoint_of),
            "webhook": WebhookChannel(source, clock, self._endpoint_of),
        }
        log_file = settings.broker.log_file
        self._broker_log = BrokerLog(log_file, self._database, clock) if log_file else None
        self._upkeep = self._kept_up()
        self._dispatch = Dispatch(
            settings,
            self._database,
            self._desk,
            channels,
            self._routing.current,
            self._changes,
            clock,
            behind=lambda: self._inbox.behind,
        )
        self._metrics = self._told_figures()

        self._alerts = Alerts(self._desk, clock)
        self._disasters = DisasterKeeper(
            settings,
            self._identity,
            self._database,
            self._alerts,
            self._changes,
            clock,
            self._dispatch.wake,
            lambda what: self._web.withdrawn(what),
        )
        screens = Screens(self._changes)
        self._boards = BoardKeeper(
            settings, boards, self._desk, self._database, self._changes, clock, screens
        )
        self._web = build_web(self._web_parts(boards, screens))

    def run(self, on_ready: Callable[[str], None] | None = None) -> int:
        """Until SIGTERM or SIGINT, on the main thread; returns the exit code."""
        tls = self._settings.http.tls
        server = WebServer(
            self._web.app,
            self._listener,
            tls=(str(tls.certificate), str(tls.key)) if tls else None,
            on_ready=(lambda: on_ready(server.url)) if on_ready else None,
        )
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(server, over), daemon=True)
        self._inbox.start()
        self._dispatch.start()
        self._orders.start()
        self._lists.start()
        self._traces.start()
        self._estate.start()
        self._rules.start()
        self._disasters.start()
        self._boards.start()
        self._upkeep.start()
        self._certificates.start()
        self._web.permits.start()
        self._links.start()
        if self._broker_log is not None:
            self._broker_log.start()
        watcher.start()
        try:
            self._links.wait_up(BROKER_WAIT_S)
            log.info("collector.started", http=server.url, broker=self._links.up)
            server.run()
        finally:
            over.set()
            self._links.stop()
            if self._broker_log is not None:
                self._broker_log.stop()
            self._web.permits.stop()
            self._upkeep.stop()
            self._certificates.stop()
            self._orders.stop()
            self._lists.stop()
            self._traces.stop()
            self._estate.stop()
            self._rules.stop()
            self._disasters.stop()
            self._boards.stop()
            self._inbox.stop()
            self._dispatch.stop()
            if self._metrics is not None:
                self._metrics.stop()
            self._database.close()
            self._holder.release()
            log.info("collector.stopped", **vars(self._inbox.counts))
        return 1 if self._broken() else 0

    def _endpoint_of(self, agency: str, channel: str) -> HttpsEndpoint | MqttEndpoint | None:
        return self._routing.current().endpoint(agency, channel)

    def _watch(self, server: WebServer, over: threading.Event) -> None:
        """A collector of which a part has died, or stands still, must not look alive."""
        supervisor = Supervisor()
        supervisor.ready()
        while not over.wait(WATCH_S):
            if self._broken():
                log.error("collector.broken", remedy="see the error above; it ends now")
                server.stop()
                return
            if self._clock.monotonic() - self._inbox.beat_s < STUCK_S:
                supervisor.alive()
        supervisor.stopping()

    def _broken(self) -> bool:
        return self._inbox.failed is not None or self._dispatch.failed is not None

    def _announce(self, effects: Effects) -> None:
        """What follows from a commit; all of it may be lost, for all of it is repeated."""
        for (address, epoch), draft in effects.receipts.items():
            self._links.publish(address.receipt(), self._voice.receipt(address, epoch, draft))
        for device, window in effects.windows:
            self._commander.hear_window(device, window)
            self._orders.device_came(device)
            self._lists.device_came(device)
            self._rules.device_came(device)
        for device, boot_id, monotonic_s in effects.clocks:
            self._commander.hear_clock(device, boot_id, monotonic_s)
        for device, state in effects.states:
            self._commander.hear_state(device, state)
            self._certificates.hear_state(device, state)
            if state.state == "online":
                self._traces.device_came(device)
        for device, sighting in effects.sightings:
            self._traced.heard(device, sighting)
        for device, reply in effects.replies:
            self._commander.hear_reply(device, reply)
        for address, epoch in effects.forks:
            self._begin_epoch(address, epoch)
        for incident, sha256 in effects.stills_arrived:
            self._dispatch.still_arrived(incident, sha256)
        if effects.incidents:
            self._dispatch.wake()
            self._boards.incidents_changed()
        self._changes.publish(*effects.changes)

    def _begin_epoch(self, address: DeviceAddress, epoch: str) -> None:
        now, key = self._clock.monotonic(), (address.device, epoch)
        if now - self._forks.get(key, float("-inf")) < FORK_EVERY_S:
            return
        if self._commander.tell(address.device, EpochBegin(forked_epoch=epoch)):
            self._forks[key] = now
            log.warning("device.forked", device=address.device, epoch=epoch)

    def _ask_for_gap(
        self,
        address: DeviceAddress,
        epoch: str,
        missing: tuple[tuple[int, int], ...],
        stills: tuple[str, ...],
    ) -> bool:
        log.info(
            "gap.asked",
            device=address.device,
            epoch=epoch,
            ranges=len(missing),
            stills=len(stills),
        )
        return self._links.publish(address.gap(), self._voice.gap(address, epoch, missing, stills))

    def _incidents_decided(self) -> None:
        self._dispatch.wake()
        self._boards.incidents_changed()

    def _told_figures(self) -> MetricsServer | None:
        settings = self._settings
        if settings.metrics is None:
            return None
        figures = Figures(
            self._database.path,
            settings.places(),
            self._inbox.counts,
            self._inbox.waiting,
            self._links.sessions,
            self._clock,
        )
        return MetricsServer(settings.metrics, figures.families)

    def _kept_up(self) -> Upkeep:
        settings = self._settings
        retention = Retention(settings.retention, self._database, self._desk, self._clock)
        sealer = Sealer(self._identity, settings.site, settings.zone, self._database, self._clock)
        tasks = (sealer.run_once, retention.run_once)
        return Upkeep(tasks, settings.retention.every_hours, self._clock)

    def _kept_estate(self, boards: Boards) -> EstateKeeper:
        settings = self._settings
        reader = Reader(self._database.path, settings.places())
        world = WorldView(
            reader,
            self._trust.certificate_ends,
            settings.zone,
            self._clock,
            release(settings.assets.models),
            boards.ids,
        )
        return EstateKeeper(
            settings.assets, self._database, world, self._clock, is_up=lambda: self._links.up
        )

    def _web_parts(self, boards: Boards, screens: Screens) -> WebParts:
        return WebParts(
            settings=self._settings,
            clock=self._clock,
            identity=self._identity,
            database=self._database,
            changes=self._changes,
            persons=self._persons,
            commander=self._commander,
            desk=self._desk,
            endpoint_of=self._endpoint_of,
            routing=self._routing.current,
            device_key=self._trust.device_key,
            wake_dispatch=self._incidents_decided,
            wake_orders=self._orders.wake,
            alerts=self._alerts,
            disasters_changed=self._disasters.changed,
            broker_sessions=self._links.sessions,
            agencies=self._trust.agencies,
            areas=lambda: self._routing.current().areas,
            devices=self._trust.devices,
            certificate_ends=self._trust.certificate_ends,
            wake_lists=self._lists.wake,
            traces=self._traced,
            wake_rules=self._rules.wake,
            boards=boards,
            screens=screens,
            lead_boards=self._boards.lead_on,
        )
