"""How much memory a 1080p camera takes whose gate holds packets back, beside one decoded whole.

A camera as the worst that the gate will judge: keyframes almost `SPARSE_S` apart. Nobody is
to be seen in it.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import psutil

from edge_agent.camera.gate import PacketGate
from edge_agent.camera.gated import GatedDecoding
from edge_agent.camera.packet import TICKS, EncodedPacket
from edge_agent.camera.probe import probe
from polewatch.bench.gate_clips import IDLE_FPS, encode, nobody
from polewatch.bench.packets import packets_of

GOP_S: Final = 7.6
GOPS: Final = 2
"""... that are encoded, and sent over and over."""
QUALITY: Final = 22
"""Of x264's crf; a bit rate that is kept to would look like movement."""
SENT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Held:
    """Megabytes of one camera."""

    most_held_mb: float
    """Packets held back, at most."""
    gop_mb: float
    gated_mb: float
    """By which the process grew, with packets, decoders and pictures."""
    plain_mb: float
    """The same where everything is decoded."""
    gate: str


def measure_memory(folder: Path) -> Held:
    """Each in a fresh process; raises ValueError when the clip cannot be decoded."""
    clip = folder / "rare-keyframes.mp4"
    seconds = GOPS * GOP_S
    encode(nobody(seconds), IDLE_FPS, clip, QUALITY, gop_s=GOP_S)
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh, max_tasks_per_child=1) as pool:
        plain_mb, _, _ = pool.submit(_grown, clip, gated=False).result()
        gated_mb, held_mb, gate = pool.submit(_grown, clip, gated=True).result()
    gop_mb = sum(len(packet.data) for packet in packets_of(clip)) / GOPS / 1e6
    return Held(held_mb, gop_mb, gated_mb, plain_mb, gate)


def _grown(clip: Path, *, gated: bool) -> tuple[float, float, str]:
    """Megabytes by which this process grew, of packets held at most, and the gate's last word."""
    gate = PacketGate() if gated else None
    decoding = GatedDecoding("bench", gate)
    began_mb, most = _rss_mb(), 0
    for packet in _over_and_over(clip):
        if decoding.packets == 0:
            info = probe("h264", packet.data)
            if info is None:
                raise ValueError(f"{clip}: begins with no keyframe that can be decoded")
            decoding.stream(info)
        for taken in decoding.packet(packet):
            if gate is not None:
                gate.judged(taken.frame.media_s, busy=False)
        most = max(most, decoding.held_bytes)
    return _rss_mb() - began_mb, most / 1e6, "off" if gate is None else gate.reason


def _over_and_over(clip: Path) -> Iterator[EncodedPacket]:
    """The clip's packets one by one, read anew each time, for SENT_S."""
    length_s = GOPS * GOP_S
    for turn in range(round(SENT_S / length_s)):
        for packet in packets_of(clip):
            later_s = turn * length_s
            yield replace(
                packet,
                pts_90k=packet.pts_90k + round(later_s * TICKS),
                dts_90k=packet.dts_90k + round(later_s * TICKS),
                received_mono_s=packet.received_mono_s + later_s,
                received_at=packet.received_at + timedelta(seconds=later_s),
            )


def _rss_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6
