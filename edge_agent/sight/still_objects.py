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

_LEAST_PIXELS: Final = 14
_THINNEST: Final = 3
_LONGEST: Final = 5.0
"""Times its width beyond which something is a cable, a tape or an edge."""

_LARGEST: Final = 0.12
"""Share of the picture above which something is no object."""

_JUDGED_S: Final = 1.5
"""How long a place is watched before it is judged: its bearer still uncovers it."""

_HIDDEN_S: Final = 60.0
"""How long an object may be hidden before it counts as gone."""

_BARE_S: Final = 0.5
"""How long what is behind an object must show for it to be gone: a passer-by may look alike."""

_SHOWS: Final = 0.6
"""Share of an object's pixels that must show it, or the background behind it."""

_SAME: Final = 0.5
"""Overlap of two outlines, as intersection over union, from which on they are of one thing."""

_GROWN_S: Final = 5.0
"""How long what stands beside a place must have stood to be a part of it; who stands for long
beside what is known to be an object is none."""

_AT_ONCE_S: Final = 3.0
"""How soon after an object showed the rest of it shows: its bearer uncovers it."""

_SPECK_S: Final = 8.0
"""How long what is too small for an object stands until it is taken for the scene's own."""

_SWEEP_S: Final = 1.0
"""How often specks are looked for."""

_MARGIN: Final = 5
"""Pixels around a place that are looked at to judge it."""

_BUSY: Final = 0.35
"""Share of a place's surroundings that is covered from which on it cannot be judged."""

_PATIENCE_S: Final = 6.0
"""How long a place must be visible until it is judged in a crowd, too."""

_EDGE_RATIO: Final = 0.9
"""Edges along the outline, now over before, below which something was taken away."""

_SURE_RATIO: Final = 1.75
"""... and from which on something was added; a tape in the wind lies between."""

_SURE_EDGE: Final = 7.0
"""... by so many levels at least: exposure and compression draw faint patches."""

_MOST_DOUBTS: Final = 150
"""How often a place is judged until it is taken for the scene's own."""

_SHADE_SPREAD: Final = 0.022
"""How far, in shares, pixels stray from one common factor where only the light changed."""

_SHADE_TINT: Final = 0.08
"""How far the factors of the three channels lie apart there: shadows are a little blue."""

_SHADE_RANGE: Final = (0.45, 2.2)

Mask = NDArray[np.bool_]


@dataclass(slots=True)
class _Place:
    """Where something foreign stands."""

    id: int
    since_s: float
    rows: slice
    columns: slice
    mask: Mask
    looks: Image
    found_s: float
    """When it had this outline first."""
    last_s: float
    """When it was last seen."""
    bare_s: float
    """When the place last did not show what is behind it."""
    seen: bool = True
    added: bool = False
    doubts: int = 0
    """How often it was judged without a verdict."""

    @property
    def pixels(self) -> int:
        return int(np.count_nonzero(self.mask))


