"""The pole's line to the centre: what the outbox holds goes out, receipts and commands come in.

One thread owns the connection. `run` is an endless retry around one session; a session lives as
long as its connection.
"""

from __future__ import annotations

import random
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from edge_agent.camera.backoff import Backoff
from edge_agent.uplink.budget import Budget, Meter
from edge_agent.uplink.certificate import OwnCertificate
from edge_agent.uplink.commands import CommandGate, CommandRefusedError, Dispatcher
from edge_agent.uplink.connection import Connection, LinkError, Will
from edge_agent.uplink.news import states
from edge_agent.uplink.order import Item
from edge_agent.uplink.outbox import Outbox
from edge_agent.uplink.refusals import Audit, Refusals
from edge_agent.uplink.session import Session
from edge_agent.uplink.silence import PROBE_EVERY_S, PROBE_ITEMS, SILENCE_S, Silence
from edge_agent.uplink.store import OutboxError
from edge_agent.uplink.trust import PeerTrust
from wire import faultpoint
from wire.clock import Clock
from wire.codes import explain
from wire.command import Reply
from wire.envelope import EnvelopeError, body, cloud_event, sign, verify
from wire.health import DeviceState, Health, RunningModel
from wire.identity import Identity, IdentityError
from wire.names import WireModel, new_id
from wire.receipt import GapRequest, Receipt
from wire.topics import DeviceAddress, TopicError, parse_down, service_source
from wire.tracing import TraceSighting

COLLECTOR = "collector"
TICK_S = 0.5
GOODBYE_S = 1.0
ANEW_AFTER_S = 1.0
"""A reply on its way is given so long before the connection is made anew."""
REFUSED_SOON = 5
"""So many in a row are retried soon: a box that was just enrolled is let in seconds later."""
LASTED_S = 30.0
"""A session this long was a success: the next failure is retried soon."""

NEWS_EVERY_S = 1.0
"""Between two looks whether a state has changed, which is told at once."""
HEALTH_AT_LEAST_S = 60.0
"""Health waits for events, but not longer than this."""

REPLIES = 64
SIGHTINGS = 256
CLAIM = 32

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """How the line is used."""

    host: str
    port: int
    bytes_per_s: float | None = None
    health_interval_s: float = 30.0
    """Between two reports of figures in which no state has changed."""
    window: int = 400
    """Items without a receipt that may be on their way."""
    urgent_reserve: int = 100
    """How many more when they are records or severe."""
    unconfirmed_bytes: int = 64 * 1024
    """Handed to the broker and not confirmed: bounds how long news waits behind a backlog."""
    retry_first_s: float = 1.0
    retry_limit_s: float = 60.0
    silence_s: float = SILENCE_S
    probe_every_s: float = PROBE_EVERY_S


