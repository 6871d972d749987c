"""Objects that appeared and stand still, told apart from what was taken away, shadows and light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import Box, Image, StillObject
from edge_agent.sight.static_foreground import StaticForeground

MOST_OBJECTS: Final = 24
"""Places followed at a time."""

KEPT_S: Final = 3600.0
"""How long something stands until it is part of the scene."""

_LEAST_PIXELS: Final = 10
_THINNEST: Final = 3
_LONGEST: Final = 4.0
"""Times its width beyond which something is a cable, a tape or an edge."""

_LARGEST: Final = 0.12
"""Share of the picture above which something is no object."""

_JUDGED_S: Final = 2.5
"""How long a place is watched before it is judged: its bearer still uncovers it."""

_HIDDEN_S: Final = 60.0
"""How long an object may be hidden before it counts as gone."""

_BARE_S: Final = 0.5
"""How long what is behind an object must show for it to be gone: a passer-by may look alike."""

_SHOWS: Final = 0.6
"""Share of an object's pixels that must show it, or the background behind it."""

_HIDES: Final = 1.5
"""How much larger what stands at an object's place is when it stands in front of it."""

_NEWER_S: Final = 1.0
"""How much later than a place's pixels others must have come to be something else."""

_EDGE_RATIO: Final = 1.1
"""Edges along the outline, now over before, below which something was taken away."""

_SURE_RATIO: Final = 1.75
"""... and from which on something was added; a tape in the wind lies between."""

_MOST_DOUBTS: Final = 150
"""How often a place is judged until it is taken for the scene's own."""

_SHADE_SPREAD: Final = 0.022
"""How far, in shares, pixels stray from one common factor where only the light changed."""

_SHADE_TINT: Final = 0.08
"""How far the factors of the three channels lie apart there: shadows are a little blue."""

_SHADE_RANGE: Final = (0.45, 2.2)


@dataclass(slots=True)
class _Place:
    """Where something foreign stands."""

    id: int
    since_s: float
    rows: slice
    columns: slice
    mask: NDArray[np.bool_]
    looks: Image
    last_s: float
    pixels: int
    bare_s: float
    """When the place last did not show what is behind it."""
    seen: bool = True
    added: bool = False
    doubts: int = 0
    """How often it was judged without a verdict."""