class StillObjects:
    """What was left standing in one camera's scene. Pictures must come in order."""

    def __init__(self) -> None:
        self._scene = StaticForeground()
        self._places: list[_Place] = []
        self._count = 0
        self._swept_s = -np.inf

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
        for found in self._find(media_s):
            self._note(found, media_s)
        self._places = [place for place in self._places if self._stays(place, media_s)]
        return self._report()

    def _look_at(self, place: _Place, media_s: float) -> None:
        """See whether the place still shows what stood there."""
        shown = self._scene.seen[place.rows, place.columns]
        same = ~self._scene.differs(shown, place.looks)
        place.seen = bool(same[place.mask].mean() >= _SHOWS)
        if place.seen:
            place.last_s = media_s

    def _remains(self, place: _Place, media_s: float) -> bool:
        if media_s - place.since_s > KEPT_S:
            self._scene.take_in(place.rows, place.columns, place.mask)
            return False
        behind = self._scene.foreign[place.rows, place.columns][place.mask] == 0
        if behind.mean() < _SHOWS:
            place.bare_s = media_s
        return media_s - place.bare_s < _BARE_S and media_s - place.last_s <= _HIDDEN_S

    def _find(self, media_s: float) -> list[_Place]:
        """Where something foreign stands still and is to be seen, largest first."""
        still = self._scene.still()
        if not still.any():
            return []
        _, labels, stats, _ = cv2.connectedComponentsWithStats(still, connectivity=8)
        largest = _LARGEST * still.size
        small = _small(np.asarray(stats, np.int32))
        if media_s - self._swept_s >= _SWEEP_S:
            self._swept_s = media_s
            self._scene.sweep(small[labels], media_s - _SPECK_S)
        order = np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[: 4 * MOST_OBJECTS] + 1
        found = []
        for label in order:
            left, top, width, height, area = (int(n) for n in stats[label])
            if small[label] or area > largest:
                continue
            rows, columns = slice(top, top + height), slice(left, left + width)
            mask = labels[rows, columns] == label
            shown, candidate = self._scene.seen[rows, columns], self._scene.candidate[rows, columns]
            if self._scene.differs(shown, candidate)[mask].mean() > 1 - _SHOWS:
                continue
            found.append(
                _Place(
                    id=0,
                    since_s=float(np.median(self._scene.born[rows, columns][mask])),
                    rows=rows,
                    columns=columns,
                    mask=mask,
                    looks=candidate.copy(),
                    found_s=media_s,
                    last_s=media_s,
                    bare_s=media_s,
                )
            )
        return found

    def _note(self, found: _Place, media_s: float) -> None:
        """Find out what of the places known is `found`; it is another thing where none is."""
        known = [place for place in self._places if _common(place, found) > 0]
        for place in known:
            shared = _common(place, found)
            if shared / (place.pixels + found.pixels - shared) < _SAME:
                continue
            if place.seen:
                return
            if self._alike(place, found):
                place.seen, place.last_s, place.bare_s = True, media_s, media_s
                return
        seen = [place for place in known if place.seen]
        if seen:
            # Somebody stands beside it, or in front of a part: it stays as it was.
            if found.pixels < sum(place.pixels for place in seen) or not self._grown(
                found, seen, media_s
            ):
                return
            oldest = min(seen, key=lambda place: place.id)
            found.id, found.added = oldest.id, oldest.added
        self._places = [place for place in self._places if place not in known]
        if len(self._places) < MOST_OBJECTS:
            if not found.id:
                self._count += 1
                found.id = self._count
            self._places.append(found)

    def _grown(self, found: _Place, parts: list[_Place], media_s: float) -> bool:
        """Whether what `found` has beyond its parts has stood as long as they, or long enough."""
        extra = found.mask.copy()
        for part in parts:
            top, bottom, left, right = _meet(part, found)
            y, x = found.rows.start, found.columns.start
            extra[top - y : bottom - y, left - x : right - x] &= ~_within(
                part, top, bottom, left, right
            )
        if not extra.any():
            return True
        born = float(np.median(self._scene.born[found.rows, found.columns][extra]))
        if born - min(part.since_s for part in parts) <= _AT_ONCE_S:
            return True
        return media_s - born >= _GROWN_S and not any(part.added for part in parts)

    def _alike(self, known: _Place, found: _Place) -> bool:
        """Whether two places look the same where they meet."""
        top, bottom, left, right = _meet(known, found)
        both = _within(known, top, bottom, left, right) & _within(found, top, bottom, left, right)
        looks = known.looks[
            top - known.rows.start : bottom - known.rows.start,
            left - known.columns.start : right - known.columns.start,
        ]
        other = self._scene.differs(looks, self._scene.candidate[top:bottom, left:right])
        return bool(other[both].mean() <= 1 - _SHOWS)

    def _stays(self, place: _Place, media_s: float) -> bool:
        """An object is followed; a hole or a shadow is the scene's new look."""
        if place.added or not place.seen or media_s - place.found_s < _JUDGED_S:
            return True
        rows, columns, mask, inner = self._with_rim(place)
        before = self._scene.background[rows, columns]
        now = self._scene.candidate[rows, columns]
        # A thing's blurred border, two pixels wide, is foreign too.
        outside = cv2.subtract(
            cv2.dilate(mask, _SQUARE, iterations=4), cv2.dilate(mask, _SQUARE, iterations=2)
        )
        busy = self._scene.foreign[rows, columns][outside > 0].mean() > 255 * _BUSY
        if busy and media_s - place.found_s < _PATIENCE_S:
            return True
        rim = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, _SQUARE), np.uint8)
        edges_now, edges_before = _edges(now)[rim > 0].mean(), _edges(before)[rim > 0].mean()
        removed = edges_now < _EDGE_RATIO * edges_before
        if removed or _only_light(now[inner], before[inner]) or place.doubts > _MOST_DOUBTS:
            self._scene.take_in(place.rows, place.columns, place.mask)
            return False
        place.doubts += 1
        place.added = bool(edges_now >= max(_SURE_RATIO * edges_before, edges_before + _SURE_EDGE))
        return True

    def _with_rim(self, place: _Place) -> tuple[slice, slice, NDArray[np.uint8], Mask]:
        """The place with some surroundings, its mask there, and the mask without its border."""
        height, width = self._scene.foreign.shape
        top, left = max(0, place.rows.start - _MARGIN), max(0, place.columns.start - _MARGIN)
        bottom = min(height, place.rows.stop + _MARGIN)
        right = min(width, place.columns.stop + _MARGIN)
        mask = np.zeros((bottom - top, right - left), np.uint8)
        y, x = place.rows.start - top, place.columns.start - left
        mask[y : y + place.mask.shape[0], x : x + place.mask.shape[1]] = place.mask
        inner = cv2.erode(mask, _SQUARE)
        core = inner if cv2.countNonZero(inner) >= _LEAST_PIXELS else mask
        return slice(top, bottom), slice(left, right), mask, core > 0

    def _around(self, place: _Place) -> float:
        """How much of what surrounds a place, as far as it is wide and high, is foreign."""
        high, wide = place.mask.shape
        top, left = max(0, place.rows.start - high), max(0, place.columns.start - wide)
        near = self._scene.foreign[top : place.rows.stop + high, left : place.columns.stop + wide]
        inside = self._scene.foreign[place.rows, place.columns]
        foreign = cv2.countNonZero(near) - cv2.countNonZero(np.ascontiguousarray(inside))
        return foreign / max(1, near.size - inside.size)

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
                around=self._around(place),
            )
            for place in self._places
            if place.added
        )


def _small(stats: NDArray[np.int32]) -> Mask:
    """Which components are too small, or too long for their width, to be objects; `[0]` is not."""
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    short, long = np.minimum(width, height), np.maximum(width, height)
    small = (stats[:, cv2.CC_STAT_AREA] < _LEAST_PIXELS) | (short < _THINNEST)
    small |= short * _LONGEST < long
    small[0] = False
    return np.asarray(small, np.bool_)


_SQUARE: Final = np.ones((3, 3), np.uint8)


def _meet(a: _Place, b: _Place) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of what two places' boxes share."""
    return (
        max(a.rows.start, b.rows.start),
        min(a.rows.stop, b.rows.stop),
        max(a.columns.start, b.columns.start),
        min(a.columns.stop, b.columns.stop),
    )


def _within(place: _Place, top: int, bottom: int, left: int, right: int) -> Mask:
    y, x = place.rows.start, place.columns.start
    return place.mask[max(0, top - y) : max(0, bottom - y), max(0, left - x) : max(0, right - x)]


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
