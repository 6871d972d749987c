"""Make street.mp4 from OpenCV's vtest.avi: `python -m polewatch.demo_data.build`."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import av

SOURCE = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
FIRST, LAST = 420, 780
"""People cross the road and the lawn here; the lawn is empty for the first five seconds."""
FPS = 10
BIT_RATE = 1_200_000


def build(source: Path, target: Path) -> int:
    """Re-encode frames FIRST..LAST, a keyframe a second, no B-frames; returns the frame count."""
    written = 0
    with (
        av.open(str(source)) as given,
        av.open(str(target), "w", options={"movflags": "+faststart"}) as made,
    ):
        picture = given.streams.video[0].codec_context
        stream = made.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        stream.bit_rate = BIT_RATE
        # One thread, fixed GOPs: the same bytes on every machine with the same libx264.
        stream.options = {
            "preset": "slow",
            "x264-params": f"threads=1:bframes=0:keyint={FPS}:min-keyint={FPS}:scenecut=0"
            f":vbv-maxrate={BIT_RATE * 3 // 2 // 1000}:vbv-bufsize={BIT_RATE * 2 // 1000}",
        }
        for index, frame in enumerate(given.decode(video=0)):
            if not FIRST <= index < LAST:
                continue
            frame.pts, frame.time_base = index - FIRST, Fraction(1, FPS)
            made.mux(stream.encode(frame))
            written += 1
        made.mux(stream.encode(None))
    return written


if __name__ == "__main__":
    arguments = [Path(argument) for argument in sys.argv[1:]]
    origin = arguments[0] if arguments else SOURCE
    result = arguments[1] if len(arguments) > 1 else Path(__file__).with_name("street.mp4")
    print(f"{build(origin, result)} frames, {result.stat().st_size} bytes: {result}")
