"""What plates are looked for on: tracked vehicles, and those that no track of the analysis knows.

A car that the picture's edge cuts, or of which lamps and bumper alone stand out by night, is taken
for a vehicle again and again and never surely, or not at all: no track begins, but its plate can be
read. Such a faint vehicle, and the surroundings of a plate that is large in the whole picture, are
followed here, for plates alone: what is none costs a few looks, for the reader refuses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from edge_agent.plates.parts import CARRIERS, SURE
from edge_agent.scene import Box, Detection, Track
from edge_agent.sight.association import shares_inside
from edge_agent.sight.tracker import Tracker, TrackerSettings

FAINT_IDS: Final = 1 << 30
"""Faint vehicles are numbered from here on: no track of the analysis has such a number."""

SPOT_EVERY_S: Final = 0.35
"""Seconds between two looks for plates in the whole picture."""

_FAINT: Final = TrackerSettings(strong=SURE, weak=SURE, sure=SURE, beginner_s=0.9, coast_s=0.9)
"""Kept over a whole picture that is not looked at, and one in which nothing is found."""

_SAME: Final = 0.55
"""A box with this share of it inside another, or of the other inside it, shows the same vehicle."""


def is_faint(track: int) -> bool:
    """Whether the number is that of a faint vehicle."""
    return track > FAINT_IDS


class Carriers:
    """The vehicles of one camera, as plates need them."""

    def __init__(self) -> None:
        self._tracker = Tracker(_FAINT)

    def update(
        self,
        tracks: Iterable[Track],
        detections: Iterable[Detection],
        plates: Iterable[Box],
        media_s: float,
    ) -> tuple[Track, ...]:
        """The vehicles after the frame at `media_s`: those of the analysis' `tracks`, then the
        faint ones among `detections` and around `plates` that are none of these."""
        known = [track for track in tracks if track.label in CARRIERS]
        taken = [track.box for track in known]
        alone: list[Detection] = []
        for one in sorted(detections, key=lambda d: -d.confidence):
            if one.label in CARRIERS and one.confidence >= SURE and not _one_of(one.box, taken):
                alone.append(one)
                taken.append(one.box)
        for plate in plates:
            if not any(_holds(box, plate) for box in taken):
                alone.append(Detection("car", SURE, _around(plate)))
                taken.append(alone[-1].box)
        faint = self._tracker.update(alone, media_s)
        return (*known, *(replace(track, id=FAINT_IDS + track.id) for track in faint))


def _holds(box: Box, plate: Box) -> bool:
    x, y = plate.x + plate.w / 2, plate.y + plate.h / 2
    return box.x <= x <= box.right and box.y <= y <= box.bottom


def _around(plate: Box) -> Box:
    """As much of a vehicle as is surely there: a plate's width on each side of it."""
    left, top = max(0.0, plate.x - plate.w), max(0.0, plate.y - 2 * plate.h)
    right, bottom = min(1.0, plate.right + plate.w), min(1.0, plate.bottom + plate.h)
    return Box(left, top, right - left, bottom - top)


def _one_of(box: Box, others: Sequence[Box]) -> bool:
    if not others:
        return False
    mine, theirs = _corners([box]), _corners(others)
    shared = np.maximum(shares_inside(mine, theirs)[0], shares_inside(theirs, mine)[:, 0])
    return bool(shared.max() >= _SAME)


def _corners(boxes: Sequence[Box]) -> np.ndarray:
    return np.array([(box.x, box.y, box.right, box.bottom) for box in boxes])
