"""Where a picture may show fire: light of a flame's colour that stays in its place and flickers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import Box, Image
from edge_agent.sight.letterbox import shrink

WIDTH: Final = 384
"""Pixels across in which light is looked for: a flame of 25 pixels in 1080p covers 5."""

_MEMORY_S: Final = 1.5
"""Time constant of what a pixel remembers: flames lick over a place again and again."""

_STAYS: Final = 0.35
"""Share of the memory in which a pixel must have been lit: what passes lights it more briefly."""

_FLICKER: Final = 6.0
"""Mean change between pictures, in grey levels, that counts as flickering (sensor noise: 2)."""

_FLICKERING: Final = 0.4
"""The share of a region's light that must flicker; a lamp's is still, but for its rim."""

_LEAST_PIXELS: Final = 12
_MOST: Final = 3

Floats = NDArray[np.float32]
_GREY: Final = 40
"""The difference of a pixel's channels above which it has a colour."""

_FEW: Final = 2e-4
"""The share of coloured pixels below which the picture has no colour: infrared, at night."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A place worth a look by the network."""

    box: Box
    strength: float
    """How much speaks for it: flickering share of the region, or detail lost, 0..1."""


class FlameProposals:
    """The memory of one camera. Pictures must come in order; a new size starts afresh."""

    def __init__(self) -> None:
        self._shape: tuple[int, ...] = (0, 0)
        self._lit: Floats = np.empty((0, 0), np.float32)
        self._change: Floats = np.empty((0, 0), np.float32)
        self._before: NDArray[np.uint8] | None = None
        self._last_s = -math.inf

    def update(self, image: Image, media_s: float) -> tuple[Proposal, ...]:
        """Places that may burn in `image` (`(H, W, 3)` uint8 BGR), the strongest first."""
        small = shrunk(image, WIDTH)
        if small.shape[:2] != self._shape or media_s <= self._last_s:
            self._forget(small.shape[:2])
        keep = math.exp(-(media_s - self._last_s) / _MEMORY_S)
        self._last_s = media_s
        lit = flame_coloured(small)
        # Not the greatest channel: red saturates in every flame.
        level = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
        self._lit = (keep * self._lit + (1 - keep) * lit).astype(np.float32)
        if self._before is not None:
            change = cv2.absdiff(level, self._before).astype(np.float32)
            # Clipped, so that one great change is not taken for flicker.
            change = np.minimum(change, 40)
            self._change = keep * self._change + (1 - keep) * change
        self._before = level
        return self._regions(lit & (self._lit > _STAYS))

    def _forget(self, shape: tuple[int, ...]) -> None:
        self._shape = tuple(shape)
        self._lit = np.zeros(self._shape, np.float32)
        self._change = np.zeros(self._shape, np.float32)
        self._before = None
        self._last_s = -math.inf

    def _regions(self, burning: NDArray[np.bool_]) -> tuple[Proposal, ...]:
        """Regions of flame-coloured light about what flickers in it: a warm wall or floor behind a
        flame is none of it."""
        height, width = self._shape
        flicker = self._change > _FLICKER
        near = cv2.dilate(flicker.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        active = burning & near
        joined = cv2.dilate(active.astype(np.uint8), np.ones((5, 5), np.uint8))
        _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        sizes = np.bincount(labels[active], minlength=len(stats))
        found = []
        for number in range(1, len(stats)):
            if sizes[number] < _LEAST_PIXELS:
                continue
            x, y, w, h = (int(value) for value in stats[number][:4])
            part = burning[y : y + h, x : x + w]
            share = np.count_nonzero(flicker[y : y + h, x : x + w] & part) / np.count_nonzero(part)
            if share >= _FLICKERING:
                found.append(Proposal(Box(x / width, y / height, w / width, h / height), share))
        found.sort(key=lambda proposal: -proposal.strength * math.sqrt(proposal.box.area))
        return tuple(found[:_MOST])


def flame_coloured(picture: Image) -> NDArray[np.bool_]:
    """Which pixels of `(H, W, 3)` uint8 BGR have a flame's colour: warm and bright, or saturated
    white within reach of such; in a picture without colour, white is all there is to go by."""
    blue, green, red = cv2.split(picture)
    above_blue, above_green = cv2.subtract(red, blue), cv2.subtract(red, green)
    least = cv2.min(cv2.min(blue, green), red)
    spread = cv2.subtract(cv2.max(cv2.max(blue, green), red), least)
    bright: NDArray[np.bool_] = least >= 215
    if np.count_nonzero(spread > _GREY) < _FEW * spread.size:
        return bright
    warm = (red >= 150) & (red >= green) & ((above_blue >= 55) | (above_green >= 40))
    near = cv2.dilate(warm.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    return warm | (bright & near)


def shrunk(image: Image, width: int) -> Image:
    """`image` no wider than `width`, its proportions kept."""
    if image.shape[1] <= width:
        return image
    return shrink(image, width, max(1, round(image.shape[0] * width / image.shape[1])))
