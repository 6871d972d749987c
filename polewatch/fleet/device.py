"""One simulated device: its connection, its outbox, what it says of itself, what it hears."""

from __future__ import annotations

import asyncio
import random
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import OKPKey

from edge_agent.camera.backoff import Backoff
from edge_agent.uplink.link import COLLECTOR, LASTED_S, LinkSettings
from edge_agent.uplink.order import Pace
from edge_agent.uplink.rows import Signer
from polewatch.fleet import city_day
from polewatch.fleet.books import Books
from polewatch.fleet.city_day import CAMERA, Boot, Moment
from polewatch.fleet.client import Client, Door
from polewatch.fleet.outbox import Item, MemoryOutbox
from polewatch.fleet.packets import Published
from polewatch.fleet.wire_socket import CutError
from wire.clock import Clock
from wire.command import NONCES_PER_WINDOW, NonceWindow
from wire.envelope import EnvelopeError, body, cloud_event, sign, verify
from wire.event import Event, TimeQuality
from wire.health import CameraHealth, DeviceState, Health, OutboxHealth
from wire.identity import Identity, load_certificate
from wire.names import WireModel, new_id
from wire.receipt import GapRequest, Receipt
from wire.topics import DeviceAddress, service_source

LINK = LinkSettings("127.0.0.1", 1)
"""The agent's own bounds and pauses."""
VERSION = "simulated"


@dataclass(frozen=True, slots=True)
class City:
    """What all devices of a run share."""

    doors: tuple[Door, ...]
    collector_key: OKPKey
    clock: Clock
    books: Books
    health_s: float = LINK.health_interval_s
    pace: Pace | None = None


