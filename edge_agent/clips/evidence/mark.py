"""The visible mark: for which case and for whom a copy was made. Never in the evidence itself.

On stills it is drawn into the copy; beside a clip it is a track of its own (WebVTT), so that the
clip's pictures stay the camera's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import cv2
import numpy as np
import numpy.typing as npt

VTT = "clip.vtt"
_FONT = "sans"
"""Built into OpenCV 5 and later, Hangul included."""
_LINES_A_PICTURE = 36
_LEAST_PIXELS = 12
_BAND = 0.35
"""What is left of the picture's light under the text."""
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Mark:
    """What the mark says."""

    case: str
    recipient: str
    camera: str
    zone: tzinfo

    def lines(self, at: datetime) -> tuple[str, str]:
        """The two lines that stand with a picture of this time."""
        local = at.astimezone(self.zone)
        place = f"{self.camera} {local:%Y-%m-%d %H:%M:%S %Z}"
        whom = f" · {self.recipient}" if self.recipient else ""
        return _short(f"{self.case}{whom}"), _short(place)


def webvtt(mark: Mark, start_at: datetime, shown: list[tuple[float, datetime]]) -> str:
    """A cue for each second of a clip, with the wall time of what is seen.

    `shown` are the pictures as (seconds in the clip, wall time); the clip begins at `start_at`.
    """
    cues: dict[int, datetime] = {}
    for second, at in shown:
        cues.setdefault(int(second), at)
    last = max((second for second, _ in shown), default=0.0) + 1.0
    starts = sorted(cues)
    parts = ["WEBVTT", f"NOTE {_escaped(mark.lines(start_at)[0])}"]
    for second, following in zip(starts, [*starts[1:], last], strict=True):
        text = "\n".join(map(_escaped, mark.lines(cues[second])))
        parts.append(f"{_cue_time(second)} --> {_cue_time(following)} line:-3\n{text}")
    return "\n\n".join(parts) + "\n"


def draw(mark: Mark, image: npt.NDArray[np.uint8], at: datetime) -> npt.NDArray[np.uint8]:
    """A copy of an (H, W, 3) BGR picture with the mark in a band below its middle."""
    height, width = image.shape[:2]
    size = max(_LEAST_PIXELS, height // _LINES_A_PICTURE)
    font = cv2.FontFace(_FONT)
    marked = image.copy()
    step = size * 3 // 2
    top = height - 2 * step - size // 2
    marked[max(top, 0) :] = (marked[max(top, 0) :] * _BAND).astype(np.uint8)
    for number, line in enumerate(mark.lines(at)):
        text = line
        while len(text) > 4 and _width(text, font, size) > width - size:
            text = text[:-4] + "…"
        cv2.putText(
            marked, text, (size // 2, top + (number + 1) * step), (255, 255, 255), font, size
        )
    return marked


def _width(text: str, font: cv2.FontFace, size: int) -> int:
    box = cv2.getTextSize((0, 0), text, (0, 0), font, size)
    return int(box[2])


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _LONGEST else one_line[: _LONGEST - 1] + "…"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cue_time(second: float) -> str:
    minutes, rest = divmod(timedelta(seconds=second).total_seconds(), 60)
    return f"{int(minutes // 60):02d}:{int(minutes % 60):02d}:{rest:06.3f}"
