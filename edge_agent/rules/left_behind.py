"""Who left what: objects that stand where somebody was, and since when that somebody is gone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from edge_agent.scene import Box, Detection, Sighting, StillObject, Track

VEHICLES: Final = frozenset({"bicycle", "motorcycle", "car", "bus", "truck"})
LIVING: Final = frozenset({"person", "dog"})

_BEFORE_S: Final = 5.0
"""How long before an object showed its carrier may have been there: he hides it as he walks on."""

_AFTER_S: Final = 0.6
"""How long after an object showed somebody may still turn out to be its carrier."""

_REACH: Final = 0.6
"""How far from the object its carrier may have been, in his own heights."""

_LEFT: Final = 1.0
"""How far from the object, in his own heights, its owner has left it."""

_COVERED: Final = 0.5
"""Share of an object within somebody's box from which on it may be him, or at his feet."""

_COVER_HOLDS_S: Final = 1.0
"""How long somebody who covers an object counts as there: the detector loses him at times."""

_OFTEN: Final = 0.4
"""Share of frames in which the object is covered from which on it is part of somebody."""

_SURE: Final = 0.40
"""The confidence from which on a detection speaks against an object."""

_WEAK: Final = 0.15
"""... while its owner has not been seen to walk away."""

_AS_TALL: Final = 0.5
"""Share of the owner's height from which on a detection at the object may be somebody, who sits or
lies: the detector takes many a bag for a person, but for a small one."""

_AS_LONG: Final = 0.7
"""... and of a vehicle; the detector takes many a box for a small one."""

_ITSELF: Final = 0.45
"""Share of the owner's area above which an object may be the owner."""

_UPRIGHT: Final = 0.7
"""Share of the owner's height above which a thing is taken for somebody standing."""

_TOGETHER: Final = 0.3
"""How near to the object, in their own heights, others may have been to be owners too."""

_MOST_OWNERS: Final = 4

_AGAIN_S: Final = 3.0
"""How soon after an owner was lost a new track at the same spot is taken to be him."""

_AGAIN_HEIGHTS: Final = 0.7

_LARGEST: Final = 1.2
"""An object larger than this, in areas of its carrier, was not carried."""

_REMEMBER_S: Final = 16.0
_MOST_TRACKS: Final = 200
_MOST_LEFT: Final = 64


@dataclass(slots=True)
class _Past:
    """Where one track was lately, oldest first."""

    places: list[tuple[float, Box]] = field(default_factory=list)
    track: Track | None = None


@dataclass(slots=True)
class Owner:
    """Somebody who was at the object when it appeared."""

    track: Track
    """As it was last seen."""
    last_s: float
    """When it was last seen."""
    near: Box
    """Where it was when it was last at the object: from there its size compares."""
    away: bool = False
    """Whether it has been seen away from the object."""


@dataclass(slots=True)
class Left:
    """One object and its story."""

    object: StillObject
    owners: dict[int, Owner]
    """By track id, the nearest first: whoever of a group stays still minds it."""
    attended_s: float
    """When one of the owners was last at the object."""
    frames: int = 0
    covered: int = 0
    covered_s: float = -math.inf
    """When somebody's box last covered it."""

    @property
    def away(self) -> bool:
        """Whether an owner has been seen away from the object."""
        return any(owner.away for owner in self.owners.values())

    def alone(self, now_s: float, seconds: float) -> bool:
        """Whether its owners have been gone for `seconds`, and nobody is in front of it now."""
        return now_s - self.attended_s >= seconds and now_s - self.covered_s > _COVER_HOLDS_S

    @property
    def is_body(self) -> bool:
        """Whether the object may rather be somebody who is standing, sitting or lying there."""
        if self.covered > _OFTEN * self.frames:
            return True
        box = self.object.box
        people = [o.near.h for o in self.owners.values() if o.track.label == "person"]
        tall = max(people, default=math.inf)
        large = max(owner.near.area for owner in self.owners.values())
        return box.h > _UPRIGHT * tall or (not self.away and box.area > _ITSELF * large)


