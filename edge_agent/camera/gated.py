"""Packets in, pictures out: decodes what the gate asks for, at the analysis rate.

Without threads and without a clock, for live streams and recordings alike. While the gate is shut,
or waits for its turn to learn, packets are held from their keyframe on, a GOP at the most; when it
opens they are decoded first, and their pictures are handed on as `late`: who takes them should take
them all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import av
import av.error
import numpy as np

from edge_agent.camera.gate import SPARSE_S, PacketGate
from edge_agent.camera.glance import Glance
from edge_agent.camera.learning import LearningTurns
from edge_agent.camera.packet import TICKS, EncodedPacket, StreamInfo
from edge_agent.scene import Frame
from edge_agent.stages import stage

JITTER: Final = 0.2
"""A frame this part of a step early counts as on time."""

LEAD_S: Final = 2.0
"""How far before the moment of opening pictures are analysed; from the look before on, when it
opens for what a look shows: that may have come at any time between the two."""

HELD_BYTES: Final = 4_000_000
"""Of packets held back, beyond which only the newest GOP is."""

WAITS_S: Final = 1.0
"""Between two looks, at least, of a camera whose gate waits for its turn to learn."""

FED_S: Final = 14.0
"""While nothing changes, a picture is analysed so often all the same: what learns a background
lives on them."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture to analyse."""

    frame: Frame
    late: bool = False
    """It had been held back; others come right behind it."""


