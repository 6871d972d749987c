"""Small encoded video made on the spot, as a camera would send it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache

import av
import numpy as np
from numpy.typing import NDArray

from edge_agent.camera import nal
from edge_agent.camera.packet import TICKS, EncodedPacket, StreamInfo

Picture = NDArray[np.uint8]
START = datetime(2026, 1, 1, tzinfo=UTC)
_ENCODERS = {"h264": "libx264", "hevc": "libx265"}


@cache
def encode(
    frames: int,
    *,
    gop: int = 10,
    fps: int = 10,
    width: int = 64,
    height: int = 48,
    b_frames: int = 0,
    codec: nal.Codec = "h264",
    quiet: range = range(0),
) -> tuple[EncodedPacket, ...]:
    """Packets of a grey ramp with a moving block; packet `i` arrives `i / fps` seconds after START.

    Frame `i` has grey level `i % 200 + 20` at its left edge, so a decoded picture tells its number.
    With `quiet` frames there is a street wall that shows nothing but itself in those, and the block
    before it in the others.
    """
    context = av.VideoCodecContext.create(_ENCODERS[codec], "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, fps), Fraction(fps)
    keys = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b_frames}:repeat-headers=1"
    context.options = {
        "preset": "ultrafast",
        # Fine quantization, or the ramp of one grey level a frame would be coded as no change.
        "x264-params": keys + ":b-adapt=0:threads=1:qp=8",
        "x265-params": keys + ":log-level=error",
    }
    packets = []
    for number in range(frames + 1):
        frame = None
        if number < frames:
            wall = _wall(width, height) if quiet else None
            frame = _picture(number, width, height, wall, shown=number not in quiet)
        packets.extend(context.encode(frame))
    made = []
    step = TICKS // fps
    for index, packet in enumerate(packets):
        assert packet.pts is not None
        made.append(
            EncodedPacket(
                data=bytes(packet),
                pts_90k=packet.pts * step,
                dts_90k=(packet.dts if packet.dts is not None else packet.pts) * step,
                keyframe=packet.is_keyframe,
                received_mono_s=1000.0 + index / fps,
                received_at=START + timedelta(seconds=index / fps),
            )
        )
    return tuple(made)


def info_of(packets: tuple[EncodedPacket, ...], codec: nal.Codec = "h264") -> StreamInfo:
    """The stream info that a source would announce for `encode`'s packets."""
    sets = nal.join(nal.parameter_sets(codec, nal.split(packets[0].data)))
    return StreamInfo(codec, 64, 48, 10.0, False, sets)


def _wall(width: int, height: int) -> Picture:
    return np.random.default_rng(1).integers(40, 120, (height, width, 3), np.uint8)


def _picture(
    number: int, width: int, height: int, wall: Picture | None, *, shown: bool
) -> av.VideoFrame:
    image = np.full((height, width, 3), number % 200 + 20, np.uint8) if wall is None else wall
    left = number * 2 % (width - 8)
    if shown:
        image[height // 2 :, left : left + 8] = 255
    frame = av.VideoFrame.from_ndarray(image, format="bgr24")
    frame.pts = number
    return frame