class LeftObjects:
    """Keeps the stories of the objects of one camera; pure."""

    def __init__(self, carriers: frozenset[str]) -> None:
        self._carriers = carriers
        self._now = -math.inf
        self._past: dict[int, _Past] = {}
        self._left: dict[int, Left] = {}
        self._ownerless: set[int] = set()

    def update(self, sighting: Sighting) -> tuple[Left, ...]:
        """The objects that somebody carried there, while they stand, oldest first."""
        now = sighting.media_s
        if not math.isfinite(now):
            return ()
        if now < self._now:
            self._start_afresh()
        self._now = now
        self._remember(sighting.tracks)
        standing = {thing.id: thing for thing in sighting.still_objects[:_MOST_LEFT]}
        self._left = {key: left for key, left in self._left.items() if key in standing}
        self._ownerless &= standing.keys()
        for key, thing in standing.items():
            if key not in self._left and key not in self._ownerless:
                self._begin(thing, sighting)
            if key in self._left:
                self._follow(self._left[key], thing, sighting)
        return tuple(self._left.values())

    def _start_afresh(self) -> None:
        self._past, self._left, self._ownerless = {}, {}, set()

    def _remember(self, tracks: Iterable[Track]) -> None:
        for track in tracks:
            if track.label not in self._carriers or not track.seen or not _sound(track.box):
                continue
            if track.id not in self._past and len(self._past) >= _MOST_TRACKS:
                continue
            past = self._past.setdefault(track.id, _Past())
            past.places.append((self._now, track.box))
            past.track = track
        for key, past in list(self._past.items()):
            while past.places and self._now - past.places[0][0] > _REMEMBER_S:
                del past.places[0]
            if not past.places:
                del self._past[key]

    def _begin(self, thing: StillObject, sighting: Sighting) -> None:
        tracks = self._carriers_of(thing, sighting.aspect)
        if not tracks:
            self._ownerless.add(thing.id)
            return
        owners = {track.id: self._owner(track, thing, sighting.aspect) for track in tracks}
        left = Left(thing, owners, attended_s=thing.since_s)
        self._left[thing.id] = left
        # The object is told of some seconds after it showed: see where they were meanwhile.
        for owner in owners.values():
            for moment, box in self._past[owner.track.id].places:
                if moment >= thing.since_s:
                    _heed(left, owner, moment, box, sighting.aspect)

    def _owner(self, track: Track, thing: StillObject, aspect: float) -> Owner:
        places = self._past[track.id].places
        near = min((box for _, box in places), key=lambda box: _gap(thing.box, box, aspect))
        return Owner(track, places[-1][0], near)

    def _carriers_of(self, thing: StillObject, aspect: float) -> list[Track]:
        """Who was nearest when the object showed, and who else was right there."""
        near: list[tuple[float, Track]] = []
        for past in self._past.values():
            gaps = [
                _gap(thing.box, box, aspect)
                for moment, box in past.places
                if thing.since_s - _BEFORE_S <= moment <= thing.since_s + _AFTER_S
                and thing.box.area <= _LARGEST * box.area
            ]
            if gaps and past.track is not None and min(gaps) <= _REACH:
                near.append((min(gaps), past.track))
        near.sort(key=lambda pair: pair[0])
        return [t for n, (gap, t) in enumerate(near[:_MOST_OWNERS]) if n == 0 or gap <= _TOGETHER]

    def _follow(self, left: Left, thing: StillObject, sighting: Sighting) -> None:
        left.object = thing
        seen = [t for t in sighting.tracks if t.seen and _sound(t.box)]
        for key, owner in list(left.owners.items()):
            again = [t for t in seen if t.id == key or self._is_again(owner, t, left)]
            if again:
                del left.owners[key]
                owner.track, owner.last_s = again[0], self._now
                left.owners[again[0].id] = owner
                _heed(left, owner, self._now, again[0].box, sighting.aspect)
        # Whoever hides the object says nothing about what it is.
        left.frames += thing.seen
        height = max(owner.near.h for owner in left.owners.values())
        # Who walked away is not what stands there; who was lost there may be.
        gone = all(owner.away for owner in left.owners.values())
        telling = [d for d in sighting.detections if d.confidence >= (_SURE if gone else _WEAK)]
        if any(_covers(d, thing.box, height, sighting.aspect) for d in telling):
            left.covered += thing.seen
            left.covered_s = self._now

    def _is_again(self, owner: Owner, track: Track, left: Left) -> bool:
        """Whether `track` is an owner whose own track was lost a moment ago."""
        last = owner.track.box
        return (
            not owner.away
            and track.id not in left.owners
            and track.label == owner.track.label
            and owner.last_s < self._now <= owner.last_s + _AGAIN_S
            and track.first_s >= owner.last_s
            and math.dist(track.box.foot, last.foot) <= _AGAIN_HEIGHTS * last.h
        )


def _heed(left: Left, owner: Owner, moment: float, box: Box, aspect: float) -> None:
    """Take in where an owner was at `moment`."""
    if _gap(left.object.box, box, aspect) > _LEFT:
        owner.away = True
    else:
        owner.near = box
        left.attended_s = max(left.attended_s, moment)


def _covers(detection: Detection, box: Box, height: float, aspect: float) -> bool:
    """Whether somebody, or a vehicle, of a size that fits an owner's `height` is at `box`."""
    extent = max(detection.box.h, detection.box.w * aspect)
    if detection.label in VEHICLES:
        return extent >= _AS_LONG * height and detection.box.iou(box) >= 0.3
    if detection.label not in LIVING or extent < _AS_TALL * height:
        return False
    across = min(detection.box.right, box.right) - max(detection.box.x, box.x)
    down = min(detection.box.bottom, box.bottom) - max(detection.box.y, box.y)
    return across > 0 and down > 0 and across * down >= _COVERED * box.area


def _gap(thing: Box, carrier: Box, aspect: float) -> float:
    """How far a carrier stands from an object, in his heights: sideways between the boxes, in
    depth between the lines on which both stand."""
    across = max(0.0, thing.x - carrier.right, carrier.x - thing.right) * aspect
    above, below = carrier.bottom - thing.bottom, carrier.y - thing.bottom
    depth = 0.0 if below <= 0 <= above else min(abs(above), abs(below))
    if below <= 0 <= above:
        depth = max(0.0, above - 0.5 * carrier.h)
    return math.hypot(across, depth) / max(carrier.h, 1e-6)


def _sound(box: Box) -> bool:
    numbers = (box.x, box.y, box.w, box.h)
    return all(map(math.isfinite, numbers)) and max(map(abs, numbers)) <= 10 and box.h > 0
