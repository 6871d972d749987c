"""One MQTT 3.1.1 client on an event loop: mutual TLS, QoS 0 and 1. No retries of its own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from polewatch.fleet import packets
from polewatch.fleet.loopback import check_host
from polewatch.fleet.packets import Packet, PacketError, Published
from polewatch.fleet.wire_socket import CutError, TlsSocket

ANSWER_S = 60.0
"""For handshake, CONNACK and SUBACK, where thousands ask for theirs in the same second."""
KEEPALIVE_S = 30
MOST_MID = 65_535
FAILED = 0x80


@dataclass(frozen=True, slots=True)
class Door:
    """Where a broker listens: on this machine. Raises LoopbackError for every other."""

    host: str
    port: int

    def __post_init__(self) -> None:
        check_host(self.host)


class Client:
    """`connect` once; the callbacks run on the loop and must not wait."""

    def __init__(
        self,
        on_message: Callable[[Published], None],
        on_confirmed: Callable[[int], None] = lambda _: None,
        on_end: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`on_confirmed` is told the number of each message that the broker has taken."""
        self._on_message = on_message
        self._on_confirmed = on_confirmed
        self._on_end = on_end
        self._reader = packets.Reader()
        self._socket = TlsSocket(self._take, self._ended)
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[Packet] | None = None
        self._mid = 0
        self._spoke_s = 0.0
        self._over: str | None = None
        self.unconfirmed: dict[int, int] = {}
        """Bytes of each message with QoS 1 that the broker has not taken yet, by number."""
        self.unconfirmed_bytes = 0

    @property
    def is_open(self) -> bool:
        return self._socket.is_open

    @property
    def sent_bytes(self) -> int:
        """Bytes handed to TLS."""
        return self._socket.sent

    async def connect(
        self,
        door: Door,
        context: ssl.SSLContext,
        client_id: str,
        *,
        clean: bool = True,
        will: tuple[str, bytes] | None = None,
    ) -> None:
        """Until the broker's CONNACK; raises CutError."""
        await self._socket.open(door.host, door.port, context, ANSWER_S)
        said = packets.connect(client_id, KEEPALIVE_S, clean=clean, will=will)
        found = await self._ask(said, packets.CONNACK)
        code = found.body[1] if len(found.body) == 2 else -1
        if code != 0:
            self.close()
            raise CutError(f"CONNACK {code}")

    async def subscribe(self, filters: Sequence[str], *, qos: int = 1) -> None:
        """Until the broker's SUBACK; raises CutError, also when it grants less than asked."""
        found = await self._ask(packets.subscribe(self._next_mid(), filters, qos), packets.SUBACK)
        if FAILED in found.body[2:]:
            self.close()
            raise CutError("SUBACK refuses")

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> int:
        """Send; returns the number that `on_confirmed` will name, 0 with QoS 0."""
        mid = self._next_mid() if qos else 0
        if qos:
            self.unconfirmed[mid] = len(topic) + len(payload)
            self.unconfirmed_bytes += len(topic) + len(payload)
        self._write(packets.publish(topic, payload, qos, mid, retain=retain))
        return mid

    def keep_alive(self, now_s: float) -> None:
        """Ping when nothing was said for half the time that the broker waits."""
        if now_s - self._spoke_s >= KEEPALIVE_S / 2:
            self._write(packets.PINGREQ_BYTES)

    def close(self, *, goodbye: bool = False) -> None:
        """End; without `goodbye` the broker publishes the will. `on_end` is not called."""
        if goodbye:
            self._write(packets.DISCONNECT_BYTES)
        self._socket.close()

    def _write(self, data: bytes) -> None:
        self._spoke_s = self._loop.time()
        self._socket.write(data)

    def _next_mid(self) -> int:
        while True:
            self._mid = self._mid % MOST_MID + 1
            if self._mid not in self.unconfirmed:
                return self._mid

    async def _ask(self, said: bytes, kind: int) -> Packet:
        if self._over is not None:
            raise CutError(self._over)
        self._answer = self._loop.create_future()
        self._write(said)
        try:
            async with asyncio.timeout(ANSWER_S):
                while (found := await self._answer).kind != kind:
                    self._answer = self._loop.create_future()
        except TimeoutError as error:
            self.close()
            raise CutError(f"no answer in {ANSWER_S:.0f} s") from error
        finally:
            self._answer = None
        return found

    def _take(self, data: bytes) -> None:
        try:
            for packet in self._reader.feed(data):
                self._one(packet)
        except PacketError as error:
            self._socket.close()
            self._ended(str(error))

    def _one(self, packet: Packet) -> None:
        match packet.kind:
            case packets.PUBLISH:
                message = packets.published(packet)
                if message.qos:
                    self._write(packets.puback(message.mid))
                self._on_message(message)
            case packets.PUBACK:
                mid = packets.number(packet)
                self.unconfirmed_bytes -= self.unconfirmed.pop(mid, 0)
                self._on_confirmed(mid)
            case packets.CONNACK | packets.SUBACK:
                if self._answer is not None and not self._answer.done():
                    self._answer.set_result(packet)
            case _:
                pass

    def _ended(self, why: str) -> None:
        self._over = why
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(CutError(why))
            return
        self._on_end(why)
