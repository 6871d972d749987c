"""`make bench-quick`: what the gate saves, as ratios to decoding everything in the same run."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from edge_agent.camera.gate import PacketGate
from edge_agent.camera.gated import GatedDecoding
from edge_agent.camera.packet import EncodedPacket
from tests.support.media import encode, info_of

pytestmark = pytest.mark.timed

LEARNED_S = 16.0


def _cpu_s(packets: Sequence[EncodedPacket], gate: PacketGate | None) -> float:
    """CPU seconds of what comes after the gate has learned the stream."""
    decoding = GatedDecoding("yard", gate, analysis_fps=5)
    decoding.stream(info_of(tuple(packets)))
    spent_s = 0.0
    for packet in packets:
        began_s = time.thread_time()
        taken = list(decoding.packet(packet))
        if packet.media_s >= LEARNED_S:
            spent_s += time.thread_time() - began_s
        for one in taken:
            if gate is not None:
                gate.judged(one.frame.media_s, busy=False)
    return spent_s


def test_an_idle_camera_costs_a_small_part_of_decoding_it_all() -> None:
    packets = encode(480, quiet=range(480), width=640, height=480, gop=20)
    # A wall full of texture and without noise: keyframes are as dear beside the others as can be.
    whole = min(_cpu_s(packets, None) for _ in range(2))
    gated = min(_cpu_s(packets, PacketGate()) for _ in range(2))
    assert gated < 0.5 * whole, f"{gated:.3f} s of {whole:.3f} s"


def test_a_busy_camera_costs_no_more_than_decoding_it_all() -> None:
    packets = encode(120, width=640, height=480, gop=20)
    whole = min(_cpu_s(packets, None) for _ in range(3))
    gated = min(_cpu_s(packets, PacketGate()) for _ in range(3))
    assert gated < 1.2 * whole + 0.005, f"{gated:.3f} s of {whole:.3f} s"
