"""How many times faster than real time one core watches one camera, beside plainer ways."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np

from edge_agent.analyze import analyze
from edge_agent.config import CameraSettings
from edge_agent.recording import Recording, RecordingError
from edge_agent.rules.base import wants_closer_look
from edge_agent.sight.camera_sight import shipped_detector
from edge_agent.sight.posture import Posture
from models.registry import Registry
from wire.camera_rules import CameraRules

PER_SECOND: Final[float] = CameraSettings.model_fields["analysis_fps"].default
"""Pictures analysed a second, unless a camera's configuration says otherwise."""

WAYS: Final = {
    "shipped": f"as shipped: sight, tracks and rules at {PER_SECOND:g} pictures a second",
    "decoding": "decoding alone",
    "every-picture": "the detector alone, on every picture",
}
"""What is measured, by its short name."""

ASKED: Final = CameraRules.model_validate(
    {
        "zones": [{"id": "all", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}],
        "rules": [
            {"id": "entered", "type": "intrusion", "zone": "all"},
            {"id": "lingers", "type": "loitering", "zone": "all"},
            {"id": "fell", "type": "fall"},
        ],
    }
)
"""What the camera is asked to watch for: the rules about people."""

SHIFT_S: Final = 20.0
"""Seconds by which each quarter of the tiled clip is ahead of the one before."""


@dataclass(frozen=True, slots=True)
class Row:
    """One way to watch one clip."""

    clip: str
    """`street` or `tiled`."""
    way: str
    """One of WAYS."""
    media_s: float
    """Seconds of video that were watched."""
    cpu_s: float
    """Seconds of one core that it took, reading and decoding the file included."""
    pictures: int
    """Pictures that the way looked at."""

    @property
    def times_real(self) -> float:
        """How many times faster than real time."""
        return self.media_s / self.cpu_s


def measure(video: Path) -> list[Row]:
    """Every way over `video` and over four moments of it side by side, twice as wide and high.

    The process keeps to one core meanwhile.
    Raises RecordingError when the video cannot be read, ModelError when a model file is missing.
    """
    with one_core(), tempfile.TemporaryDirectory() as folder:
        tiled = Path(folder) / "tiled.mp4"
        tile(video, tiled)
        return [*_ways(video, "street"), *_ways(tiled, "tiled")]


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process to one of the cores that it may use."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def tile(video: Path, into: Path) -> None:
    """Write four moments of `video`, SHIFT_S apart, side by side as H.264, twice as wide and high.

    Raises RecordingError when the video cannot be read or is too short for it.
    """
    with Recording(video) as recording:
        pictures = [frame.image for frame in recording.frames(30)]
        seconds = recording.shape.duration_s or 0.0
    rate = len(pictures) / seconds
    shift = round(SHIFT_S * rate)
    if len(pictures) <= 3 * shift:
        raise RecordingError(
            f"{video}: {seconds:.0f} s are too short to be tiled, which takes {3 * SHIFT_S:g}"
        )
    height, width = pictures[0].shape[:2]
    with av.open(str(into), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(round(rate)))
        stream.width, stream.height = 2 * width, 2 * height
        stream.pix_fmt, stream.options = "yuv420p", {"preset": "ultrafast", "crf": "20"}
        for start in range(len(pictures) - 3 * shift):
            a, b, c, d = (pictures[start + shift * quarter] for quarter in range(4))
            whole = np.ascontiguousarray(np.vstack([np.hstack([a, b]), np.hstack([c, d])]))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(whole, format="bgr24")))
        container.mux(stream.encode())


def _ways(video: Path, clip: str) -> list[Row]:
    ways: dict[str, Callable[[Path], tuple[float, int]]] = {
        "shipped": _shipped,
        "decoding": _decoding,
        "every-picture": _every_picture,
    }
    rows = []
    for name, way in ways.items():
        began = time.process_time()
        media_s, pictures = way(video)
        rows.append(Row(clip, name, media_s, time.process_time() - began, pictures))
    return rows


def _shipped(video: Path) -> tuple[float, int]:
    registry = Registry.default()
    closer = Posture(registry) if wants_closer_look(ASKED) else None
    done = analyze(
        video,
        ASKED,
        shipped_detector(registry),
        closer=closer,
        site_zone=UTC,
        per_second=PER_SECOND,
    )
    return done.media_s, done.pictures


def _decoding(video: Path) -> tuple[float, int]:
    media_s, pictures = 0.0, 0
    with Recording(video) as recording:
        for frame in recording.frames(30):
            media_s, pictures = frame.media_s, pictures + 1
    return media_s, pictures


def _every_picture(video: Path) -> tuple[float, int]:
    detector = shipped_detector(Registry.default())
    media_s, pictures = 0.0, 0
    with Recording(video) as recording:
        for frame in recording.frames(30):
            detector.detect(frame.image)
            media_s, pictures = frame.media_s, pictures + 1
    return media_s, pictures
