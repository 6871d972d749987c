"""Finding small people in large pictures: the whole picture first, then windows where it matters.

In a 1080p picture shrunk to the model's input, a person of 60 pixels is 13 pixels tall and mostly
missed. Looking at everything in windows would cost five times as much for every picture. So windows
are placed where something moves that the whole picture does not explain and where small things were
found before, and in turn, slowly, everywhere, for those who stand still.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge_agent.scene import Box, Detection, Image
from edge_agent.sight.association import overlaps, shares_inside
from edge_agent.sight.detector import GROUPS
from edge_agent.sight.motion import Motion, MotionMap
from edge_agent.sight.two_scales import SeesAtSize, TwoScales
from edge_agent.sight.windows import cover, grid, holds, window_size
from edge_agent.stages import stage

_SHRINK: Final = 0.45
"""Windows are shown to the model at this size: a person of 35 pixels is 16 there, and found."""

_FINE_SHRINK: Final = 0.6
"""The same of a fine look: four windows of 512 by 384 cover a picture of 1536 by 1152."""

_WORTH: Final = 1.25
"""How much larger than in the whole picture things must appear in a window to look through it."""

_SMALL: Final = 0.25
"""Height in the whole picture, as a share of it, below which a closer look is believed instead."""

_SURE: Final = 0.40
"""From here on a detection explains the motion around it."""

_CHAOS: Final = 0.35
"""With more of the picture moving (rain, a shaken pole, a lamp switched on) motion says nothing."""

_SAME: Final = 0.5
"""Boxes of one kind above this IoU are one thing."""

_PART: Final = 0.6
"""A box cut by a window's edge, with this share of it inside another, is a part of that one."""

_EDGE: Final = 0.01
"""Share of a window within which a box counts as touching its edge."""


@dataclass(frozen=True, slots=True)
class RegionSettings:
    """What a closer look may cost."""

    windows: int = 4
    """The most windows looked at beside the whole picture."""
    sweep_every: int = 5
    """Every so many pictures one window of the slow sweep is looked at."""
    believe: int = 5
    """For so many pictures a small thing is believed to be there still where nothing moves."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A small thing that a window showed, and how many pictures ago."""

    detection: Detection
    age: int


