"""What goes onto a viewer's path and when, in simulated time; only the path itself is played."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from aiortc import RTCPeerConnection, RTCRtpSender
from aiortc.rtcrtpparameters import (
    RTCRtcpParameters,
    RTCRtpCodecParameters,
    RTCRtpSendParameters,
)
from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtpPacket,
    is_rtcp,
    unwrap_rtx,
)

from edge_agent.camera.nal import START_CODE
from edge_agent.clips.picture import Picture, Thinning
from edge_agent.clips.player import ClipTrack
from edge_agent.clips.pump import Pump
from tests.support.loop import run_simulated

GOP = 50


class _Feed:
    def __init__(self, pictures: int, keyframe: int, other: int) -> None:
        self.thinning = Thinning()
        self.asked_again = 0
        self._left = [
            _picture(number, keyframe if number % GOP == 0 else other, number % GOP == 0)
            for number in range(pictures)
        ]

    async def next(self) -> Picture | None:
        return self._left.pop(0) if self._left else None

    def again(self) -> None:
        self.asked_again += 1

    def close(self) -> None:
        self._left.clear()


def _picture(number: int, size: int, keyframe: bool) -> Picture:
    unit = bytes([0x65 if keyframe else 0x41]) + os.urandom(size).replace(b"\0", b"\1")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Picture(START_CODE + unit, number * 3600, number * 3600, keyframe, at, burst=False)


@dataclass
class Bench:
    """A pump whose packets are caught where aiortc would encrypt them."""

    pump: Pump
    feed: _Feed
    sender: RTCRtpSender
    sent: list[tuple[float, RtpPacket]] = field(default_factory=list)
    repeated: list[tuple[float, RtpPacket]] = field(default_factory=list)

    async def take(self, data: bytes) -> None:
        if is_rtcp(data):
            return
        packet = RtpPacket.parse(data)
        now = asyncio.get_running_loop().time()
        mine = packet.ssrc == self.sender._ssrc
        (self.sent if mine else self.repeated).append((now, packet))

    async def report(self, *, lost: int, until: int) -> None:
        info = RtcpReceiverInfo(
            self.sender._ssrc, 0, lost, self.sent[until - 1][1].sequence_number, 0, 0, 0
        )
        await self.pump.take_feedback(RtcpRrPacket(ssrc=1, reports=[info]))

    async def missing(self, *numbers: int) -> None:
        packet = RtcpRtpfbPacket(RTCP_RTPFB_NACK, 1, self.sender._ssrc, list(numbers))
        await self.pump.take_feedback(packet)

    def pictures(self, after_s: float = 0.0) -> int:
        return sum(bool(packet.marker) for at, packet in self.sent if at >= after_s)


def on_bench(
    work: Callable[[Bench], Coroutine[Any, Any, None]],
    pictures: int = 500,
    keyframe: int = 100_000,
    other: int = 13_000,
    rate_bps: float | None = None,
) -> None:
    async def run() -> None:
        connection = RTCPeerConnection()
        feed = _Feed(pictures, keyframe, other)
        track = ClipTrack(feed)
        sender = connection.addTransceiver(track, direction="sendonly").sender
        bench = Bench(Pump.of(sender, track), feed, sender)
        vars(sender.transport)["_send_rtp"] = bench.take
        if rate_bps is not None:
            path = replace(bench.pump.path, rate_bps=rate_bps, tried=True)
            bench.pump.path = path
        codecs = [
            RTCRtpCodecParameters("video/H264", 90_000, payloadType=102),
            RTCRtpCodecParameters("video/rtx", 90_000, payloadType=103, parameters={"apt": 102}),
        ]
        await bench.pump.start(
            RTCRtpSendParameters(codecs=codecs, rtcp=RTCRtcpParameters(cname="pole"))
        )
        await work(bench)
        await bench.pump.stop()

    run_simulated(run())


def test_packets_leave_at_the_path_s_rate() -> None:
    async def work(bench: Bench) -> None:
        await asyncio.sleep(2)
        first = bench.sent[0][0]
        done = next(at for at, packet in bench.sent if packet.marker)
        assert 0.75 < done - first < 0.85, "100 kB at 1 Mbit/s"
        for at, _ in bench.sent:
            burst = sum(len(p.payload) for t, p in bench.sent if at <= t < at + 0.004)
            assert burst <= 6_000

    on_bench(work, pictures=1, rate_bps=1e6)


def test_what_is_asked_for_is_repeated_once_a_round_trip() -> None:
    async def work(bench: Bench) -> None:
        await asyncio.sleep(0.5)
        number = bench.sent[3][1].sequence_number
        for _ in range(3):
            await bench.missing(number)
            await asyncio.sleep(0.005)
        assert len(bench.repeated) == 1
        again = unwrap_rtx(bench.repeated[0][1], 102, bench.sender._ssrc)
        assert again.payload == bench.sent[3][1].payload
        assert again.sequence_number == number
        await asyncio.sleep(0.1)
        await bench.missing(number, (number - 10_000) & 0xFFFF)
        await asyncio.sleep(0.1)
        assert len(bench.repeated) == 2

    on_bench(work)


def test_losses_lead_to_keyframes_alone_and_nothing_that_waits_too_long() -> None:
    async def work(bench: Bench) -> None:
        await asyncio.sleep(3)
        assert bench.pictures() >= 74
        lost = 0
        for _ in range(8):
            before = len(bench.sent)
            await asyncio.sleep(1)
            lost += (len(bench.sent) - before) // 2
            await bench.report(lost=lost, until=len(bench.sent))
        assert bench.pump.admission.keyframes_only
        assert bench.pump.thinned > 50
        await asyncio.sleep(6)
        assert bench.pictures(after_s=11.0) <= 4

    on_bench(work)


def test_a_viewer_that_cannot_decode_begins_anew_at_the_keyframe() -> None:
    async def work(bench: Bench) -> None:
        complaint = RtcpPsfbPacket(RTCP_PSFB_PLI, 1, bench.sender._ssrc)
        asked = []
        for _ in range(2):
            await asyncio.sleep(0.79)
            await bench.pump.take_feedback(complaint)
            asked.append(bench.feed.asked_again)
        # At the first the keyframe was on its way still.
        assert asked == [0, 1]
        before = bench.pictures()
        await asyncio.sleep(0.4)
        assert bench.pictures() == before, "nothing that it could not decode"

    on_bench(work)


def test_the_end_of_a_clip_has_time_to_leave() -> None:
    async def work(bench: Bench) -> None:
        drained = []
        for seconds in (0.1, 1.5):
            await asyncio.sleep(seconds)
            drained.append(bench.pump.drained)
        assert drained == [False, True]
        assert bench.pictures() == 3
        assert bench.pump.bytes_sent > 120_000

    on_bench(work, pictures=3, rate_bps=2e6)