class Device:
    """`run` until cancelled; `tick` about once a second."""

    def __init__(
        self, city: City, identity: Identity, address: DeviceAddress, position: float, seed: int
    ) -> None:
        """`position` (0..1) is its place among the city's cameras: what it watches for."""
        self.address, self.position = address, position
        self.rng = random.Random(seed)
        self._city = city
        self._identity = identity
        self._tls: ssl.SSLContext = identity.tls_client()
        self._certificate = load_certificate(identity.cert_file).fingerprint(SHA256()).hex()
        self._door = self.rng.randrange(len(city.doors))
        self.boot = Boot(new_id(), city.clock.monotonic())
        signer = Signer(identity.name, identity.key, address.source)
        self.outbox = MemoryOutbox(signer, city.clock, self.rng, city.pace)
        began = self.outbox.begin(self.boot.id)
        city.books.commit(began.id)
        self.first = began.payload
        """Its first message, as it was signed."""
        self._client: Client | None = None
        self._on_socket: dict[int, str] = {}
        """Items that the broker has not confirmed, by the number of their packet."""
        self._health_s = city.clock.monotonic() - self.rng.uniform(0, city.health_s)
        self._opened: dict[str, str] = {}
        """Findings whose opening was not handed to a connection yet, by the id of its message."""
        self._cut = asyncio.Event()
        self.online = asyncio.Event()
        self.powered = asyncio.Event()
        """While it is not set the device stays away."""
        self.powered.set()
        self.held = False
        """What is put waits until it is false and `pump` is called."""
        self.wall_off_s = 0.0
        """How far its wall clock is off, unknown to itself."""
        self.quality: TimeQuality = "synchronised"
        self.connects = 0
        self.failures = 0
        self.bytes = 0
        """Handed to TLS on connections that are over."""
        self.forged = 0
        """Messages from the centre whose signature did not hold."""
        self.commands = 0

    @property
    def name(self) -> str:
        return self._identity.name

    @property
    def sent_bytes(self) -> int:
        return self.bytes + (self._client.sent_bytes if self._client is not None else 0)

    # --- what it reports ----------------------------------------------------------------------

    def moment(self, ago_s: float = 0.0) -> Moment:
        """A time on its own clocks."""
        now = self._city.clock.monotonic() - self.boot.began_s
        wall = self._city.clock.now() + timedelta(seconds=self.wall_off_s - ago_s)
        return Moment(wall, max(0.0, now - ago_s), self.quality)

    def see(self, still_bytes: int = 0, ago_s: float = 0.0) -> Event:
        """A finding begins; returns its opening."""
        kind = city_day.kind_of(self.position, self.rng)
        jpeg = city_day.still(still_bytes, self.rng) if still_bytes else None
        event = city_day.opening(kind, self.boot.id, self.moment(ago_s), self.rng, jpeg)
        self.put(event, jpeg)
        return event

    def end(self, opened: Event, ago_s: float = 0.0) -> None:
        """A finding is over."""
        self.put(city_day.ending(opened, self.moment(ago_s)))

    def put(self, event: Event, jpeg: bytes | None = None) -> Item:
        """Number and sign a message of a finding; it goes out as soon as the line allows."""
        item = self.outbox.put("finding", event, still=jpeg)
        self._city.books.commit(item.id, event)
        if event.phase == "open":
            self._opened[item.id] = event.finding_id
        self.pump()
        return item

    # --- life ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """An endless retry around one connection, with the agent's own pauses."""
        backoff = Backoff(LINK.retry_first_s, LINK.retry_limit_s, self.rng)
        while True:
            await self.powered.wait()
            began_s = self._city.clock.monotonic()
            try:
                await self._run_once()
            except CutError as error:
                self.failures += 1
                self.why = str(error)
            finally:
                self._let_go()
            self._door += 1
            if not self.powered.is_set():
                continue
            if self._city.clock.monotonic() - began_s > LASTED_S:
                backoff.reset()
            await asyncio.sleep(backoff.pause())

    async def _run_once(self) -> None:
        self._cut.clear()
        client = Client(self._hear, self._confirmed, lambda _: self._cut.set())
        self._client = client
        since = self._city.clock.now()
        will = (self.address.state(), self._state("offline", since, "lost"))
        door = self._city.doors[self._door % len(self._city.doors)]
        await client.connect(door, self._tls, self._identity.client_id, will=will)
        await client.subscribe([f"{self.address.down}/#"], qos=0)
        client.publish(self.address.state(), self._state("online", since, None), retain=True)
        client.publish(self.address.window(), self._window(), retain=True)
        self.connects += 1
        self.outbox.connected_anew(self._city.clock.monotonic())
        self.online.set()
        self.pump()
        await self._cut.wait()

    def _let_go(self) -> None:
        self.online.clear()
        client, self._client = self._client, None
        if client is not None:
            self.bytes += client.sent_bytes
            client.close()
        now_s = self._city.clock.monotonic()
        for id in self._on_socket.values():
            self.outbox.cut_off(id, now_s)
        self._on_socket.clear()

    def power_off(self) -> None:
        """Vanish without a word, and stay away until `power_on`."""
        self.powered.clear()
        self._cut.set()

    def power_on(self) -> None:
        """Come back as another boot, with the outbox that it had."""
        self.boot = Boot(new_id(), self._city.clock.monotonic())
        self.powered.set()

    def tick(self, now_s: float) -> bool:
        """Keep the connection alive, repeat what is overdue; whether it said how it is."""
        client = self._client
        if client is None or not self.online.is_set():
            return False
        client.keep_alive(asyncio.get_running_loop().time())
        self.outbox.repeat_overdue(now_s)
        self.pump()
        due = (now_s - self._health_s) // self._city.health_s
        if not due:
            return False
        # Each keeps its own beat, however late its turn came: in step with each other they would
        # all report in the second after the last one connected, and every interval from then on.
        self._health_s += due * self._city.health_s
        client.publish(self.address.health(), self._sign("health", self._figures()), qos=0)
        return True

    def pump(self) -> None:
        """Send what is due as far as the agent's bounds allow."""
        client = self._client
        if client is None or self.held or not self.online.is_set():
            return
        while (item := self.outbox.next()) is not None:
            waiting = client.unconfirmed_bytes
            full = waiting > 0 and waiting + len(item.payload) > LINK.unconfirmed_bytes
            if full or self.outbox.in_flight >= LINK.window:
                return
            still = item.what == "still"
            topic = self.address.still(item.id) if still else self.address.event()
            now_s = self._city.clock.monotonic()
            self.outbox.sent(item, now_s)
            finding = self._opened.pop(item.id, None)
            if finding is not None:
                self._city.books.handed_s.setdefault(finding, now_s)
            self._on_socket[client.publish(topic, item.payload)] = item.id

    def publish_raw(self, topic: str, payload: bytes) -> None:
        """A message that no well-behaved device would send; nothing while it is not connected."""
        if self._client is not None and self.online.is_set():
            self._client.publish(topic, payload)

    # --- what comes ---------------------------------------------------------------------------

    def _confirmed(self, mid: int) -> None:
        self._on_socket.pop(mid, None)
        self.pump()

    def _hear(self, message: Published) -> None:
        source = service_source(self.address.site, COLLECTOR)
        try:
            event = verify(message.payload, self._key_of, source=source).event
            match event.kind:
                case "receipt":
                    self._take_receipt(body(event, Receipt))
                case "gap":
                    self.outbox.take_gap(body(event, GapRequest), self._city.clock.monotonic())
                case _:
                    self.commands += 1
        except EnvelopeError:
            self.forged += 1
            return
        self.pump()

    def _key_of(self, kid: str) -> OKPKey | None:
        return self._city.collector_key if kid == COLLECTOR else None

    def _take_receipt(self, receipt: Receipt) -> None:
        if receipt.device != self.name:
            self.forged += 1
            return
        told = self.outbox.take_receipt(receipt)
        books = self._city.books
        books.receipted.update(told.received)
        books.refused.update(told.refused)
        books.stills_receipted.update(told.stills)

    # --- what it says of itself ---------------------------------------------------------------

    def _sign(self, kind: str, message: WireModel) -> bytes:
        event = cloud_event(
            kind, message, id=new_id(), source=self.address.source, time=self.moment().wall
        )
        return sign(event, self._identity.name, self._identity.key)

    def _state(self, state: str, since: datetime, reason: str | None) -> bytes:
        told = DeviceState.model_validate(
            {
                "state": state,
                "boot_id": self.boot.id,
                "since": since,
                "version": VERSION,
                "reason": reason,
                "certificate": self._certificate,
            }
        )
        return self._sign("state", told)

    def _window(self) -> bytes:
        window = NonceWindow(
            boot_id=self.boot.id,
            window_id=new_id(),
            size=NONCES_PER_WINDOW,
            monotonic_s=self.moment().monotonic_s,
        )
        return self._sign("window", window)

    def _figures(self) -> Health:
        at = self.moment()
        up_s = at.monotonic_s
        return Health(
            boot_id=self.boot.id,
            at=at.wall,
            quality=self.quality,
            monotonic_s=up_s,
            uptime_s=up_s,
            cameras=(
                CameraHealth(
                    camera=CAMERA, state="up", fps=25.0, analysed_fps=5.0, tracks=2,
                    bytes_received=round(up_s * 500_000), width=1920, height=1080,
                    ring_bytes=64 << 30, ring_budget_bytes=64 << 30, ring_hours=36.2,
                    ring_bytes_per_s=500_000,
                ),
            ),
            outbox=OutboxHealth(depth=len(self.outbox), parked=0, lost=0, oldest_s=0.0),
            mqtt_bytes=self.sent_bytes,
            clip_bytes=0,
            sessions=0,
            cpu_s=up_s * 0.1,
            rss_mb=180.0,
            disk_free_mb=12_000.0,
        )  # fmt: skip
