"""A viewer that counts: pictures by their marker bits, losses by gaps in numbers; keeps nothing."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from dataclasses import dataclass
from typing import Any

from aiortc import RTCCertificate, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RtcpReceiverInfo, RtcpRrPacket

from polewatch.viewer import Exchange, fingerprint_of, set_certificate

REPORT_EVERY_S = 1.0
_HEADER = struct.Struct(">xBHII")


@dataclass(slots=True)
class Counted:
    """What arrived so far."""

    pictures: int = 0
    packets: int = 0
    lost: int = 0
    bytes: int = 0
    first_s: float = 0.0
    """Monotonic time of the first picture; 0 before."""


class CountingViewer:
    """One peer. aiortc's receiver sorts and decodes, which twenty times over would measure it."""

    def __init__(self) -> None:
        self.certificate = RTCCertificate.generateCertificate()
        self.counted = Counted()
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        set_certificate(self._peer, self.certificate)
        self._transport: Any = None
        self._ssrc = self._highest = self._before = self._lost_before = 0
        self._reporting: asyncio.Task[None] | None = None

    @property
    def fingerprint(self) -> str:
        """As a grant names it."""
        return fingerprint_of(self.certificate)

    @property
    def state(self) -> str:
        return str(self._peer.connectionState)

    async def open(self, exchange: Exchange) -> None:
        """Offer, and take the answer; counting goes on by itself until `close`."""
        transceiver = self._peer.addTransceiver("video", direction="recvonly")
        self._transport = transceiver.receiver.transport
        vars(self._transport)["_handle_rtp_data"] = self._take
        await self._peer.setLocalDescription(await self._peer.createOffer())
        answer = await exchange(self._peer.localDescription.sdp)
        await self._peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        self._reporting = asyncio.create_task(self._report())

    async def close(self) -> None:
        if self._reporting is not None:
            self._reporting.cancel()
        await self._peer.close()

    async def _take(self, data: bytes, **_: int) -> None:
        kind, number, _, ssrc = _HEADER.unpack_from(data)
        self._ssrc = self._ssrc or ssrc
        if ssrc != self._ssrc:
            return
        counted = self.counted
        if counted.packets:
            ahead = (number - self._highest) & 0xFFFF
            if ahead < 1 << 15:
                counted.lost += ahead - 1
                self._highest += ahead
            else:
                # It came late: it was counted as lost.
                counted.lost -= 1
        else:
            self._highest = self._before = number
        counted.packets += 1
        counted.bytes += len(data)
        if kind & 0x80:
            counted.pictures += 1
            counted.first_s = counted.first_s or time.monotonic()

    async def _report(self) -> None:
        """Receiver reports: without them the pole would not know what its path carries."""
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.sleep(REPORT_EVERY_S)
                expected = self._highest - self._before
                if expected <= 0 or self._transport.state != "connected":
                    continue
                lost = max(self.counted.lost - self._lost_before, 0)
                self._before, self._lost_before = self._highest, self.counted.lost
                info = RtcpReceiverInfo(
                    ssrc=self._ssrc,
                    fraction_lost=min(255, lost * 256 // expected),
                    packets_lost=self.counted.lost,
                    highest_sequence=self._highest & 0xFFFFFFFF,
                    jitter=0,
                    lsr=0,
                    dlsr=0,
                )
                await self._transport._send_rtp(bytes(RtcpRrPacket(ssrc=1, reports=[info])))
