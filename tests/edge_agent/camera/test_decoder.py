"""Decoding at the analysis rate on a thread, bounded, and surviving damage."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from edge_agent.camera.decoder import QUEUE_PACKETS, FrameDecoder
from edge_agent.camera.gate import PacketGate
from edge_agent.camera.nal import Codec
from edge_agent.camera.packet import EncodedPacket
from edge_agent.scene import Frame
from tests.support.media import encode, info_of
from tests.support.wait import wait_until


def _level(frame: Frame) -> int:
    return int(frame.image[0, 0, 0])


def _decode(packets: tuple[EncodedPacket, ...], decoder: FrameDecoder, expected: int) -> None:
    _decode_until(packets, decoder, lambda: decoder.decoded >= expected)


def _decode_until(
    packets: tuple[EncodedPacket, ...], decoder: FrameDecoder, done: Callable[[], bool]
) -> None:
    decoder.start()
    decoder.stream(info_of(packets))
    for packet in packets:
        decoder.packet(packet)
    wait_until(done, 20, "the pictures")
    assert decoder.stop()


def test_frames_come_at_the_analysis_rate_with_the_packet_s_times() -> None:
    frames: list[Frame] = []
    packets = encode(30)
    _decode(packets, FrameDecoder("yard", frames.append, analysis_fps=5), 30)
    assert [round(frame.media_s, 3) for frame in frames] == [i / 5 for i in range(15)]
    assert [frame.received_at for frame in frames] == [one.received_at for one in packets[::2]]
    assert frames[0].image.shape == (48, 64, 3)
    # The ramp tells that the pictures are the right ones; conversion moves it a little.
    assert all(abs(_level(f) - (20 + 2 * i)) <= 5 for i, f in enumerate(frames))


def test_b_frames_come_in_the_order_of_showing() -> None:
    frames: list[Frame] = []
    packets = encode(30, b_frames=2)
    _decode(packets, FrameDecoder("yard", frames.append, analysis_fps=10), 26)
    times = [frame.media_s for frame in frames]
    assert times == sorted(times)
    assert len(times) >= 26


def test_a_damaged_packet_costs_its_gop_and_no_more() -> None:
    frames: list[Frame] = []
    good = encode(30)
    bad = replace(good[12], data=b"\x00\x00\x00\x01\x41" + bytes(range(1, 60)))
    packets = (*good[:12], bad, *good[13:])
    decoder = FrameDecoder("yard", frames.append, analysis_fps=10)
    _decode_until(packets, decoder, lambda: any(round(one.media_s, 1) == 2.9 for one in frames))
    assert {round(frame.media_s, 1) for frame in frames} >= {
        *[i / 10 for i in range(12)],
        *[2 + i / 10 for i in range(10)],
    }


def test_a_slow_analysis_loses_packets_counted_and_resumes_at_a_keyframe() -> None:
    gate_open = threading.Event()
    frames: list[Frame] = []

    def deliver(frame: Frame) -> None:
        frames.append(frame)
        gate_open.wait(10)

    packets = encode(200)
    decoder = FrameDecoder("yard", deliver, analysis_fps=10)
    decoder.start()
    decoder.stream(info_of(packets))
    decoder.packet(packets[0])
    wait_until(lambda: frames, 5, "the first picture")
    for packet in packets[1:]:
        decoder.packet(packet)
    assert decoder.dropped >= 200 - 2 * QUEUE_PACKETS
    gate_open.set()
    wait_until(lambda: decoder.decoded + decoder.dropped == 200, 5, "the rest")
    assert decoder.stop()
    assert decoder.errors == 0
    resumed = frames[1]
    assert next(p for p in packets if p.media_s == resumed.media_s).keyframe


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_both_codecs_decode(codec: Codec) -> None:
    frames: list[Frame] = []
    packets = encode(10, codec=codec)
    decoder = FrameDecoder("yard", frames.append, analysis_fps=10)
    decoder.start()
    decoder.stream(info_of(packets, codec))
    for packet in packets:
        decoder.packet(packet)
    wait_until(lambda: len(frames) >= 6, 5, "pictures")
    assert decoder.stop()


def _has_taken(decoder: FrameDecoder, packets: int) -> bool:
    return decoder.decoding.packets == packets


def test_what_was_held_back_comes_when_the_analysis_asks_and_waits_to_be_taken() -> None:
    packets = encode(326, quiet=range(326), width=96, height=64)
    frames: list[Frame] = []
    waited: list[float] = []
    gate = PacketGate()
    decoder = FrameDecoder("yard", frames.append, wait=waited.append, gate=gate)
    decoder.start()
    decoder.stream(info_of(packets))
    for first in range(0, len(packets), 10):
        for packet in packets[first : first + 10]:
            decoder.packet(packet)
        fed = min(first + 10, len(packets))
        wait_until(partial(_has_taken, decoder, fed), 5, "their turn")
        decoder.judged(packets[fed - 1].media_s, busy=False)
    wait_until(lambda: not gate.open, 5, "the gate shuts")
    known = len(frames)
    decoder.judged(32.5, busy=True)
    wait_until(lambda: len(frames) >= known + 2, 5, "what was held back")
    assert decoder.stop()
    assert all(frame.media_s >= 32 for frame in frames[known:])
    assert len(waited) == len(frames) - known
    assert all(seconds > 0 for seconds in waited)