class StillObjects:
    """What was left standing in one camera's scene. Pictures must come in order."""

    def __init__(self) -> None:
        self._scene = StaticForeground()
        self._places: list[_Place] = []
        self._count = 0

    def update(self, image: Image, media_s: float) -> tuple[StillObject, ...]:
        """The objects that stand after `image` (`(H, W, 3)` uint8 BGR), oldest first."""
        if not np.isfinite(media_s):
            return ()
        if not self._scene.update(image, media_s):
            self._places = []
            return ()
        if not self._scene.settled:
            return self._report()
        for place in self._places:
            self._look_at(place, media_s)
        self._places = [place for place in self._places if self._remains(place, media_s)]
        self._match(media_s)
        for place in self._places:
            if not place.added and place.seen and media_s - place.since_s >= _JUDGED_S:
                self._judge(place)
        self._places = [place for place in self._places if place.pixels]
        return self._report()

    def _look_at(self, place: _Place, media_s: float) -> None:
        """See whether the place still shows what stood there."""
        shown = self._scene.seen[place.rows, place.columns]
        same = ~self._scene.differs(shown, place.looks)
        place.seen = bool(same[place.mask].mean() >= _SHOWS)
        if place.seen:
            place.last_s = place.bare_s = media_s

    def _remains(self, place: _Place, media_s: float) -> bool:
        if media_s - place.since_s > KEPT_S:
            self._scene.take_in(place.rows, place.columns, place.mask)
            return False
        if place.seen:
            return True
        behind = self._scene.foreign[place.rows, place.columns][place.mask] == 0
        if behind.mean() < _SHOWS:
            place.bare_s = media_s
        return media_s - place.bare_s < _BARE_S and media_s - place.last_s <= _HIDDEN_S

    def _match(self, media_s: float) -> None:
        """Find where something stands: places known, grown, or new."""
        still = self._scene.still()
        if not still.any():
            return
        _, labels, stats, _ = cv2.connectedComponentsWithStats(still, connectivity=8)
        largest = _LARGEST * still.size
        order = np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[: 4 * MOST_OBJECTS] + 1
        for label in order:
            left, top, width, height, area = (int(n) for n in stats[label])
            thin = min(width, height) < max(_THINNEST, max(width, height) / _LONGEST)
            if thin or not _LEAST_PIXELS <= area <= largest:
                continue
            rows, columns = slice(top, top + height), slice(left, left + width)
            mask = labels[rows, columns] == label
            shown, candidate = self._scene.seen[rows, columns], self._scene.candidate[rows, columns]
            if self._scene.differs(shown, candidate)[mask].mean() > 1 - _SHOWS:
                continue
            found = _Place(
                id=0,
                since_s=float(np.median(self._scene.born[rows, columns][mask])),
                rows=rows,
                columns=columns,
                mask=mask,
                looks=candidate.copy(),
                last_s=media_s,
                pixels=area,
                bare_s=media_s,
            )
            self._note(found)

    def _note(self, found: _Place) -> None:
        known = [place for place in self._places if _common(place, found) > 0]
        if not known:
            if len(self._places) < MOST_OBJECTS:
                self._count += 1
                found.id = self._count
                self._places.append(found)
            return
        oldest = known[0]
        if self._replaced(oldest, found):
            if oldest.added and found.pixels > _HIDES * oldest.pixels:
                return
            self._places = [place for place in self._places if place not in known]
            self._note(found)
            return
        if oldest.seen and found.pixels <= 1.15 * oldest.pixels:
            return
        # It came out from behind somebody, or was hidden so long that its pixels were forgotten.
        # A thing that is already known to be one keeps its outline unless the new one is like it.
        if oldest.added and found.pixels > 2.5 * oldest.pixels:
            return
        oldest.rows, oldest.columns, oldest.mask = found.rows, found.columns, found.mask
        oldest.looks, oldest.pixels, oldest.last_s = found.looks, found.pixels, found.last_s
        oldest.seen, oldest.bare_s = True, found.last_s
        self._places = [place for place in self._places if place not in known[1:]]

    def _replaced(self, known: _Place, found: _Place) -> bool:
        """Whether something else stands there by now: newer, and of other looks."""
        top, bottom, left, right = _meet(known, found)
        mine, new = (
            _within(known, top, bottom, left, right),
            _within(found, top, bottom, left, right),
        )
        both = mine & new
        born = self._scene.born[top:bottom, left:right][both]
        if float(np.median(born)) <= known.since_s + _NEWER_S:
            return False
        looks = known.looks[
            top - known.rows.start : bottom - known.rows.start,
            left - known.columns.start : right - known.columns.start,
        ]
        other = self._scene.differs(looks, self._scene.candidate[top:bottom, left:right])
        return bool(other[both].mean() > 1 - _SHOWS)

    def _judge(self, place: _Place) -> None:
        """An object is followed; a hole or a shadow is the scene's new look."""
        rows, columns, mask, inner = self._with_rim(place)
        before = self._scene.background[rows, columns]
        now = self._scene.candidate[rows, columns]
        rim = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, _SQUARE), np.uint8)
        edges_now, edges_before = _edges(now)[rim > 0].mean(), _edges(before)[rim > 0].mean()
        removed = edges_now < _EDGE_RATIO * edges_before
        if removed or _only_light(now[inner], before[inner]) or place.doubts > _MOST_DOUBTS:
            self._scene.take_in(place.rows, place.columns, place.mask)
            place.pixels = 0
            return
        if edges_now < _SURE_RATIO * edges_before:
            place.doubts += 1
            return
        place.added = True

    def _with_rim(self, place: _Place) -> tuple[slice, slice, NDArray[np.uint8], NDArray[np.bool_]]:
        """The place with some surroundings, its mask there, and the mask without its border."""
        height, width = self._scene.foreign.shape
        top, left = max(0, place.rows.start - 3), max(0, place.columns.start - 3)
        bottom, right = min(height, place.rows.stop + 3), min(width, place.columns.stop + 3)
        mask = np.zeros((bottom - top, right - left), np.uint8)
        y, x = place.rows.start - top, place.columns.start - left
        mask[y : y + place.mask.shape[0], x : x + place.mask.shape[1]] = place.mask
        inner = cv2.erode(mask, _SQUARE)
        core = inner if cv2.countNonZero(inner) >= _LEAST_PIXELS else mask
        return slice(top, bottom), slice(left, right), mask, core > 0

    def _report(self) -> tuple[StillObject, ...]:
        height, width = self._scene.foreign.shape
        return tuple(
            StillObject(
                id=place.id,
                box=Box(
                    place.columns.start / width,
                    place.rows.start / height,
                    (place.columns.stop - place.columns.start) / width,
                    (place.rows.stop - place.rows.start) / height,
                ),
                since_s=place.since_s,
                seen=place.seen,
            )
            for place in self._places
            if place.added
        )


_SQUARE: Final = np.ones((3, 3), np.uint8)


def _meet(a: _Place, b: _Place) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of what two places' boxes share."""
    return (
        max(a.rows.start, b.rows.start),
        min(a.rows.stop, b.rows.stop),
        max(a.columns.start, b.columns.start),
        min(a.columns.stop, b.columns.stop),
    )


def _within(place: _Place, top: int, bottom: int, left: int, right: int) -> NDArray[np.bool_]:
    y, x = place.rows.start, place.columns.start
    return place.mask[top - y : bottom - y, left - x : right - x]


def _common(a: _Place, b: _Place) -> int:
    """Pixels that two places share."""
    top, bottom, left, right = _meet(a, b)
    if top >= bottom or left >= right:
        return 0
    shared = _within(a, top, bottom, left, right) & _within(b, top, bottom, left, right)
    return int(np.count_nonzero(shared))


def _edges(picture: Image) -> NDArray[np.uint8]:
    """How much a pixel differs from its neighbours, in its strongest channel."""
    return np.asarray(cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, _SQUARE).max(axis=2), np.uint8)


def _only_light(now: NDArray[np.uint8], before: NDArray[np.uint8]) -> bool:
    """Whether pixels `(n, 3)` differ as if only the light on them had: by about one factor."""
    ratio = (now.astype(np.float32) + 4) / (before.astype(np.float32) + 4)
    least, most = _SHADE_RANGE
    middle = np.median(ratio, axis=0)
    if not least < float(middle.mean()) < most or float(np.ptp(middle)) > _SHADE_TINT:
        return False
    return float(np.median(np.abs(ratio / middle - 1))) < _SHADE_SPREAD
