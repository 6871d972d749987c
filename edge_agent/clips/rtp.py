"""RTP packets of H.264 (RFC 6184, mode 1), their retransmission (RFC 4588), and extensions."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from edge_agent.camera import nal

MOST = 1200
"""Bytes of a payload: with RTP, SRTP, TURN and UDP headers below any usual MTU."""
REMEMBERED: Final = 32
"""Pictures whose payloads are kept: two of each camera of a large box."""
_IDR = 5
_FU_A, _STAP_A = 28, 24
_AGGREGATED = frozenset({6, 7, 8, 9})
"""SEI, SPS, PPS and delimiters: small, and nothing by themselves."""
_HEADER = struct.Struct(">BBHII")
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"


@dataclass(frozen=True, slots=True)
class Packetised:
    """A picture as RTP payloads."""

    payloads: tuple[bytes, ...]
    keyframe: bool
    size: int
    """Bytes of all payloads."""


@lru_cache(REMEMBERED)
def packetised(picture: bytes) -> Packetised:
    """An Annex B access unit; made once, however many viewers are sent the same bytes."""
    units = nal.split(picture)
    made = tuple(payloads(units))
    return Packetised(made, any(unit[0] & 0x1F == _IDR for unit in units), sum(map(len, made)))


def payloads(units: list[bytes]) -> list[bytes]:
    """One access unit's NAL units as RTP payloads."""
    made: list[bytes] = []
    small: list[bytes] = []
    for unit in units:
        if unit[0] & 0x1F in _AGGREGATED and len(unit) < MOST // 4:
            small.append(unit)
            continue
        made += _together(small)
        small = []
        made += [unit] if len(unit) <= MOST else _fragments(unit)
    return made + _together(small)


def _together(units: list[bytes]) -> list[bytes]:
    if len(units) < 2 or sum(len(unit) + 2 for unit in units) >= MOST:
        return units
    importance = max(unit[0] & 0x60 for unit in units)
    parts = b"".join(struct.pack(">H", len(unit)) + unit for unit in units)
    return [bytes([_STAP_A | importance]) + parts]


def _fragments(unit: bytes) -> list[bytes]:
    room = MOST - 2
    count = -(-(len(unit) - 1) // room)
    # Of one size each, rather than full ones and a small rest.
    size = -(-(len(unit) - 1) // count)
    indicator, kind = unit[0] & 0xE0 | _FU_A, unit[0] & 0x1F
    made = []
    for start in range(1, len(unit), size):
        edge = (0x80 if start == 1 else 0) | (0x40 if start + size >= len(unit) else 0)
        made.append(bytes([indicator, edge | kind]) + unit[start : start + size])
    return made


@dataclass(frozen=True, slots=True)
class Extensions:
    """Ids of the header extensions that were agreed on; None for those that were not."""

    abs_send_time: int | None = None
    mid: int | None = None
    mid_value: bytes = b""

    def build(self, at_s: float) -> bytes:
        """The extension block of a packet sent `at_s` (seconds of any steady clock)."""
        parts = b""
        if self.abs_send_time is not None:
            # 24 bits of fixed point, 6 of them before the point.
            moment = int(at_s * (1 << 18)) & 0xFFFFFF
            parts += bytes([self.abs_send_time << 4 | 2]) + moment.to_bytes(3)
        if self.mid is not None and self.mid_value:
            parts += bytes([self.mid << 4 | len(self.mid_value) - 1]) + self.mid_value
        if not parts:
            return b""
        parts += bytes(-len(parts) % 4)
        return struct.pack(">HH", 0xBEDE, len(parts) // 4) + parts


def packet(
    payload: bytes,
    kind: int,
    number: int,
    timestamp: int,
    ssrc: int,
    marker: bool,
    extensions: bytes,
) -> bytes:
    """A whole RTP packet; `kind` is the payload type."""
    first = 0x90 if extensions else 0x80
    second = kind | 0x80 if marker else kind
    return _HEADER.pack(first, second, number, timestamp, ssrc) + extensions + payload


def again(payload: bytes, number: int) -> bytes:
    """The payload of a retransmission of packet `number`."""
    return struct.pack(">H", number) + payload