class RegionDetector:
    """Detection with closer looks for one camera; pictures must come in their order."""

    def __init__(
        self, detector: SeesAtSize | TwoScales, settings: RegionSettings | None = None
    ) -> None:
        """With two scales, a large picture is looked at coarsely and its windows finely, and one
        that needs no windows both ways."""
        self._detector = detector
        two = detector if isinstance(detector, TwoScales) else None
        self._glance = detector.detect if two is None else two.coarse.detect
        self._close = detector.detect if two is None else two.closer
        self._shrink = _SHRINK if two is None else _FINE_SHRINK
        self._settings = settings or RegionSettings()
        self._shape: tuple[int, ...] = ()
        self._forget()
        self.pictures = 0
        """Pictures seen."""
        self.looked_closer = 0
        """Pictures of them in which at least one window was looked at."""
        self.windows = 0
        """Windows looked at in all."""

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """What `image` (`(H, W, 3)` uint8 BGR) shows, most confident first, boxes in fractions."""
        if image.shape != self._shape:
            self._shape = image.shape
            self._forget()
        self.pictures += 1
        if len(self._grid) == 1:
            return self._detector.detect(image)
        whole = self._glance(image)
        with stage("motion"):
            motion = self._motion.update(image)
        windows = self._windows(whole, motion)
        self.windows += len(windows)
        self.looked_closer += bool(windows)
        close = [found for window in windows for found in self._look(image, window)]
        believed = [known for known in self._known if self._stays(known, motion, windows)]
        small = _join([*close, *((known.detection, False) for known in believed)])
        self._note(small, {id(known.detection): known.age + 1 for known in believed})
        trusted = [d for d in whole if d.box.h >= _SMALL or not _within_any(windows, d.box)]
        found = _join([*((d, False) for d in trusted), *((d, False) for d in small)])
        return tuple(sorted(found, key=lambda d: -d.confidence))

    def _forget(self) -> None:
        height, width = self._shape[:2] if self._shape else (1, 1)
        rows, columns = self._detector.input_size
        self._size = window_size(height, width, rows, columns, self._shrink)
        if _WORTH * min(rows / height, columns / width) > self._shrink:
            self._size = (1.0, 1.0)
        self._grid = grid(self._size)
        self._motion = MotionMap()
        self._known: list[_Known] = []
        self._looked: list[tuple[int, Box]] = []
        self._swept = 0

    def _windows(self, whole: Sequence[Detection], motion: Motion | None) -> list[Box]:
        """Where to look closer in this picture, most urgent first."""
        most = self._settings.windows
        if motion is None or motion.share > _CHAOS:
            windows = self._sweep(most)
        else:
            places = [box for box in motion.boxes if not _explained(box, whole)]
            places += [k.detection.box for k in self._known if self._doubtful(k, motion)]
            windows = cover(sorted(places, key=self._last_look), self._size, most)
            if len(windows) < most and self.pictures % self._settings.sweep_every == 0:
                windows += self._sweep(1)
        self._looked = [(self.pictures, window) for window in windows] + self._looked
        del self._looked[4 * len(self._grid) :]
        return windows

    def _sweep(self, count: int) -> list[Box]:
        count = min(count, len(self._grid))
        chosen = [self._grid[(self._swept + n) % len(self._grid)] for n in range(count)]
        self._swept += count
        return chosen

    def _last_look(self, place: Box) -> int:
        """The number of the picture in which a window last held the middle of `place`."""
        middle = Box(place.x + place.w / 2, place.y + place.h / 2, 0.0, 0.0)
        return next((number for number, window in self._looked if holds(window, middle)), 0)

    def _doubtful(self, known: _Known, motion: Motion) -> bool:
        return known.age >= self._settings.believe or motion.touches(known.detection.box)

    def _stays(self, known: _Known, motion: Motion | None, windows: Sequence[Box]) -> bool:
        """Whether something small not looked at now is believed to be where it was."""
        if motion is None or _within_any(windows, known.detection.box):
            return False
        # Without a window to spare for it, it is where it was for one more picture.
        return known.age == 0 or not self._doubtful(known, motion)

    def _note(self, small: Iterable[Detection], ages: dict[int, int]) -> None:
        self._known = [_Known(d, ages.get(id(d), 0)) for d in small if d.box.h < _SMALL]

    def _look(self, image: Image, window: Box) -> list[tuple[Detection, bool]]:
        """What the window shows, in the frame's fractions, and whether its edge cuts it."""
        height, width = image.shape[:2]
        top, left = round(window.y * height), round(window.x * width)
        bottom, right = round(window.bottom * height), round(window.right * width)
        found = []
        for d in self._close(image[top:bottom, left:right]):
            box = Box(
                (left + d.box.x * (right - left)) / width,
                (top + d.box.y * (bottom - top)) / height,
                d.box.w * (right - left) / width,
                d.box.h * (bottom - top) / height,
            )
            cut = (
                (d.box.x < _EDGE and left > 0)
                or (d.box.y < _EDGE and top > 0)
                or (d.box.right > 1 - _EDGE and right < width)
                or (d.box.bottom > 1 - _EDGE and bottom < height)
            )
            found.append((Detection(d.label, d.confidence, box), cut))
        return found


def _explained(place: Box, whole: Sequence[Detection]) -> bool:
    """Whether things that are seen well enough already fill most of `place`."""
    seen = (d.box for d in whole if d.confidence >= _SURE and d.box.h >= _SMALL)
    return sum(_common(place, box) for box in seen) >= 0.5 * place.area


def _within_any(windows: Iterable[Box], box: Box) -> bool:
    return any(holds(window, box) for window in windows)


def _join(found: Iterable[tuple[Detection, bool]]) -> list[Detection]:
    """One detection for each thing: of boxes that are one the most confident, uncut ones first."""
    ranked = sorted(found, key=lambda pair: (pair[1], -pair[0].confidence))
    if len(ranked) < 2:
        return [detection for detection, _ in ranked]
    rows = [(d.box.x, d.box.y, d.box.right, d.box.bottom) for d, _ in ranked]
    corners = np.array(rows)
    groups = np.array([GROUPS[detection.label] for detection, _ in ranked])
    cut = np.array([is_cut for _, is_cut in ranked])
    same = overlaps(corners, corners) >= _SAME
    same |= (shares_inside(corners, corners) >= _PART) & cut[:, None]
    same &= groups[:, None] == groups
    kept = np.zeros(len(ranked), bool)
    for index in range(len(ranked)):
        kept[index] = not (same[index] & kept).any()
    return [detection for (detection, _), keep in zip(ranked, kept, strict=True) if keep]


def _common(a: Box, b: Box) -> float:
    width = min(a.right, b.right) - max(a.x, b.x)
    height = min(a.bottom, b.bottom) - max(a.y, b.y)
    return max(width, 0.0) * max(height, 0.0)
