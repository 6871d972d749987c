"""Recordings made on the spot, and a detector for what is drawn in them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from edge_agent.scene import Box, Detection, Image, Point

WIDTH, HEIGHT = 160, 120
BLOCK = (12, 30)
"""Width and height of the bright block that stands for a person, in pixels."""


def record(
    path: Path, seconds: float, foot: Callable[[float], Point | None], per_second: int = 10
) -> Path:
    """An H.264 MP4 at `path` in which a bright block stands at `foot(time)`, if anywhere."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=per_second)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "10", "x264-params": "threads=1"}
        for number in range(round(seconds * per_second)):
            image = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
            place = foot(number / per_second)
            if place is not None:
                left = round(place[0] * WIDTH - BLOCK[0] / 2)
                bottom = round(place[1] * HEIGHT)
                image[bottom - BLOCK[1] : bottom, left : left + BLOCK[0]] = 255
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts = number
            frame.time_base = Fraction(1, per_second)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


class BlockDetector:
    """Finds the bright block and calls it a person: a detector small enough to be sure of."""

    input_size = (HEIGHT, WIDTH)

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """The block in `image`, or nothing."""
        rows, columns = np.nonzero(image[:, :, 0] > 150)
        if not len(rows):
            return ()
        height, width = image.shape[:2]
        x, y = columns.min() / width, rows.min() / height
        right, bottom = (columns.max() + 1) / width, (rows.max() + 1) / height
        return (Detection("person", 0.9, Box(x, y, right - x, bottom - y)),)
