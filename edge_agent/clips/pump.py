"""Sends one viewer's pictures as RTP: paced by what its path carries, thinned, repeated on request.

Takes the place of aiortc's own sending loop, which sends each picture in one burst, remembers 128
packets and hears no report. What is decided is pure (`carrying`, `admission`); here it is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from dataclasses import dataclass

from aiortc import RTCRtpSender
from aiortc.codecs import is_rtx
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import RTCRtpSendParameters
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    unpack_remb_fci,
)

from edge_agent.clips import rtcp, rtp
from edge_agent.clips.admission import Admission
from edge_agent.clips.carrying import Path, Report
from edge_agent.clips.outlet import Outlet
from edge_agent.clips.player import ClipTrack
from edge_agent.clips.rtcp import Moment

HISTORY = 1024
"""Packets kept for repetition: 1.2 MB, more than two seconds of 4 Mbit/s."""
QUEUE_BYTES = 8 << 20
REPORTS_S = 0.25
"""Receiver reports that follow closer than this are taken together."""
HEADERS = 40
"""Bytes of RTP, its extensions, SRTP and UDP that come to each payload, about."""
BURST_S = 0.016
BURST_BYTES = 3_000
SR_EVERY_S = 0.5
PAUSED_S = 0.05
"""How soon a pause that ended is noticed while pictures wait."""
DRAIN_S = 3.0
"""What a track that ended left in the queue has so long to go out."""


@dataclass(slots=True)
class _Queued:
    timestamp: int
    keyframe: bool
    payloads: tuple[bytes, ...]
    left: int
    """Bytes that wait."""
    begun: int = 0


@dataclass(slots=True)
class _Sent:
    number: int
    timestamp: int
    marker: bool
    payload: bytes
    keyframe: bool
    at_s: float


@dataclass(slots=True)
class _Since:
    """What happened since the last report."""

    at_s: float
    number: int
    lost: int = 0
    packets: int = 0
    bytes: int = 0
    missing: int = 0
    repeated: int = 0
    """Bytes sent again; as many of them as of others are taken for arrived."""
    beside: int = 0
    """Bytes of what goes the same way without being RTP; taken so too."""
    busy_s: float = 0.0


class Pump:
    """Made by `Pump.of(sender, track)` before negotiation; lives and ends with the sender."""

    def __init__(self, sender: RTCRtpSender, track: ClipTrack) -> None:
        self.bytes_sent = 0
        """Of media, first time and again."""
        self.thinned = 0
        """Pictures left out because the path does not carry them."""
        self.drained = False
        """True when all of a track that ended has left, and had time to be asked for again."""
        self.path = Path()
        self.admission = Admission()
        self._sender = sender
        self._track = track
        self._now = asyncio.get_running_loop().time
        self._queue: deque[_Queued] = deque()
        self._queued_bytes = 0
        self._again: dict[int, None] = {}
        self._history: list[_Sent | None] = [None] * HISTORY
        self._number = random.randrange(1 << 15)
        self._rtx_number = random.randrange(1 << 15)
        self._origin = random.randrange(1 << 32)
        self._newest = self._origin, self._now()
        """The time stamp sent last, and when."""
        self._packets = 0
        self._remb_bps: float | None = None
        self._since = _Since(self._now(), self._number)
        self._allowed = float(BURST_BYTES)
        self._allowed_at_s = self._now()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._extensions = rtp.Extensions()
        self._kind = self._rtx_kind = 0
        self._cname = ""
        self._outlet = Outlet(sender)

    @property
    def backlog_s(self) -> float:
        """How long the pictures that wait take at the path's rate."""
        return self._queued_bytes * 8 / self.path.rate_bps

    def note_beside(self, size: int, busy_s: float) -> None:
        """Something else took `size` bytes of the path, or would have taken more for `busy_s`."""
        self._since.beside += size
        self._since.busy_s += busy_s

    @classmethod
    def of(cls, sender: RTCRtpSender, track: ClipTrack) -> Pump:
        """A pump in the place of the sender's own loop.

        aiortc lets nobody pass a sender in; these three are all that its connection and its
        transport call of one.
        """
        pump = cls(sender, track)
        vars(sender).update(send=pump.start, stop=pump.stop, _handle_rtcp_packet=pump.take_feedback)
        return pump

    async def start(self, parameters: RTCRtpSendParameters) -> None:
        """Called by aiortc once the transport is up."""
        if self._tasks:
            return
        codec = parameters.codecs[0]
        self._kind = codec.payloadType or 0
        for other in parameters.codecs:
            if is_rtx(other) and other.parameters["apt"] == self._kind:
                self._rtx_kind = other.payloadType or 0
        ids = {one.uri: one.id for one in parameters.headerExtensions}
        name = parameters.muxId.encode()
        self._extensions = rtp.Extensions(ids.get(rtp.ABS_SEND_TIME), ids.get(rtp.MID), name)
        self._cname = parameters.rtcp.cname or ""
        self._sender.transport._register_rtp_sender(self._sender, parameters)
        self._tasks = [
            asyncio.create_task(work) for work in (self._take(), self._give(), self._report())
        ]

    async def stop(self) -> None:
        """Called by aiortc; a second time does nothing."""
        tasks, self._tasks = self._tasks, []
        if not tasks:
            return
        self._sender.transport._unregister_rtp_sender(self._sender)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        self._track.stop()
        self._outlet.close()
        with contextlib.suppress(ConnectionError):
            await self._send(bytes(RtcpByePacket(sources=[self._sender._ssrc])))

    async def take_feedback(self, packet: AnyRtcpPacket) -> None:
        """Called by aiortc's transport for each RTCP packet that concerns this sender."""
        now = self._now()
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            for info in packet.reports:
                if info.ssrc == self._sender._ssrc:
                    self._take_report(now, info)
        elif isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
            self._take_nack(now, packet.lost)
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
            self._take_complaint(now)
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
            with contextlib.suppress(ValueError):
                bps, ssrcs = unpack_remb_fci(packet.fci)
                if self._sender._ssrc in ssrcs:
                    before, self._remb_bps = self._remb_bps, float(bps)
                    self._follow(self.path.after_remb(now, before, float(bps)))

    def _take_report(self, now: float, info: RtcpReceiverInfo) -> None:
        since = self._since
        passed_s = now - since.at_s
        expected = (info.highest_sequence - since.number) & 0xFFFF
        if passed_s < REPORTS_S or not 0 < expected < 1 << 15:
            return
        lost = min(max(info.packets_lost - since.lost, 0), expected)
        size = since.bytes / since.packets if since.packets else rtp.MOST
        report = Report(
            at_s=now,
            seconds=passed_s,
            packets=expected,
            lost=lost / expected,
            arrived_bps=(expected * size + since.repeated + since.beside)
            * (1 - lost / expected)
            * 8
            / passed_s,
            busy=min(1.0, since.busy_s / passed_s),
            rtt_s=rtcp.round_trip(info),
        )
        self._since = _Since(now, info.highest_sequence & 0xFFFF, info.packets_lost)
        self._follow(self.path.after(report))

    def _take_nack(self, now: float, numbers: list[int]) -> None:
        resend_s = max(0.02, 0.8 * (self.path.floor_s or 0.0))
        for number in numbers:
            sent = self._remembered(number)
            if sent is None or (self.admission.broken_off and not sent.keyframe):
                continue
            if now - sent.at_s >= resend_s:
                self._again[number] = None
        self._since.missing += len(numbers)
        self._follow(self.path.after_nacks(now, self._since.packets, self._since.missing))
        self._wake.set()

    def _take_complaint(self, now: float) -> None:
        broken = self.admission.picture_lost(now)
        if broken != self.admission:
            self.admission = broken
            self._track.keyframe_again()

    def _follow(self, path: Path) -> None:
        cut = path.rate_bps < self.path.rate_bps
        self.path = path
        if not cut:
            return
        self._since.packets = self._since.missing = self._since.bytes = 0
        self.admission = self.admission.cut(path.rate_bps)
        self._drop_waiting()
        if self.admission.broken_off:
            # The path is too narrow to repeat pictures that the next keyframe makes needless.
            again = (one for one in self._again if self._is_keyframe(one))
            self._again = dict.fromkeys(again)

    def _is_keyframe(self, number: int) -> bool:
        sent = self._remembered(number)
        return sent is not None and sent.keyframe

    def _drop_waiting(self) -> None:
        """Leave out what the narrower path would deliver too late: all but keyframes."""
        kept = deque(one for one in self._queue if one.begun or one.keyframe)
        dropped = len(self._queue) - len(kept)
        if not dropped:
            return
        self.thinned += dropped
        if not self._queue[-1].keyframe:
            self.admission = self.admission.broken()
        self._queue = kept
        self._queued_bytes = sum(one.left for one in kept)

    async def _take(self) -> None:
        """Pictures from the track into the queue, until it ends."""
        with contextlib.suppress(MediaStreamError):
            while True:
                self._offer(*await self._track.following())
        ends_s = self._now() + DRAIN_S
        while (self._queue or self._again) and self._now() < ends_s:
            await asyncio.sleep(0.02)
        # What was lost of the last picture is asked for within a round trip.
        await asyncio.sleep(min(1.0, 0.05 + 2 * (self.path.floor_s or 0.0)))
        self.drained = True

    def _offer(self, data: bytes, pts_90k: int) -> None:
        made = rtp.packetised(data)
        sent, self.admission = self.admission.offer(
            self._now(),
            len(data),
            keyframe=made.keyframe,
            queued_bytes=self._queued_bytes,
            rate_bps=self.path.rate_bps,
            tried=self.path.tried,
        )
        if sent and self._queued_bytes + len(data) > QUEUE_BYTES:
            sent, self.admission = False, self.admission.broken()
        if not sent:
            self.thinned += 1
            return
        timestamp = (self._origin + pts_90k) & 0xFFFFFFFF
        self._queue.append(_Queued(timestamp, made.keyframe, made.payloads, made.size))
        self._queued_bytes += made.size
        self._wake.set()

    async def _give(self) -> None:
        """Packets onto the path at its rate: what is asked for again first."""
        try:
            while True:
                if due := self._due():
                    await self._outlet.send(due)
                if self._again or self._may_go_on():
                    # For half a burst at a time: waking up for each packet would cost more than it.
                    wanted = min(self._burst / 2, self._queued_bytes)
                    wait_s = max(0.001, (wanted - self._allowed) * 8 / self.path.rate_bps)
                    self._since.busy_s += wait_s
                    await asyncio.sleep(wait_s)
                elif self._queue:
                    await asyncio.sleep(PAUSED_S)
                else:
                    self._wake.clear()
                    await self._wake.wait()
        except ConnectionError:
            self._track.stop()

    def _due(self) -> list[bytes]:
        """The packets that may leave now."""
        now = self._now()
        earned = (now - self._allowed_at_s) * self.path.rate_bps / 8
        self._allowed = min(self._burst, self._allowed + earned)
        self._allowed_at_s = now
        extensions = self._extensions.build(now)
        if self._queue:
            self._newest = self._queue[0].timestamp, now
        due: list[bytes] = []
        while self._allowed > 0:
            if self._again:
                self._repeat(due, now, extensions)
            elif self._may_go_on():
                self._go_on(due, now, extensions)
            else:
                break
        return due

    @property
    def _burst(self) -> float:
        """Bytes that may leave at once."""
        return max(BURST_BYTES, self.path.rate_bps / 8 * BURST_S)

    def _may_go_on(self) -> bool:
        # A pause holds back what waits here too, but for the picture that has begun.
        return bool(self._queue) and (not self._track.paused or self._queue[0].begun > 0)

    def _go_on(self, due: list[bytes], now: float, extensions: bytes) -> None:
        """As much of the next picture as may leave: what is done for most packets, in one go."""
        picture = self._queue[0]
        payloads, keyframe, timestamp = picture.payloads, picture.keyframe, picture.timestamp
        ssrc, kind, number, history = self._sender._ssrc, self._kind, self._number, self._history
        begun, last = picture.begun, len(picture.payloads) - 1
        allowed, size = self._allowed, 0
        while allowed > 0 and begun <= last:
            payload, marker = payloads[begun], begun == last
            due.append(rtp.packet(payload, kind, number, timestamp, ssrc, marker, extensions))
            history[number % HISTORY] = _Sent(number, timestamp, marker, payload, keyframe, now)
            number = (number + 1) & 0xFFFF
            begun += 1
            size += len(payload)
            allowed -= len(payload) + HEADERS
        count = begun - picture.begun
        picture.begun, self._number, self._allowed = begun, number, allowed
        picture.left -= size
        if begun > last:
            self._queue.popleft()
        self._queued_bytes -= size
        self._packets += count
        self._since.packets += count
        self._since.bytes += size
        self.bytes_sent += size

    def _repeat(self, due: list[bytes], now: float, extensions: bytes) -> None:
        number = next(iter(self._again))
        del self._again[number]
        sent = self._remembered(number)
        if sent is None:
            return
        sent.at_s = now
        self.bytes_sent += len(sent.payload)
        self._since.repeated += len(sent.payload)
        self._allowed -= len(sent.payload) + HEADERS
        ssrc, kind, payload = self._sender._ssrc, self._kind, sent.payload
        if self._rtx_kind:
            ssrc, kind, payload = self._sender._rtx_ssrc, self._rtx_kind, rtp.again(payload, number)
            number, self._rtx_number = self._rtx_number, (self._rtx_number + 1) & 0xFFFF
        due.append(rtp.packet(payload, kind, number, sent.timestamp, ssrc, sent.marker, extensions))

    def _remembered(self, number: int) -> _Sent | None:
        sent = self._history[number % HISTORY]
        return sent if sent is not None and sent.number == number else None

    async def _report(self) -> None:
        """Sender reports, from which receivers' reports tell the round trip."""
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.sleep(SR_EVERY_S * (0.5 + random.random()))
                timestamp, at_s = self._newest
                await self._send(
                    rtcp.sender_report(
                        self._sender._ssrc,
                        self._cname,
                        Moment.now(timestamp, self._now() - at_s),
                        self._packets,
                        self.bytes_sent,
                    )
                )

    async def _send(self, data: bytes) -> None:
        await self._sender.transport._send_rtp(data)
