"""What sender and receiver tell each other about time (RFC 3550, section 6.4.1)."""

from __future__ import annotations

from dataclasses import dataclass

from aiortc import clock
from aiortc.rtp import (
    RtcpReceiverInfo,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)

RTP_CLOCK = 90_000
_CNAME = 1


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment on both clocks."""

    ntp: int
    """64 bits, 32 of them behind the point."""
    timestamp: int

    @classmethod
    def now(cls, timestamp: int, passed_s: float) -> Moment:
        """Now is `passed_s` seconds after `timestamp`."""
        passed = round(passed_s * RTP_CLOCK)
        return cls(clock.current_ntp_time(), (timestamp + passed) & 0xFFFFFFFF)


def sender_report(ssrc: int, cname: str, moment: Moment, packets: int, octets: int) -> bytes:
    """A sender report with the sender's name."""
    info = RtcpSenderInfo(
        ntp_timestamp=moment.ntp,
        rtp_timestamp=moment.timestamp,
        packet_count=packets & 0xFFFFFFFF,
        octet_count=octets & 0xFFFFFFFF,
    )
    name = RtcpSourceInfo(ssrc, [(_CNAME, cname.encode())])
    told = bytes(RtcpSrPacket(ssrc=ssrc, sender_info=info))
    return told + bytes(RtcpSdesPacket(chunks=[name]))


def round_trip(info: RtcpReceiverInfo) -> float | None:
    """Seconds; None before the receiver heard a report of ours."""
    if not info.lsr:
        return None
    now = clock.current_ntp_time() >> 16 & 0xFFFFFFFF
    passed = (now - info.lsr - info.dlsr) & 0xFFFFFFFF
    return passed / 65536 if passed < 1 << 31 else 0.0
