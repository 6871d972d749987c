"""Streets where mostly nobody is, composed of a real one: what a gate must not sleep through.

The empty street is the median of OpenCV's street clip; its people come back into it one after the
other, as they walked, cut out along their own ways. Whose ways, and which of them settings may be
chosen on, is written down in `gate_people.json`. A sensor's noise lies over all of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.recording import Recording
from edge_agent.scene import Box, Image
from polewatch.bench.weather import WEATHERS, Weather

FPS: Final = 10
"""The street clip's own."""

BEFORE_S: Final = 76.0
"""The detector takes a cone of this street for a person until it has not moved for a minute."""

BETWEEN_S: Final = 22.7
"""Long enough for the gate to shut (it lingers for up to 15 s), and no multiple of a keyframe
interval: people come at any time in it."""
_GROWN: Final = 0.35
_NOISE: Final = 1.5
"""Grey levels of a sensor's noise by day."""

Codec = Literal["libx264", "libx265"]
Use = Literal["choose", "report"]
"""Settings are chosen on the ones; figures are of the others."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody's way through the street."""

    first: int
    """Number of the picture of the street clip in which it begins."""
    boxes: tuple[Box, ...]
    """One a picture."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How the street looks, and how its camera sends it."""

    name: str
    gop_s: float = 2.0
    weather: Weather | None = None
    size: float = 1.0
    """Of the street; smaller when it is far away."""
    visits: int = 4
    """People of `gate_people.json`, at most."""
    bits_per_s: int | None = None
    """A constant bit rate; by quality when left out."""
    b_frames: int = 0
    codec: Codec = "libx264"


CONDITIONS: Final = (
    Condition("day"),
    # People are 28 to 64 pixels tall midway and 20 to 46 far away, where the detector knows few.
    Condition("midway", size=0.55, visits=8),
    Condition("far", size=0.4, visits=8),
    Condition("night", weather="night"),
    Condition("rain", weather="rain"),
    Condition("constant-rate", bits_per_s=1_000_000),
    Condition("constant-rate-night", bits_per_s=1_000_000, weather="night"),
    Condition("short-gop", gop_s=0.5),
    Condition("long-gop", gop_s=12.0),
    Condition("b-frames", b_frames=2),
    Condition("all-keyframes", gop_s=0.1),
    Condition("h265", codec="libx265"),
)


class Street:
    """The clip taken apart once: its empty street and who walks through it."""

    def __init__(self, clip: Path) -> None:
        """Raises RecordingError when the clip cannot be read."""
        with Recording(clip) as recording:
            self._pictures = [frame.image for frame in recording.frames(30)]
        every = max(1, len(self._pictures) // 60)
        sample = np.stack(self._pictures[::every])
        self.empty: Image = np.median(sample, axis=0).astype(np.uint8)

    def pictures(self, visits: Sequence[Visit], condition: Condition) -> Iterator[Image]:
        """The street with these visits one after the other, as the condition has it."""
        number = 0

        def seen(image: Image) -> Image:
            nonlocal number
            number += 1
            return self._seen(image, condition, number)

        for _ in range(round(BEFORE_S * FPS)):
            yield seen(self.empty)
        for visit in visits:
            for index, box in enumerate(visit.boxes):
                yield seen(self._with(self._pictures[visit.first + index], box))
            for _ in range(round(BETWEEN_S * FPS)):
                yield seen(self.empty)

    def _with(self, picture: Image, box: Box) -> Image:
        height, width = picture.shape[:2]
        mask = np.zeros((height, width), np.float32)
        grown_x, grown_y = _GROWN * box.w * width, _GROWN / 2 * box.h * height
        corner = (int(box.x * width - grown_x), int(box.y * height - grown_y))
        other = (int(box.right * width + grown_x), int(box.bottom * height + grown_y))
        cv2.rectangle(mask, corner, other, 1.0, -1)
        mask = np.asarray(cv2.blur(mask, (7, 7)), np.float32)[..., None]
        return (picture * mask + self.empty * (1 - mask)).astype(np.uint8)

    def _seen(self, image: Image, condition: Condition, number: int) -> Image:
        if condition.size < 1:
            image = _far(image, condition.size)
        if condition.weather is not None:
            return WEATHERS[condition.weather](image, number)
        dice = np.random.default_rng(number)
        noise = _NOISE * dice.standard_normal(image.shape[:2], np.float32)
        noisy: NDArray[np.float32] = image + noise[..., None]
        return np.clip(noisy, 0, 255).astype(np.uint8)


def visits(use: Use) -> tuple[Visit, ...]:
    """The people of this use, in the order in which they come."""
    written = (files("polewatch.bench") / "gate_people.json").read_text(encoding="utf-8")
    return tuple(
        _visit(one["first"], one["boxes"])
        for one in json.loads(written)["people"]
        if one["use"] == use
    )


def encode(pictures: Iterator[Image], condition: Condition, into: Path) -> None:
    """Write the pictures as the condition's camera would send them."""
    with av.open(str(into), "w") as container:
        stream = container.add_stream(condition.codec, rate=Fraction(FPS))
        gop = max(1, round(condition.gop_s * FPS))
        kind = "x264" if condition.codec == "libx264" else "x265"
        asked = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={condition.b_frames}"
        if condition.bits_per_s is not None:
            stream.bit_rate = condition.bits_per_s
            kbit = condition.bits_per_s // 1000
            asked += f":vbv-maxrate={kbit}:vbv-bufsize={kbit}:nal-hrd=cbr"
        options: dict[str, object] = {"preset": "superfast", f"{kind}-params": asked}
        if condition.bits_per_s is None:
            options["crf"] = "26"
        if kind == "x265":
            options["x265-params"] = asked + ":log-level=error"
        stream.pix_fmt, stream.options = "yuv420p", options
        for number, image in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = image.shape[:2]
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def _visit(first: int, boxes: Sequence[Sequence[float]]) -> Visit:
    """A box for every picture, between those that are written down."""
    at = np.asarray(boxes, float)
    numbers = np.arange(at[0, 0], at[-1, 0] + 1)
    sides = [np.interp(numbers, at[:, 0], at[:, side]) for side in range(1, 5)]
    return Visit(first, tuple(Box(*map(float, row)) for row in zip(*sides, strict=True)))


def _far(image: Image, size: float) -> Image:
    """The same scene from further away, its surroundings made of what lies at its border."""
    height, width = image.shape[:2]
    small = cv2.resize(image, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
    above, beside = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    sides = (above, height - small.shape[0] - above, beside, width - small.shape[1] - beside)
    return np.asarray(cv2.copyMakeBorder(small, *sides, cv2.BORDER_REPLICATE), np.uint8)
