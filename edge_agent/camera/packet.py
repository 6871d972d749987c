"""What the camera's reader hands to its sinks: encoded packets, never decoded, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edge_agent.camera.nal import Codec

TICKS = 90_000
"""Ticks a second of video time stamps, as in RTP and MPEG-TS."""


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a camera sends. Announced before its first packet and again when it changes."""

    codec: Codec
    width: int
    height: int
    fps: float
    """Frames a second as the stream states it; 0 when it does not."""
    has_b_frames: bool
    parameter_sets: bytes
    """SPS and PPS (H.265: VPS too), Annex B."""


@dataclass(frozen=True, slots=True)
class EncodedPacket:
    """One access unit, Annex B; a keyframe carries its parameter sets in band."""

    data: bytes
    pts_90k: int
    """Presentation time on the source's own line, which runs on over reconnects."""
    dts_90k: int
    """Decoding time on the same line; grows from packet to packet."""
    keyframe: bool
    received_mono_s: float
    """The agent's monotonic clock when the packet arrived."""
    received_at: datetime
    """The agent's wall clock when the packet arrived (UTC)."""

    @property
    def media_s(self) -> float:
        """Seconds since the source opened."""
        return self.pts_90k / TICKS


class PacketSink(Protocol):
    """Who takes packets. Called on the reader's thread: must neither block nor raise."""

    def stream(self, info: StreamInfo) -> None:
        """A stream begins or changes at the next packet, or B-frames were seen in it."""
        ...

    def packet(self, packet: EncodedPacket) -> None:
        """The next packet in decoding order."""
        ...
