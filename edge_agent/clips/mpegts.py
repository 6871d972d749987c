"""Reading our own MPEG-TS segments: one programme, one video stream (ISO/IEC 13818-1).

libav would read them too, but it opens a file by decoding some of it and guesses at a truncated
end. Here a PES packet is an access unit, byte for byte, and an unfinished file is nothing special.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

PACKET = 188
SYNC = 0x47
VIDEO_PID = 0x100
"""libav's muxer gives its first stream this PID."""
WRAP = 1 << 33
"""PTS and DTS have 33 bits: they wrap after 26.5 hours."""
_PTS, _DTS, _RANDOM_ACCESS = 0x80, 0x40, 0x40
_AUD = {b"\x00\x00\x00\x01\x09\xf0": 6, b"\x00\x00\x00\x01\x46\x01\x50": 7}


@dataclass(frozen=True, slots=True)
class Pes:
    """One access unit and its time stamps modulo 2^33."""

    pts: int
    dts: int
    data: bytes
    keyframe: bool


def read(segment: bytes) -> Iterator[Pes]:
    """The access units of a segment, in order; the last one is as long as the file is."""
    parts: list[bytes] = []
    keyframe = False
    for start in range(0, len(segment) - PACKET + 1, PACKET):
        if segment[start] != SYNC:
            # A hole torn by a power cut: what follows is found again at its sync byte.
            continue
        head = segment[start + 1] << 8 | segment[start + 2]
        if head & 0x1FFF != VIDEO_PID:
            continue
        payload = _payload(segment[start : start + PACKET])
        if head & 0x4000:
            if parts:
                yield from _unit(b"".join(parts), keyframe)
            parts = []
            keyframe = bool(segment[start + 3] & 0x20 and segment[start + 5] & _RANDOM_ACCESS)
        if parts or head & 0x4000:
            parts.append(payload)
    if parts:
        yield from _unit(b"".join(parts), keyframe)


def _payload(packet: bytes) -> bytes:
    control = packet[3] >> 4 & 3
    if control == 1:
        return packet[4:]
    if control == 3:
        return packet[5 + packet[4] :]
    return b""


def _unit(pes: bytes, keyframe: bool) -> Iterator[Pes]:
    if len(pes) < 14 or pes[:3] != b"\x00\x00\x01" or not pes[7] & _PTS:
        return
    pts = _stamp(pes[9:14])
    dts = _stamp(pes[14:19]) if pes[7] & _DTS and len(pes) >= 19 else pts
    data = pes[9 + pes[8] :]
    for delimiter, length in _AUD.items():
        # libav's muxer puts an access unit delimiter in front where the camera sent none.
        if data.startswith(delimiter):
            data = data[length:]
    if data:
        yield Pes(pts, dts, data, keyframe)


def _stamp(five: bytes) -> int:
    return (
        (five[0] >> 1 & 7) << 30
        | five[1] << 22
        | (five[2] >> 1) << 15
        | five[3] << 7
        | five[4] >> 1
    )


def unwrap(stamp: int, near: int) -> int:
    """The full time stamp closest to `near` that has these 33 bits."""
    return near + (stamp - near + WRAP // 2) % WRAP - WRAP // 2
