"""Where a viewer's packets leave: encrypted, then as many in one system call as the kernel takes.

Handing packets to the kernel one by one costs more than all else that is done with them. On a
direct path those of one size go as one message that the kernel cuts up again (UDP_SEGMENT, udp(7),
Linux 4.18). Over a TURN server, and where kernel or path refuse it, each goes by aiortc.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections.abc import Iterator
from typing import Any, Final

import pylibsrtp
from aiortc import RTCRtpSender
from pylibsrtp._binding import ffi, lib  # type: ignore[import-not-found]  # compiled, without stubs

UDP_SEGMENT: Final = 103
"""From linux/udp.h; Python 3.11 does not name it."""
MOST_PACKETS: Final = 64
"""UDP_MAX_SEGMENTS of linux/udp.h."""
MOST_BYTES: Final = 60_000
"""A message's headers included, these are fewer than the 64 KiB of an IP packet."""
LONGEST: Final = 1500
"""Of an RTP packet: more does not go through an Ethernet."""
_SIZE = struct.Struct("=H")
_NEVER = frozenset(
    {errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EPERM}
)
"""Of a kernel without it, a path that is narrower than a packet, or one that is encrypted."""


class Outlet:
    """One viewer's; `close` once."""

    def __init__(self, sender: RTCRtpSender) -> None:
        self.calls = 0
        """Messages that were cut up by the kernel."""
        self._sender = sender
        self._together = True
        self._sealer = _Sealer()
        self._socket: socket.socket | None = None
        self._of: asyncio.DatagramTransport | None = None

    async def send(self, packets: list[bytes]) -> None:
        """Send RTP packets of one path in order; raises ConnectionError when it is gone."""
        way = self._way() if len(packets) > 1 else None
        if way is None:
            for one in packets:
                await self._sender.transport._send_rtp(one)
            return
        datagrams, to = way
        for run in runs(self._sealer.seal(self._sender.transport._tx_srtp, packets)):
            if not self._hand_over(run, to):
                for one in run:
                    datagrams.sendto(one, to)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = self._of = None

    def _way(self) -> tuple[asyncio.DatagramTransport, tuple[str, int]] | None:
        """The path's transport and its other end; None when aiortc has to send."""
        dtls = self._sender.transport
        if not self._together or dtls.state != "connected":
            return None
        # aioice tells nobody which pair of candidates it sends by.
        pair = dtls.transport._connection._nominated.get(1)
        if pair is None:
            return None
        datagrams = pair.protocol.transport
        if self._of is not datagrams and not self._take(datagrams):
            return None
        return datagrams, pair.remote_addr

    def _take(self, datagrams: asyncio.DatagramTransport) -> bool:
        """Whether its socket can be had."""
        self.close()
        own = datagrams.get_extra_info("socket")
        if own is None or own.fileno() < 0:
            # That of a TURN server has none.
            return False
        # What asyncio gives away of its socket cannot send messages.
        self._socket = socket.fromfd(own.fileno(), own.family, own.type)
        self._of = datagrams
        return True

    def _hand_over(self, run: list[bytes], to: tuple[str, int]) -> bool:
        """True when the kernel took all of it; else none of it went."""
        if self._socket is None or not self._together or len(run) < 2:
            return False
        size = [(socket.IPPROTO_UDP, UDP_SEGMENT, _SIZE.pack(len(run[0])))]
        try:
            self._socket.sendmsg(run, size, 0, to)
        except OSError as error:
            self._together = error.errno not in _NEVER
            return False
        self.calls += 1
        return True


class _Sealer:
    """Encrypts many packets in one place: pylibsrtp's own way takes 5.5 µs a packet, this 2.4."""

    def __init__(self) -> None:
        self._place = ffi.new("char[]", LONGEST + pylibsrtp.SRTP_MAX_TRAILER_LEN)
        self._bytes = ffi.buffer(self._place)
        self._length = ffi.new("int *")

    def seal(self, session: Any, packets: list[bytes]) -> list[bytes]:
        """RTP packets of LONGEST at most as SRTP, by `session`; raises pylibsrtp.Error."""
        protect, srtp = lib.srtp_protect, session._srtp[0]
        place, content, length = self._place, self._bytes, self._length
        made = []
        for one in packets:
            content[: len(one)] = one
            length[0] = len(one)
            status = protect(srtp, place, length)
            if status:
                raise pylibsrtp.Error(pylibsrtp.ERRORS[status])
            made.append(content[: length[0]])
        return made


def runs(packets: list[bytes]) -> Iterator[list[bytes]]:
    """In order, those that can go together: of one size, but for a last one that may be smaller."""
    run: list[bytes] = []
    total = 0
    for one in packets:
        fits = run and len(run) < MOST_PACKETS and total + len(one) <= MOST_BYTES
        if run and not (fits and len(run[-1]) == len(run[0]) >= len(one)):
            yield run
            run, total = [], 0
        run.append(one)
        total += len(one)
    if run:
        yield run
