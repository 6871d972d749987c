"""What the pole's camera plays: the demo's street for a while, then somebody covers the lens."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from edge_agent.clips.access_unit import identity
from polewatch.demo.site import CLIP

FPS = 10
DARK_S = 90
"""Long enough for a box that is emulated and looks once in some ten seconds."""


def make_film(target: Path) -> None:
    """H.264 with a keyframe a second, no B-frames, as pole cameras send it."""
    with av.open(str(CLIP)) as given, av.open(str(target), "w") as made:
        picture = given.streams.video[0].codec_context
        stream = made.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        keys = f"threads=1:bframes=0:keyint={FPS}:min-keyint={FPS}:scenecut=0"
        stream.options = {"preset": "veryfast", "x264-params": keys}
        black = np.zeros((picture.height, picture.width, 3), np.uint8)
        dark = (av.VideoFrame.from_ndarray(black, "bgr24") for _ in range(DARK_S * FPS))
        for number, frame in enumerate(itertools.chain(given.decode(video=0), dark)):
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))


def pictures_of(film: Path) -> set[str]:
    """The identity of every picture that the camera plays."""
    with av.open(str(film)) as file:
        stream = file.streams.video[0]
        annex_b = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        packets = [out for packet in file.demux(stream) for out in annex_b.filter(packet)]
        return {identity(bytes(packet)) for packet in packets if packet.size}