class Link:
    """`start` once, `stop` once. What it counts may be read from any thread."""

    def __init__(
        self,
        identity: Identity,
        address: DeviceAddress,
        settings: LinkSettings,
        outbox: Outbox,
        gate: CommandGate,
        trust: PeerTrust,
        certificate: OwnCertificate,
        clock: Clock,
        *,
        boot_id: str,
        version: str,
        health: Callable[[], Health],
        audit: Audit,
        models: Callable[[], tuple[RunningModel, ...]] = tuple,
        rng: random.Random | None = None,
    ) -> None:
        """`health` and `models` are asked on this link's thread and must not block; `audit` takes
        refusals."""
        self._identity = identity
        self._address = address
        self._settings = settings
        self._outbox = outbox
        self._gate = gate
        self._key_of = trust.key_of_only(COLLECTOR)
        self._source = service_source(address.site, COLLECTOR)
        self._certificate = certificate
        self._clock = clock
        self._boot_id = boot_id
        self._version = version
        self._health = health
        self._models = models
        self.refusals = Refusals(audit, clock)
        self.dispatcher = Dispatcher(self.reply, clock)
        self._backoff = Backoff(
            settings.retry_first_s, settings.retry_limit_s, rng or random.Random(), REFUSED_SOON
        )
        self._budget = Budget(settings.bytes_per_s, clock)
        self._meter = Meter()
        self._replies: deque[Reply] = deque()
        self._replies_lock = threading.Lock()
        self._sightings: deque[TraceSighting] = deque()
        self._connection: Connection | None = None
        self._stop = threading.Event()
        self._anew_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self.fault: str | None = None
        """Why there is no connection, as a code of wire.codes."""
        self.connected = False
        self.dropped: Counter[str] = Counter()
        """What full queues dropped, by queue."""
        outbox.on_change(self._wake)

    @property
    def mqtt_bytes(self) -> int:
        """Bytes that left on MQTT sockets since start; see `Meter` for how they are counted."""
        return self._meter.total

    def start(self) -> None:
        self.dispatcher.start()
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Say goodbye and end, within `timeout_s`."""
        self._stop.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self.dispatcher.stop(timeout_s)

    def reply(self, reply: Reply) -> None:
        """Have a reply sent; replies are not numbered, the asker asks again. Never blocks."""
        with self._replies_lock:
            if len(self._replies) >= REPLIES:
                self._replies.popleft()
                self.dropped["replies"] += 1
            self._replies.append(reply)
        self._wake()

    def sighted(self, sighting: TraceSighting) -> None:
        """Have a read that is traced told; the diary has what finds no room. Never blocks."""
        with self._replies_lock:
            if len(self._sightings) >= SIGHTINGS:
                self._sightings.popleft()
                self.dropped["sightings"] += 1
            self._sightings.append(sighting)
        self._wake()

    def connect_anew(self) -> None:
        """Have the connection made anew in a moment, without a word to the centre."""
        self._anew_s = self._clock.monotonic() + ANEW_AFTER_S
        self._wake()

    # --- life ---------------------------------------------------------------------------------

    def _wake(self) -> None:
        connection = self._connection
        if connection is not None:
            connection.wake()

    def _run(self) -> None:
        while not self._stop.is_set():
            began_s = self._clock.monotonic()
            anew = False
            try:
                anew = self._run_once()
            except (LinkError, IdentityError) as error:
                self._tell(error)
            except Exception:
                # Whatever it is, a pole that is deaf and dumb helps nobody: try again.
                log.exception("link.failed")
            self.connected = False
            if self._clock.monotonic() - began_s > LASTED_S:
                self._backoff.reset()
            hopeless = self.fault in ("broker.refused", "broker.untrusted", "identity.invalid")
            if not self._stop.is_set() and not anew:
                self._clock.wait(self._stop, self._backoff.pause(longest=hopeless))

    def _tell(self, error: LinkError | IdentityError) -> None:
        code = error.code if isinstance(error, LinkError) else "identity.invalid"
        if not self.connected and self._certificate.failed(code):
            # The next try shows the old one again, and soon.
            return
        if self.fault != code:
            log.warning("link.down", code=code, reason=str(error), remedy=explain(code))
        self.fault = code

    def _run_once(self) -> bool:
        """One connection from its first to its last moment; true when the next is due at once."""
        tls = self._certificate.context()
        since = self._clock.now()
        will = Will(
            self._address.state(), self._sign("state", self._state("offline", since, "lost"))
        )
        connection = Connection(
            self._settings.host,
            self._settings.port,
            self._identity.client_id,
            tls,
            will,
            self._clock,
        )
        silence = Silence(
            self._clock.monotonic(), self._settings.silence_s, self._settings.probe_every_s
        )
        session = Session(connection, silence, since)
        try:
            connection.open(f"{self._address.down}/#")
            self._connection = connection
            self._greet(session)
            self._certificate.worked()
            while not self._stop.is_set():
                self._turn(session)
                if self._anew_s is not None and self._clock.monotonic() >= self._anew_s:
                    self._anew_s = None
                    session.parted = True
                    return True
            self._part(session)
            return False
        finally:
            self._connection = None
            self._meter.ended()
            connection.close(goodbye=session.parted)
            if connection.overflowed:
                self.dropped["inbox"] += connection.overflowed
            with suppress(OutboxError):
                for item in session.unconfirmed.values():
                    self._outbox.cut_off(item)

    def _greet(self, session: Session) -> None:
        self._say_online(session)
        log.info("link.up", host=self._settings.host, port=self._settings.port, after=self.fault)
        self.connected = True
        self.fault = None
        with suppress(OutboxError):
            # The broker may have forgotten what it confirmed.
            self._outbox.repeat_soon(first_tries_only=True)

    def _say_online(self, session: Session) -> None:
        session.models = self._models()
        state = self._state("online", session.since, None, session.models)
        session.connection.publish(self._address.state(), self._sign("state", state), retain=True)

    def _part(self, session: Session) -> None:
        state = self._state("offline", session.since, "stopped")
        connection = session.connection
        mid = connection.publish(self._address.state(), self._sign("state", state), retain=True)
        deadline = self._clock.monotonic() + GOODBYE_S
        while mid not in connection.confirmed and self._clock.monotonic() < deadline:
            connection.step(0.1)
        session.parted = True

    def _turn(self, session: Session) -> None:
        """One round: listen, answer, send."""
        connection = session.connection
        connection.step(session.pause_s)
        session.settle()
        while connection.inbox:
            self._take(session, *connection.inbox.popleft())
        if self._models() != session.models:
            self._say_online(session)
        self._offer_nonces(session)
        self._send_replies(connection)
        self._send_sightings(connection)
        try:
            session.pause_s = self._pump(session)
        except OutboxError as error:
            log.error("link.outbox", code=error.code, detail=error.detail)
            session.pause_s = TICK_S
        self._send_health(session)
        sock = connection.socket()
        if sock is not None:
            self._meter.sample(sock)

    # --- out ----------------------------------------------------------------------------------

    def _pump(self, session: Session) -> float:
        """Send what is due as far as the bounds allow; returns how long to rest."""
        in_flight = self._outbox.in_flight()
        if session.silence.probe_due(self._clock.monotonic(), in_flight):
            self._outbox.repeat_few(PROBE_ITEMS)
        free = self._settings.window - in_flight
        reserve = self._settings.urgent_reserve
        session.idle = False
        while True:
            if (wait_s := self._budget.wait_s()) > 0:
                return min(wait_s, TICK_S)
            if free + reserve <= 0:
                return TICK_S
            items = self._outbox.claim(min(CLAIM, free + reserve))
            sendable = [item for item in items if free > 0 or item.urgency <= 1]
            if not sendable:
                session.idle = not items
                return TICK_S
            for item in sendable:
                if not self._room(session.connection, item):
                    return TICK_S
                if self._budget.wait_s() > 0:
                    break
                if free <= 0 and item.urgency > 1:
                    continue
                self._send(session, item)
                free -= 1

    def _room(self, connection: Connection, item: Item) -> bool:
        waiting = connection.unconfirmed_bytes
        return waiting == 0 or waiting + len(item.payload) <= self._settings.unconfirmed_bytes

    def _send(self, session: Session, item: Item) -> None:
        still = item.what == "still"
        topic = self._address.still(item.sha256) if still else self._address.event()
        # Marked first: what is published and not marked could go out without end.
        self._outbox.sent(item)
        faultpoint.reach("link.marked")
        session.unconfirmed[self._publish(session.connection, topic, item.payload)] = item
        faultpoint.reach("link.published")

    def _publish(self, connection: Connection, topic: str, payload: bytes) -> int:
        amount = len(topic) + len(payload)
        self._budget.spend(amount)
        self._meter.published(amount)
        return connection.publish(topic, payload)

    def _send_replies(self, connection: Connection) -> None:
        while True:
            with self._replies_lock:
                if not self._replies:
                    return
                reply = self._replies.popleft()
            topic = self._address.reply(reply.command_id)
            self._publish(connection, topic, self._sign("reply", reply))

    def _send_sightings(self, connection: Connection) -> None:
        while True:
            with self._replies_lock:
                if not self._sightings:
                    return
                sighting = self._sightings.popleft()
            self._publish(connection, self._address.trace(), self._sign("trace", sighting))

    def _offer_nonces(self, session: Session) -> None:
        window = self._gate.window()
        if window.window_id != session.window_id:
            token = self._sign("window", window)
            session.connection.publish(self._address.window(), token, retain=True)
            session.window_id = window.window_id

    def _send_health(self, session: Session) -> None:
        """When it is time to or a state has changed, after everything else; on a busy line seldom,
        but never never."""
        now_s = self._clock.monotonic()
        if now_s < session.look_s:
            return
        waited_s, interval_s = now_s - session.health_s, self._settings.health_interval_s
        busy = not session.idle or self._budget.wait_s() > 0
        if busy and waited_s < HEALTH_AT_LEAST_S:
            return
        session.look_s = now_s + min(NEWS_EVERY_S, interval_s)
        try:
            health = self._health()
            told = states(health)
            if told == session.told and waited_s < interval_s:
                return
            session.health_s, session.told = now_s, told
            token = self._sign("health", health)
        except Exception:
            session.look_s = now_s + interval_s
            # Figures that cannot be had are no reason to end a connection that works.
            log.exception("link.health")
            return
        topic = self._address.health()
        self._budget.spend(len(topic) + len(token))
        self._meter.published(len(topic) + len(token))
        session.connection.publish(topic, token, qos=0)

    def _state(
        self,
        state: str,
        since: datetime,
        reason: str | None,
        models: tuple[RunningModel, ...] = (),
    ) -> DeviceState:
        return DeviceState.model_validate(
            {
                "state": state,
                "boot_id": self._boot_id,
                "since": since,
                "version": self._version,
                "reason": reason,
                "certificate": self._certificate.shown,
                "models": models,
            }
        )

    def _sign(self, kind: str, message: WireModel) -> bytes:
        event = cloud_event(
            kind, message, id=new_id(), source=self._address.source, time=self._clock.now()
        )
        return sign(event, self._identity.name, self._identity.key)

    # --- in -----------------------------------------------------------------------------------

    def _take(self, session: Session, topic: str, token: bytes) -> None:
        try:
            address, kind = parse_down(topic)
            if address != self._address:
                raise TopicError("for another device")
            if kind == "command":
                self._obey(token)
            else:
                self._answered(kind, token)
                if session.silence.heard(self._clock.monotonic()):
                    self._outbox.repeat_soon(first_tries_only=False)
        except TopicError as error:
            self.refusals.refused("command.invalid", str(error))
        except EnvelopeError as error:
            self.refusals.refused("command.invalid", f"{kind}: {error}")
        except OutboxError as error:
            # What the receipt said is sent again and receipted again.
            log.error("link.outbox", code=error.code, detail=error.detail)

    def _answered(self, kind: str, token: bytes) -> None:
        event = verify(token, self._key_of, source=self._source).event
        if event.kind != kind:
            raise EnvelopeError("schema", f"a {event.kind} on the topic of a {kind}")
        if kind == "receipt":
            receipt = body(event, Receipt)
            self._for_us(receipt.device)
            self._outbox.apply_receipt(receipt)
        else:
            gap = body(event, GapRequest)
            self._for_us(gap.device)
            self._outbox.apply_gap(gap)

    def _for_us(self, device: str) -> None:
        if device != self._identity.name:
            raise EnvelopeError("source", f"it is for {device}")

    def _obey(self, token: bytes) -> None:
        try:
            command = self._gate.accept(token)
        except CommandRefusedError as error:
            self.refusals.refused(error.code, error.detail)
            if error.command_id is not None:
                self.dispatcher.refuse(error.command_id, error.code, error.detail)
            return
        self.dispatcher.submit(command)
