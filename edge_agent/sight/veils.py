"""Where a picture may show smoke: grey that moves and veils what was seen there before."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import Box, Image
from edge_agent.sight.flames import Proposal, shrunk

WIDTH: Final = 320
_CELL: Final = 8

_LEARN_S: Final = 30.0
"""Time constant of the background: smoke changes a place for longer than somebody passing."""

_VEILED: Final = 0.8
"""Detail left, as a share of the background's, below which a cell counts as veiled."""

_CHANGED: Final = 9.0
"""Grey levels by which a cell's mean must differ from its background."""

_MOVES: Final = 0.8
"""Mean change between pictures, in grey levels of a cell's mean, of what drifts."""

_FLAT: Final = 4.0
"""Detail of a cell, in grey levels, below which there is nothing to be veiled."""

_COLOURLESS: Final = 45.0
"""The greatest difference of a cell's channels: smoke is grey, black or white."""

_LEAST_CELLS: Final = 8
_MOST: Final = 2
_MEMORY_S: Final = 1.5

Floats = NDArray[np.float32]


class SmokeProposals:
    """The background of one camera. Pictures must come in order; a new size starts afresh."""

    def __init__(self) -> None:
        self._shape: tuple[int, ...] = (0, 0)
        self._background: tuple[Floats, Floats] | None = None
        self._before: Floats = np.empty((0, 0), np.float32)
        self._moving: Floats = np.empty((0, 0), np.float32)
        self._first_s = 0.0
        self._last_s = -math.inf

    def update(self, image: Image, media_s: float) -> tuple[Proposal, ...]:
        """Places that may be veiled by smoke in `image` (`(H, W, 3)` uint8 BGR), largest first."""
        small = shrunk(image, WIDTH)
        if small.shape[:2] != self._shape or media_s <= self._last_s:
            self._forget(small.shape[:2])
        if min(self._shape) < _CELL:
            return ()
        step_s = media_s - self._last_s
        self._last_s = media_s
        mean, detail, colour = _cells(small)
        if self._background is None:
            self._background = (mean, detail)
            self._before, self._moving = mean, np.zeros_like(mean)
            self._first_s = media_s
            return ()
        keep = math.exp(-step_s / _MEMORY_S)
        change = np.minimum(np.abs(mean - self._before), 20)
        self._moving = keep * self._moving + (1 - keep) * change
        self._before = mean
        known_mean, known_detail = self._background
        differs = np.abs(mean - known_mean)
        lost = 1 - detail / np.maximum(known_detail, 1e-3)
        veiled = (lost > 1 - _VEILED) & (known_detail > _FLAT) & (differs > _CHANGED / 2)
        clouded = (known_detail <= _FLAT) & (detail < 2 * _FLAT) & (differs > _CHANGED)
        foreign = (veiled | clouded) & (colour < _COLOURLESS) & (self._moving > _MOVES)
        # What is foreign is learned four times as slowly, so that a plume is not learned away.
        age_s = min(_LEARN_S, max(1.0, media_s - self._first_s))
        rate = np.where(differs > _CHANGED / 2, 0.25, 1.0) * (1 - math.exp(-step_s / age_s))
        self._background = (
            (known_mean + rate * (mean - known_mean)).astype(np.float32),
            (known_detail + rate * (detail - known_detail)).astype(np.float32),
        )
        return _regions(foreign, lost.astype(np.float32))

    def _forget(self, shape: tuple[int, ...]) -> None:
        self._shape = tuple(shape)
        self._background = None
        self._last_s = -math.inf


def _regions(foreign: NDArray[np.bool_], lost: Floats) -> tuple[Proposal, ...]:
    rows, columns = foreign.shape
    mask = cv2.morphologyEx(foreign.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    found = []
    for number in range(1, len(stats)):
        x, y, w, h, area = (int(value) for value in stats[number])
        if area >= _LEAST_CELLS:
            veil = float(np.clip(lost[labels == number], 0, 1).mean())
            found.append(Proposal(Box(x / columns, y / rows, w / columns, h / rows), veil))
    found.sort(key=lambda proposal: -proposal.box.area)
    return tuple(found[:_MOST])


def _cells(picture: Image) -> tuple[Floats, Floats, Floats]:
    """For each cell its mean grey level, its detail and the spread of its mean colour."""
    height, width = (side // _CELL for side in picture.shape[:2])
    picture = picture[: height * _CELL, : width * _CELL]
    size = (width, height)
    colours = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    edges = cv2.absdiff(grey, cv2.blur(grey, (5, 5)))
    return (
        cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32),
        cv2.resize(edges.astype(np.float32), size, interpolation=cv2.INTER_AREA).astype(np.float32),
        (colours.max(axis=2).astype(np.float32) - colours.min(axis=2)).astype(np.float32),
    )
