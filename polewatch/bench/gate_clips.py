"""The cameras of `bench gate` and `bench nvr`: 1080p, one that shows nobody and one that does."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np

from edge_agent.recording import Recording
from edge_agent.scene import Image

SIZE: Final = (1920, 1080)
SUB_SIZE: Final = (640, 360)
IDLE_FPS: Final = 25
BUSY_FPS: Final = 20
IDLE_S: Final = 12
BUSY_S: Final = 18
GOP_S: Final = 2
_NOISE: Final = 4
"""Grey levels to each side of a sensor's noise."""


def write_clips(folder: Path) -> tuple[Path, Path, Path]:
    """A street without anybody, the demo's street with people, and its substream."""
    idle, busy, sub = (folder / f"{name}.mp4" for name in ("idle", "busy", "sub"))
    encode(nobody(IDLE_S), IDLE_FPS, idle, 22)
    encode(_people(SIZE), BUSY_FPS, busy, 26)
    encode(_people(SUB_SIZE), BUSY_FPS, sub, 26)
    return idle, busy, sub


def nobody(seconds: float) -> Iterator[Image]:
    """A drawn scene with a sensor's noise over it, IDLE_FPS pictures a second."""
    width, height = SIZE
    dice = np.random.default_rng(1)
    walls = dice.integers(60, 180, (9, 16, 3), dtype=np.uint8)
    scene = cv2.resize(walls, SIZE, interpolation=cv2.INTER_CUBIC)
    grain = dice.integers(0, 24, (height, width, 1), dtype=np.uint8)
    scene = cv2.add(scene, np.repeat(cv2.blur(grain, (3, 3))[..., None], 3, axis=2))
    for _ in range(round(seconds * IDLE_FPS)):
        noise = dice.integers(0, 2 * _NOISE, (height, width), dtype=np.uint8)
        yield np.asarray(cv2.add(scene, cv2.merge([noise] * 3)), np.uint8)


def _people(size: tuple[int, int]) -> Iterator[Image]:
    """The demo's ten pictures a second, each with the mean of it and the next behind it."""
    path = Path(str(files("polewatch.demo_data"))) / "street.mp4"
    before: Image | None = None
    with Recording(path) as recording:
        for frame in recording.frames(30):
            if frame.media_s > BUSY_S:
                return
            image = np.asarray(cv2.resize(frame.image, size), np.uint8)
            if before is not None:
                yield before
                yield np.asarray(cv2.addWeighted(before, 0.5, image, 0.5, 0), np.uint8)
            before = image


def encode(
    pictures: Iterator[Image], fps: int, into: Path, crf: int, *, gop_s: float = GOP_S
) -> None:
    """Write the pictures as a camera of today sends them: H.264 without B-frames."""
    gop = round(gop_s * fps)
    with av.open(str(into), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps))
        stream.pix_fmt = "yuv420p"
        stream.options = {
            "preset": "veryfast",
            "crf": str(crf),
            "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:repeat-headers=1",
        }
        for number, image in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = image.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
