"""Leaving out what the detector takes for a person but never moves: cones, posters, statues.

People sway, come and go; a cone is a cone all day. A place is learned where somebody, seen without
much confidence, has not moved for a minute since first seen there. From then on tracks that begin
at such a place are not reported unless they move away from it. Whoever has moved once is believed,
also when the track is lost and a new one begins at the same spot: somebody who came and sat down.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edge_agent.scene import Box, Track

LEARN_S: Final = 60.0
"""How long something must have been seen without moving to be learned as a thing."""

FORGET_S: Final = 3600.0
"""How long a place without a new sighting stays learned: poles are not moved every hour."""

BELIEVE_S: Final = 600.0
"""How long the spot where a mover was last seen lends its belief to a new track."""

DOUBT: Final = 0.65
"""The mean confidence above which nothing is taken for a thing: clear people are far above."""

TAKEN_OVER_S: Final = 30.0
"""How long a mover must have stood still at a learned place to be the thing that is there: a track
that passed a cone may be carried on by the cone."""

_LABELS: Final = frozenset({"person", "dog"})
"""Vehicles and bags stand still by nature."""

_MOVED_HEIGHTS: Final = 0.35
_GREW: Final = 1.4
_AT_PLACE: Final = 0.4
_MOST_PLACES: Final = 200


@dataclass(slots=True)
class _Place:
    """Something or somebody was here."""

    box: Box
    label: str
    last_s: float


@dataclass(slots=True)
class _Past:
    """What is known of a track since it began."""

    anchor: Box
    """Where it was when it last had moved, or began."""
    anchored_s: float
    moved: bool
    newest: Track


class StillnessFilter:
    """Judges the tracks of one camera; pure."""

    def __init__(self) -> None:
        self._past: dict[int, _Past] = {}
        self._things: list[_Place] = []
        self._movers: list[_Place] = []
        self._now = -math.inf

    @property
    def learned(self) -> tuple[Box, ...]:
        """The places that are taken for things."""
        return tuple(place.box for place in self._things)

    def update(self, tracks: Iterable[Track], media_s: float) -> tuple[Track, ...]:
        """The tracks without those that are taken for things."""
        if media_s < self._now:
            self._past.clear()
            self._things.clear()
            self._movers.clear()
        self._now = media_s
        tracks = tuple(tracks)
        kept = tuple(track for track in tracks if not self._is_thing(track))
        self._bury({track.id for track in tracks})
        self._things = [p for p in self._things if media_s - p.last_s <= FORGET_S]
        self._movers = [p for p in self._movers if media_s - p.last_s <= BELIEVE_S]
        return kept

    def _is_thing(self, track: Track) -> bool:
        if track.label not in _LABELS:
            return False
        past = self._past.get(track.id)
        if past is None:
            came = _at(self._movers, track) is not None
            past = self._past[track.id] = _Past(track.box, track.first_s, came, track)
        if not track.seen:
            return not past.moved and _at(self._things, track) is not None
        past.newest = track
        if _away(past.anchor, track.box):
            past.anchor, past.anchored_s, past.moved = track.box, self._now, True
        still_s = self._now - past.anchored_s
        if not past.moved and still_s >= LEARN_S and track.confidence < DOUBT:
            _note(self._things, track.box, track.label, self._now)
        thing = _at(self._things, track)
        if thing is None or (past.moved and still_s < TAKEN_OVER_S):
            return False
        thing.last_s = self._now
        return True

    def _bury(self, alive: set[int]) -> None:
        """Remember where those who had moved were last, and forget the rest."""
        for key in [key for key in self._past if key not in alive]:
            past = self._past.pop(key)
            if past.moved and _at(self._things, past.newest) is None:
                _note(self._movers, past.newest.box, past.newest.label, self._now)


def _away(anchor: Box, box: Box) -> bool:
    """Whether the box has left its anchor, or grown or shrunk on the way as no thing does."""
    tall = max(anchor.h, box.h, 1e-9)
    distance = math.dist(anchor.foot, box.foot)
    grew = tall > _GREW * max(min(anchor.h, box.h), 1e-9)
    return distance > _MOVED_HEIGHTS * tall or (grew and distance > 0.5 * _MOVED_HEIGHTS * tall)


def _at(places: Iterable[_Place], track: Track) -> _Place | None:
    near = (p for p in places if p.label == track.label and p.box.iou(track.box) >= _AT_PLACE)
    return max(near, key=lambda place: place.box.iou(track.box), default=None)


def _note(places: list[_Place], box: Box, label: str, now_s: float) -> None:
    for place in places:
        if place.label == label and place.box.iou(box) >= _AT_PLACE:
            place.box, place.last_s = box, now_s
            return
    places.append(_Place(box, label, now_s))
    del places[:-_MOST_PLACES]