class GatedDecoding:
    """Of one camera. `packet` yields pictures in the order of showing."""

    def __init__(
        self,
        camera: str,
        gate: PacketGate | None,
        *,
        analysis_fps: float = 5.0,
        threads: int = 1,
        turns: LearningTurns | None = None,
    ) -> None:
        """Without a gate everything is decoded. With `turns`, other cameras may learn first."""
        self.gate = gate
        self.packets = 0
        self.decoded = 0
        self.looks = 0
        """Keyframes decoded while nothing moved."""
        self.delivered = 0
        self.errors = 0
        self._camera = camera
        self._step = TICKS / analysis_fps
        self._threads = threads
        self._info: StreamInfo | None = None
        self._context: av.VideoCodecContext | None = None
        self._looker: av.VideoCodecContext | None = None
        self._glance = Glance()
        self._fed_s = 0.0
        self._broken = True
        self._due = 0.0
        self._arrivals: dict[int, EncodedPacket] = {}
        self._held: list[EncodedPacket] = []
        self._held_bytes = 0
        self._turns = turns
        self._waits = False
        """Its gate has not learned, and it is not its turn."""
        self._looked_s = 0.0

    @property
    def holds(self) -> bool:
        """Whether packets are held back now."""
        return self.gate is not None and (self._waits or not self.gate.open)

    @property
    def held_bytes(self) -> int:
        """Of packets that are held back now."""
        return self._held_bytes

    def stream(self, info: StreamInfo) -> None:
        """A stream begins, begins anew, or changes."""
        self._info = info
        self._context, self._looker = self._opened(info), None
        self._broken = True
        self._arrivals.clear()
        self._held, self._held_bytes = [], 0
        if self.gate is not None:
            self.gate.begin_anew()
            self._waits = self._turns is not None
            self._looked_s = -math.inf
            if self._turns is not None:
                self._turns.give_back(self._camera)

    def packet(self, packet: EncodedPacket) -> Iterator[Taken]:
        """The pictures to analyse now that this packet has come.

        Who analyses them before asking for the next tells the gate itself what was seen.
        """
        self.packets += 1
        if self._context is None:
            return
        gate = self.gate
        if gate is None:
            yield from map(Taken, self._take(packet))
            return
        if self._waits and not self._begins(packet):
            yield from self._meanwhile(packet)
            return
        shuts, followed = gate.open, gate.reason == "change"
        with stage("gate"):
            want = gate.take(packet.dts_90k / TICKS, len(packet.data), keyframe=packet.keyframe)
        if want == "all":
            yield from self._catch_up()
            if gate.intra and packet.pts_90k < self._due - self._step * JITTER:
                self._broken = True
                return
            yield from map(Taken, self._take(packet))
            return
        if shuts and self._turns is not None:
            self._turns.give_back(self._camera)
        before = self._held
        if want == "look":
            self._held, self._held_bytes = [], 0
        self._hold(packet)
        if want == "look":
            yield from map(Taken, self._look(packet, before, fresh=shuts and not followed))
        if gate.open:
            yield from self._catch_up()

    def judged(self, media_s: float, *, busy: bool) -> Iterator[Taken]:
        """Analysis has seen a picture; what is held comes out when that opens the gate."""
        if self.gate is None:
            return
        self.gate.judged(media_s, busy=busy)
        self._waits = self._waits and not busy
        if self.gate.open and not self._waits:
            yield from self._catch_up()

    # --- held back ------------------------------------------------------------------------------

    def _begins(self, packet: EncodedPacket) -> bool:
        """Whether the gate learns from here on: not before a first picture was looked at.

        A camera of few keyframes is not kept waiting.
        """
        assert self._turns is not None
        if packet.keyframe and self._looked_s > -math.inf:
            self._waits = not self._turns.take(self._camera)
            if not self._waits:
                self._held, self._held_bytes = [], 0
        elif self._held and packet.media_s - self._held[0].media_s > SPARSE_S:
            self._waits = False
        return not self._waits

    def _meanwhile(self, packet: EncodedPacket) -> Iterator[Taken]:
        """Its turn has not come: keyframes are looked at, and the GOP is kept."""
        if packet.keyframe:
            self._held, self._held_bytes = [], 0
        self._hold(packet)
        if packet.keyframe and packet.media_s - self._looked_s >= WAITS_S:
            self._looked_s = packet.media_s
            yield from map(Taken, self._look(packet, [], fresh=True))

    def _hold(self, packet: EncodedPacket) -> None:
        if packet.keyframe and self._held_bytes > HELD_BYTES:
            self._held, self._held_bytes = [], 0
        self._held.append(packet)
        self._held_bytes += len(packet.data)

    def _catch_up(self) -> Iterator[Taken]:
        held, self._held, self._held_bytes = self._held, [], 0
        if not held or self._context is None:
            return
        if self.gate is None or self.gate.reason != "change":
            # Pictures analysed before the gate shut, or long ago, are not analysed again.
            self._due = max(self._due, held[-1].pts_90k - LEAD_S * TICKS)
            held = _from_keyframe(held, self._due)
        self._context.flush_buffers()
        self._arrivals.clear()
        self._broken = True
        for packet in held:
            for frame in self._take(packet):
                yield Taken(frame, late=True)

    def _look(
        self, packet: EncodedPacket, before: list[EncodedPacket], *, fresh: bool
    ) -> Iterator[Frame]:
        """This keyframe, if it differs from the one before or a picture is due anyway.

        `before` came since the look before it, and is taken up again when the gate opens; `fresh`:
        it is the first of an idle time, with which later ones are compared. After an opening for
        what a look showed it is compared itself: what has moved on meanwhile is followed.
        """
        assert self.gate is not None
        assert self._info is not None
        self._looker = self._looker or self._opened(self._info)
        encoded = av.Packet(packet.data)
        encoded.pts = encoded.dts = packet.pts_90k
        self.looks += 1
        try:
            pictures = [*self._looker.decode(encoded), *self._looker.decode(None)]
        except av.error.FFmpegError:
            self.errors += 1
            self._looker = None
            return
        self._looker.flush_buffers()
        if not pictures:
            self.errors += 1
            return
        self.decoded += 1
        feed = packet.media_s - self._fed_s >= FED_S or packet.media_s < self._fed_s
        differs = self._glance.differs(pictures[0])
        if differs and not fresh:
            self.gate.changed(packet.media_s, differs)
            if self.gate.open:
                self._held = [*before, packet]
                return
        if differs or feed:
            self._fed_s = packet.media_s
            self._due = max(self._due, packet.pts_90k + self._step)
            yield self._frame(pictures[0], packet)
        else:
            self.gate.judged(packet.media_s, busy=False)

    # --- decoded --------------------------------------------------------------------------------

    def _opened(self, info: StreamInfo) -> av.VideoCodecContext:
        context = av.CodecContext.create(info.codec, "r")
        context.thread_count = self._threads
        return context

    def _take(self, packet: EncodedPacket) -> Iterator[Frame]:
        for picture, of in self._pictures(packet):
            if of.pts_90k < self._due - self._step * JITTER:
                continue
            # From the due time, not from now: 10 fps thinned to 5 fps stays 5 fps despite jitter.
            late = of.pts_90k - self._due > self._step
            self._due = (of.pts_90k if late else self._due) + self._step
            yield self._frame(picture, of)

    def _pictures(self, packet: EncodedPacket) -> Iterator[tuple[av.VideoFrame, EncodedPacket]]:
        if self._context is None or (self._broken and not packet.keyframe):
            # What was not decoded is missing to the packets behind it.
            self._broken = True
            return
        self._broken = False
        self._arrivals[packet.pts_90k] = packet
        encoded = av.Packet(packet.data)
        encoded.pts, encoded.dts = packet.pts_90k, packet.dts_90k
        try:
            pictures = self._context.decode(encoded)
        except av.error.FFmpegError:
            self.errors += 1
            self._broken = True
            return
        for picture in pictures:
            self.decoded += 1
            of = self._arrivals.get(picture.pts) if picture.pts is not None else None
            if of is None:
                continue
            at = of.pts_90k
            self._arrivals = {pts: one for pts, one in self._arrivals.items() if pts > at}
            yield picture, of

    def _frame(self, picture: av.VideoFrame, of: EncodedPacket) -> Frame:
        self.delivered += 1
        image = np.ascontiguousarray(picture.to_ndarray(format="bgr24"), dtype=np.uint8)
        return Frame(self._camera, image, of.media_s, of.received_mono_s, of.received_at)


def _from_keyframe(held: list[EncodedPacket], from_90k: float) -> list[EncodedPacket]:
    """From the keyframe on that the picture of `from_90k` needs, or from the first."""
    keys = [n for n, one in enumerate(held) if one.keyframe and one.pts_90k <= from_90k]
    return held[keys[-1] if keys else 0 :]
