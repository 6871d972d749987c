"""MQTT 3.1.1 packets as a client sends and reads them (OASIS standard, 29 October 2014)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 2, 3, 4, 9, 13
PINGREQ_BYTES = b"\xc0\x00"
DISCONNECT_BYTES = b"\xe0\x00"
MOST_LENGTH_BYTES = 4


class PacketError(Exception):
    """Bytes that are no MQTT."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet that came: its type, the four flag bits, and what follows the fixed header."""

    kind: int
    flags: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Published:
    """A message that came; `mid` is 0 with QoS 0."""

    topic: str
    payload: bytes
    qos: int
    mid: int


def connect(
    client_id: str, keepalive_s: int, *, clean: bool = True, will: tuple[str, bytes] | None = None
) -> bytes:
    """CONNECT; the will is retained, with QoS 1, as an agent's is."""
    flags = (0x02 if clean else 0) | (0x04 | 0x08 | 0x20 if will else 0)
    parts = [_text("MQTT"), bytes([4, flags]), struct.pack("!H", keepalive_s), _text(client_id)]
    if will is not None:
        parts += [_text(will[0]), struct.pack("!H", len(will[1])), will[1]]
    return _packet(0x10, b"".join(parts))


def publish(topic: str, payload: bytes, qos: int, mid: int, *, retain: bool = False) -> bytes:
    """PUBLISH with QoS 0 or 1; a `mid` is written with QoS 1 alone."""
    number = struct.pack("!H", mid) if qos else b""
    return _packet(0x30 | qos << 1 | int(retain), _text(topic) + number + payload)


def puback(mid: int) -> bytes:
    return b"\x40\x02" + struct.pack("!H", mid)


def subscribe(mid: int, filters: Sequence[str], qos: int) -> bytes:
    body = struct.pack("!H", mid) + b"".join(_text(one) + bytes([qos]) for one in filters)
    return _packet(0x82, body)


def published(packet: Packet) -> Published:
    """The message of a PUBLISH; raises PacketError."""
    qos = packet.flags >> 1 & 3
    try:
        (length,) = struct.unpack_from("!H", packet.body)
        topic = packet.body[2 : 2 + length].decode()
        at = 2 + length
        mid = struct.unpack_from("!H", packet.body, at)[0] if qos else 0
    except (struct.error, UnicodeDecodeError) as error:
        raise PacketError(f"a PUBLISH that cannot be read: {error}") from error
    return Published(topic, packet.body[at + 2 if qos else at :], qos, mid)


def number(packet: Packet) -> int:
    """The packet identifier at the start of PUBACK and SUBACK; raises PacketError."""
    if len(packet.body) < 2:
        raise PacketError("an acknowledgement without its number")
    return int(struct.unpack_from("!H", packet.body)[0])


class Reader:
    """Packets out of a stream of bytes."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """The packets that are whole with `data`; raises PacketError."""
        self._waiting += data
        at = 0
        while (found := self._next(at)) is not None:
            packet, at = found
            yield packet
        del self._waiting[:at]

    def _next(self, at: int) -> tuple[Packet, int] | None:
        length = 0
        for step in range(MOST_LENGTH_BYTES):
            if at + 1 + step >= len(self._waiting):
                return None
            byte = self._waiting[at + 1 + step]
            length |= (byte & 0x7F) << 7 * step
            if not byte & 0x80:
                begin = at + 2 + step
                break
        else:
            raise PacketError("a length of more than four bytes")
        end = begin + length
        if end > len(self._waiting):
            return None
        first = self._waiting[at]
        return Packet(first >> 4, first & 0x0F, bytes(self._waiting[begin:end])), end


def _packet(first: int, body: bytes) -> bytes:
    length, left = bytearray(), len(body)
    while True:
        left, byte = left >> 7, left & 0x7F
        length.append(byte | (0x80 if left else 0))
        if not left:
            return bytes([first]) + bytes(length) + body


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("!H", len(data)) + data
