"""MQTT packets by hand over TLS: fast enough that the broker is what is measured."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from tests.support.mqtt import Listening
from wire.identity import Identity

TIMEOUT_S = 60.0
WINDOW = 400


def remaining(length: int) -> bytes:
    out = bytearray()
    while True:
        length, low = divmod(length, 128)
        out.append(low | (0x80 if length else 0))
        if not length:
            return bytes(out)


def text(value: str) -> bytes:
    """A string as packets hold it."""
    return len(value).to_bytes(2, "big") + value.encode()


def packet(first: int, body: bytes) -> bytes:
    """A packet of that first byte."""
    return bytes([first]) + remaining(len(body)) + body


def publishes(topic: str, size: int, mids: range) -> list[bytes]:
    """QoS 1 PUBLISH packets of one length, one a message id."""
    payload = b"x" * size
    return [packet(0x32, text(topic) + mid.to_bytes(2, "big") + payload) for mid in mids]


class RawClient:
    """One connection; not for broken lines."""

    def __init__(self, broker: Listening, identity: Path) -> None:
        loaded = Identity.load(identity)
        plain = socket.create_connection((broker.host, broker.port), timeout=TIMEOUT_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket: ssl.SSLSocket = loaded.tls_client().wrap_socket(
            plain, server_hostname=broker.host
        )
        flags = b"\x04\x02" + (60).to_bytes(2, "big")
        self._socket.sendall(packet(0x10, text("MQTT") + flags + text(loaded.name)))
        assert self._read(4)[3] == 0, "CONNECT was refused"

    def subscribe(self, topic: str) -> None:
        self._socket.sendall(packet(0x82, b"\0\1" + text(topic) + b"\1"))
        assert self._read(5)[4] == 1, "SUBSCRIBE was refused"

    def publish_all(self, packets: list[bytes]) -> None:
        """Send, `WINDOW` under way at most, until all have their PUBACKs."""
        for at in range(0, len(packets), WINDOW):
            part = packets[at : at + WINDOW]
            self._socket.sendall(b"".join(part))
            self._read(4 * len(part))

    def take(self, packets: list[bytes]) -> None:
        """Receive as many PUBLISH packets of that length, each acknowledged."""
        length = len(packets[0])
        at = packets[0].index(b"\0", 1)
        topic = int.from_bytes(packets[0][at : at + 2], "big")
        for _ in packets:
            got = self._read(length)
            mid = got[at + 2 + topic : at + 4 + topic]
            self._socket.sendall(b"\x40\2" + mid)

    def close(self) -> None:
        self._socket.close()

    def _read(self, count: int) -> bytes:
        got = bytearray()
        while len(got) < count:
            more = self._socket.recv(min(count - len(got), 65536))
            assert more, "the broker closed the connection"
            got += more
        return bytes(got)
