"""How much may go out: a bound in bytes a second, and what has truly gone out."""

from __future__ import annotations

import socket
import struct

from wire.clock import Clock

BURST_S = 2.0
"""Seconds of budget that may be saved up while there is nothing to send."""

SHORTEST_WAIT_S = 0.001

# Linux, struct tcp_info (include/uapi/linux/tcp.h): 8 single bytes, 24 u32, then the u64
# tcpi_pacing_rate, tcpi_max_pacing_rate and tcpi_bytes_acked.
_BYTES_ACKED_AT = 8 + 24 * 4 + 2 * 8


class Budget:
    """A token bucket that may go into debt for one item, so that none is ever too large for it."""

    def __init__(self, bytes_per_s: float | None, clock: Clock) -> None:
        self._rate = bytes_per_s
        self._clock = clock
        self._saved = 0.0 if bytes_per_s is None else bytes_per_s * BURST_S
        self._at = clock.monotonic()

    def wait_s(self) -> float:
        """Seconds until something may be sent; 0 when it may be now."""
        if self._rate is None:
            return 0.0
        now = self._clock.monotonic()
        self._saved = min(self._rate * BURST_S, self._saved + (now - self._at) * self._rate)
        self._at = now
        wait_s = -self._saved / self._rate
        return wait_s if wait_s > SHORTEST_WAIT_S else 0.0

    def spend(self, amount: int) -> None:
        """Count what is sent."""
        if self._rate is not None:
            self._saved -= amount


class Meter:
    """Bytes that the other side of the MQTT sockets has acknowledged, over all connections.

    Counted by the kernel (TCP_INFO), TLS and MQTT framing included, retransmissions not. Where the
    kernel does not tell, `exact` is false and topics and payloads are summed instead.
    """

    def __init__(self) -> None:
        self.exact = True
        self._ended = 0
        self._running = 0

    @property
    def total(self) -> int:
        return self._ended + self._running

    def sample(self, sock: socket.socket) -> None:
        """Look at the connection that is open."""
        acknowledged = _bytes_acked(sock) if self.exact else None
        if acknowledged is None:
            self.exact = False
        else:
            self._running = acknowledged

    def published(self, amount: int) -> None:
        """Count a publish where the kernel does not tell."""
        if not self.exact:
            self._running += amount

    def ended(self) -> None:
        """The connection is over; the next one counts from zero."""
        self._ended += self._running
        self._running = 0


def _bytes_acked(sock: socket.socket) -> int | None:
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_ACKED_AT + 8)
    except (OSError, AttributeError):
        return None
    if len(info) < _BYTES_ACKED_AT + 8:
        return None
    return int(struct.unpack_from("=Q", info, _BYTES_ACKED_AT)[0])
