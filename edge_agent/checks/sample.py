"""A little video to measure with: a few seconds of a camera, or a stream made on the spot."""

from __future__ import annotations

import statistics
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction

import av
import numpy as np

from edge_agent.camera import nal
from edge_agent.camera.packet import TICKS, EncodedPacket, StreamInfo
from wire.clock import Clock

ENOUGH = 50
"""Packets; two seconds of most cameras."""


@dataclass
class Sampler:
    """A packet sink that keeps the first packets from a keyframe on."""

    info: StreamInfo | None = None
    packets: list[EncodedPacket] = field(default_factory=list)
    full: threading.Event = field(default_factory=threading.Event)

    def stream(self, info: StreamInfo) -> None:
        self.info = info

    def packet(self, packet: EncodedPacket) -> None:
        if len(self.packets) < ENOUGH and (self.packets or packet.keyframe):
            self.packets.append(packet)
            if len(self.packets) == ENOUGH:
                self.full.set()

    @property
    def fps(self) -> float:
        """Pictures a second as their times say; 0 when there are too few."""
        steps = [
            b.pts_90k - a.pts_90k for a, b in zip(self.packets, self.packets[1:], strict=False)
        ]
        steps = [step for step in steps if step > 0]
        return TICKS / statistics.median(steps) if steps else 0.0


def decode_seconds(sample: Sampler) -> float:
    """Seconds of one core that one picture of the sample takes to decode."""
    assert sample.info is not None
    context = av.CodecContext.create(sample.info.codec, "r")
    context.thread_count = 1
    pictures = 0
    began = time.thread_time()
    for packet in sample.packets:
        for picture in context.decode(av.Packet(packet.data)):
            np.asarray(picture.to_ndarray(format="bgr24"))
            pictures += 1
    return (time.thread_time() - began) / max(pictures, 1)


def small_stream(clock: Clock, pictures: int = 20, fps: int = 10) -> Sampler:
    """A grey ramp of 64x48 in H.264, one second a GOP, arriving from now on."""
    context = av.VideoCodecContext.create("libx264", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 64, 48, "yuv420p"
    context.time_base, context.framerate = Fraction(1, fps), Fraction(fps)
    keys = f"keyint={fps}:min-keyint={fps}:scenecut=0:bframes=0:repeat-headers=1:threads=1"
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": keys}
    encoded = []
    for number in range(pictures):
        frame = av.VideoFrame.from_ndarray(
            np.full((48, 64, 3), number * 7 % 200, np.uint8), format="bgr24"
        )
        frame.pts = number
        encoded += context.encode(frame)
    encoded += context.encode(None)
    began, began_mono = clock.now(), clock.monotonic()
    packets = []
    for number, packet in enumerate(encoded):
        at = number * TICKS // fps
        late = number / fps
        arrived = began + timedelta(seconds=late)
        data = bytes(packet)
        packets.append(EncodedPacket(data, at, at, packet.is_keyframe, began_mono + late, arrived))
    sets = nal.join(nal.parameter_sets("h264", nal.split(packets[0].data)))
    return Sampler(StreamInfo("h264", 64, 48, float(fps), False, sets), packets)
