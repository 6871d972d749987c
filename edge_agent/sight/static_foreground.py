"""Which pixels show something that was not there before and stands still: two pictures of the past.

The background says what the place looks like; it follows the light, but never takes in by itself
what is foreign. The candidate says what each pixel has shown lately: it survives somebody passing
in front, and is replaced when it is contradicted for long enough. Where the candidate is old and
not the background, something stands. (Two models with two memories, after Porikli et al. 2008,
"Robust abandoned object detection using dual foregrounds"; here the second one votes per pixel.)
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import Image
from edge_agent.sight.letterbox import shrink

WIDTH: Final = 384
"""Pixels across in which the scene is kept: a bag of 20 pixels in 1080p still covers 4."""

Mask = NDArray[np.uint8]
"""0 or 255 a pixel."""

_STEP: Final = 9
"""Levels of one channel by which pixels must differ; sensor noise, averaged down, stays below."""

_NOISE_FACTOR: Final = 5.0
_MOST_STEP: Final = 40

_TICKS: Final = 10
"""Ages are counted in tenths of a second."""

_STABLE: Final = 15
"""The age from which on a candidate stands still."""

_OLDEST: Final = 60
"""The greatest age: how long somebody may stand in front before what is behind is forgotten."""

_FAST: Final = 4
"""How much faster a candidate ages back when the contest is between it and the background."""

_FOLLOW_S: Final = 1.0
"""How long the background takes to follow the light by one level."""

_UPHEAVAL: Final = 0.4
"""With more of the picture foreign the scene itself has changed: another view, lamps on or off."""

_SETTLED_S: Final = 2.0
"""How long an upheaval lasts until the scene is learned anew."""

_LEARN_S: Final = 4.0
"""For so long after a start whatever stands still is taken in as background."""

_LEARNED: Final = 8
"""The age from which on a candidate is background while the scene is learned."""

_RIM: Final = np.ones((5, 5), np.uint8)
"""What is taken in is taken in with its blurred outline."""

_GAP_S: Final = 30.0
"""After such a gap between two pictures the scene is learned anew."""

_BLOWN: Final = ((245, 245, 245), (255, 255, 255))
_BRIGHTER: Final = 0.93
"""Gain below which a picture is so much brighter than the background that parts may burn out."""

_CROSS: Final = np.ones((3, 3), np.uint8)


class StaticForeground:
    """The pixels of one camera's scene. Pictures must come in order; a new size starts afresh."""

    def __init__(self) -> None:
        self._now = -np.inf
        self.seen: Image = np.zeros((0, 0, 3), np.uint8)
        """The newest picture, small and levelled."""
        self.learned_anew = 0
        """How often the scene was begun, the first time included."""
        self.settled = False
        """False while the scene is being learned, or is in upheaval."""

    def update(self, image: Image, media_s: float) -> bool:
        """Take in `image` at `media_s`; False when the scene was begun anew with it."""
        elapsed = media_s - self._now
        seen = _small(image)
        same_size = self._now > -np.inf and seen.shape == self.seen.shape
        self._now = media_s
        if not same_size or not 0 < elapsed <= _GAP_S:
            self._begin(seen, media_s)
            return False
        raw = seen
        seen, gain = self._levelled(raw)
        if gain < _BRIGHTER:
            # What the exposure burns out shows nothing: it is taken for what it was.
            cv2.copyTo(self.seen, cv2.inRange(raw, *_BLOWN), seen)
        # The median difference between two pictures is the sensor's noise: most of it stands still.
        change = np.asarray(cv2.absdiff(seen[::8, ::8], self.seen[::8, ::8]), np.float32)
        noise = float(np.median(change))
        self.step = int(min(max(_STEP, _NOISE_FACTOR * noise), _MOST_STEP))
        self.seen = seen
        low, high = self._bounds()
        self.foreign[:] = self._outside(seen, low, high)
        if self._in_upheaval(media_s):
            self._begin(seen, media_s)
            return False
        ticks = int(min(max(1, round(elapsed * _TICKS)), _OLDEST))
        self._vote(seen, ticks, media_s, low, high)
        self._follow(seen, media_s)
        return True

    def still(self) -> Mask:
        """Where something foreign stands still now."""
        old = _above(self._age, _STABLE - 1)
        mask = cv2.bitwise_and(old, self._candidate_foreign)
        return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _CROSS), np.uint8)

    def differs(self, one: Image, other: Image) -> NDArray[np.bool_]:
        """Where two cuttings of the scene differ by more than noise."""
        return np.asarray(cv2.absdiff(one, other).max(axis=2) > self.step)

    def take_in(self, rows: slice, columns: slice, where: NDArray[np.bool_]) -> None:
        """Make what stands still in a part of the scene, and at its rim, the scene's background."""
        whole = np.zeros(self.foreign.shape, np.uint8)
        whole[rows, columns][where] = 255
        rim = cv2.bitwise_and(cv2.dilate(whole, _RIM), cv2.bitwise_not(self._candidate_foreign))
        taken = cv2.bitwise_and(cv2.bitwise_or(whole, rim), _above(self._age, _LEARNED - 1))
        cv2.copyTo(self.candidate, taken, self.background)
        self._candidate_foreign[taken > 0] = 0

    def sweep(self, where: NDArray[np.bool_], before_s: float) -> None:
        """Take in whatever stands `where` since `before_s`."""
        whole = (slice(0, where.shape[0]), slice(0, where.shape[1]))
        self.take_in(*whole, where & (self.born <= before_s))

    def _begin(self, seen: Image, media_s: float) -> None:
        self.learned_anew += 1
        self.settled = False
        self._begun_s, self._calm_s = media_s, media_s
        self.seen = self.background = self.candidate = seen
        self.background = seen.copy()
        self.candidate = seen.copy()
        self._followed_s = media_s
        self._age: NDArray[np.uint8] = np.zeros(seen.shape[:2], np.uint8)
        self.born = np.full(seen.shape[:2], media_s, np.float64)
        """Media time when each pixel's candidate was first seen."""
        self.foreign: Mask = np.zeros(seen.shape[:2], np.uint8)
        """Where the newest picture is not the background."""
        self._candidate_foreign: Mask = self.foreign.copy()
        self.step = _STEP

    def _levelled(self, seen: Image) -> tuple[Image, float]:
        """`seen` at the background's exposure, and the gain that it took: the median of a picture
        is mostly background."""
        part, known = seen[::8, ::8].astype(np.float32), self.background[::8, ::8]
        gain = float(np.median((known + 8.0) / (part + 8.0)))
        if abs(gain - 1) < 0.01:
            return seen, 1.0
        gain = min(max(gain, 0.4), 2.5)
        return np.asarray(cv2.convertScaleAbs(seen, alpha=gain), np.uint8), gain

    def _bounds(self) -> tuple[Image, Image]:
        """The least and the most that the background shows around a pixel: a camera may shake."""
        low = np.asarray(cv2.erode(self.background, _CROSS), np.uint8)
        return low, np.asarray(cv2.dilate(self.background, _CROSS), np.uint8)

    def _outside(self, picture: Image, low: Image, high: Image) -> Mask:
        beyond = cv2.max(cv2.subtract(picture, high), cv2.subtract(low, picture))
        return _above(_most(np.asarray(beyond, np.uint8)), self.step)

    def _in_upheaval(self, media_s: float) -> bool:
        if cv2.countNonZero(self.foreign) <= _UPHEAVAL * self.foreign.size:
            self._calm_s = media_s
        self.settled = self._calm_s == media_s and media_s - self._begun_s > _LEARN_S
        return media_s - self._calm_s > _SETTLED_S

    def _vote(self, seen: Image, ticks: int, media_s: float, low: Image, high: Image) -> None:
        change = _most(np.asarray(cv2.absdiff(seen, self.candidate), np.uint8))
        contested = _above(change, self.step)
        agrees = cv2.bitwise_not(contested)
        occluded = cv2.bitwise_and(self.foreign, self._candidate_foreign)
        age = _less(self._age, _FAST * ticks)
        cv2.copyTo(_less(self._age, ticks), occluded, age)
        replaced = cv2.bitwise_and(contested, cv2.bitwise_not(_above(age, 0)))
        cv2.copyTo(cv2.addWeighted(self.candidate, 0.85, seen, 0.15, 0), agrees, self.candidate)
        cv2.copyTo(seen, replaced, self.candidate)
        np.copyto(self.born, media_s, where=replaced.astype(np.bool_))
        cv2.copyTo(np.minimum(self._age + np.uint8(ticks), np.uint8(_OLDEST)), agrees, age)
        self._age = age
        self._candidate_foreign = self._outside(self.candidate, low, high)

    def _follow(self, seen: Image, media_s: float) -> None:
        if media_s - self._begun_s <= _LEARN_S:
            cv2.copyTo(self.candidate, _above(self._age, _LEARNED - 1), self.background)
            self._candidate_foreign[:] = 0
            return
        if media_s - self._followed_s < _FOLLOW_S:
            return
        self._followed_s = media_s
        # The blurred border of a thing is not taken in: it would be eaten from there.
        strange = cv2.dilate(cv2.bitwise_or(self.foreign, self._candidate_foreign), _RIM)
        known = cv2.bitwise_not(strange)
        one = np.uint8(1)
        brighter = np.minimum(cv2.subtract(seen, self.background), one)
        darker = np.minimum(cv2.subtract(self.background, seen), one)
        moved = cv2.subtract(cv2.add(self.background, brighter), darker)
        cv2.copyTo(moved, known, self.background)
        # The outline of a ghost differs from its own pixel, but not from that pixel's neighbours.
        healed = cv2.bitwise_and(_above(self._age, _OLDEST - 1), known)
        cv2.copyTo(self.candidate, healed, self.background)


def _small(image: Image) -> Image:
    height, width = image.shape[:2]
    small = image
    if width > WIDTH:
        small = shrink(image, WIDTH, max(3, round(height * WIDTH / width)))
    return np.asarray(cv2.blur(small, (3, 3)), np.uint8)


def _above(values: NDArray[np.uint8], least: int) -> Mask:
    """Where `values` are greater than `least`."""
    return np.asarray(cv2.threshold(values, least, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _less(values: NDArray[np.uint8], much: int) -> NDArray[np.uint8]:
    """`values` less `much`, not below 0."""
    least = np.uint8(min(255, much))
    return np.maximum(values, least) - least


def _most(picture: Image) -> Mask:
    """The greatest of a pixel's channels."""
    blue, green, red = cv2.split(picture)
    return np.asarray(cv2.max(cv2.max(blue, green), red), np.uint8)
