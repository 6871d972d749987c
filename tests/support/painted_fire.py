"""A painted flame before a painted wall, the same in every run."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

HEIGHT, WIDTH, RATE = 240, 320, 10
BURNS_S: Final = 2.0
SECONDS: Final = 9


def street() -> NDArray[np.float32]:
    rows = np.linspace(60, 110, HEIGHT, dtype=np.float32)[:, None, None]
    picture = np.broadcast_to(rows, (HEIGHT, WIDTH, 3)).copy()
    picture[:90, ::24] *= 0.7
    picture[:90:12] *= 0.8
    return picture


def flame(at: float) -> NDArray[np.float32]:
    """Light `(H, W, 3)` BGR of tongues that rise and sway over one root."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    up = (170 - rows) / 75
    sway = 7 * np.sin(rows / 9 + 11 * at) * np.clip(up, 0, 1) + 3 * np.sin(rows / 4 + 17 * at)
    across = (columns - 160 + sway) / 20
    lick = 0.25 * np.sin(columns / 3 + 5 * at) * np.sin(rows / 7 + 13 * at)
    heat = np.clip(1.3 - across**2 - 0.9 * np.clip(up, 0, None) ** 1.2 + lick, 0, 1.4)
    heat = cv2.GaussianBlur(heat * (up > 0), (0, 0), 1.2).astype(np.float32)
    glow = cv2.GaussianBlur(heat, (0, 0), 25)[..., None] * np.array([10, 25, 45], np.float32)
    light = 255 * np.stack([heat**2.4, heat**1.2, heat**0.5], axis=2)
    return np.asarray(light + glow, np.float32)


def write_fire(path: Path, seconds: int = SECONDS) -> Path:
    """A clip of `seconds`, RATE a second, in which it burns from BURNS_S on."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "20", "x264-params": "threads=1"}
        for number in range(seconds * RATE):
            at = number / RATE
            picture = street() + (flame(at) if at >= BURNS_S else 0)
            image = np.asarray(np.clip(picture, 0, 255), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path
