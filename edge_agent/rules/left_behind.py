"""Who left what: objects that stand where somebody was, and since when that somebody is gone."""

from __future__ import annotations

import math
from collections import deque
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

_LATELY: Final = 50
"""Frames over which that is counted."""

_SURE: Final = 0.40
"""The confidence from which on a detection speaks against an object."""

_WEAK: Final = 0.15
"""... while its owner has not been seen to walk away: he may be it."""

_AROUND: Final = 0.08
"""Share of an object's surroundings that is covered where somebody is; the detector takes many a
bag for somebody much larger, but nothing is to be seen around it then."""

_HIMSELF: Final = 0.55
"""Share of the height of somebody detected from which on the object may be all one sees of him."""

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
"""How near to the object, in their own heights, others must have been to be owners too."""

_TOGETHER_S: Final = 1.0
"""... and how shortly before or after the object showed."""

_OLD: Final = 0.1
"""By how many heights a second those count as farther who were there earlier."""

_MOST_OWNERS: Final = 4

_BACK_S: Final = 3.0
"""How long an owner who was away must be at the object to mind it again: many only pass by."""

_LOST_S: Final = 2.0
"""How long an owner must be lost at the border of the picture to have left it."""

_BORDER: Final = 0.01

_AGAIN_S: Final = 3.0
"""How soon after an owner was lost a new track at the same spot is taken to be him."""

_AGAIN_HEIGHTS: Final = 0.7

_LARGEST: Final = 1.2
"""An object larger than this, in areas of its carrier, was not carried."""

_SMALLEST: Final = 0.18
"""Share of its carrier's height that an object is at least high or wide, about 30 cm: less is a
tape in the wind or a paper."""

_REMEMBER_S: Final = 60.0
"""How far back it is known who was where; an object may show its final outline late."""

_MOST_SEEN: Final = 64
"""Tracks, and detections, that are remembered of one frame."""

_SAME: Final = 0.5
"""Overlap of an object with its former outline below which its owners are looked for again."""

_MOST_LEFT: Final = 64


@dataclass(frozen=True, slots=True)
class _Moment:
    """Who was where in one frame."""

    media_s: float
    tracks: tuple[Track, ...]
    """Possible carriers, those that are hidden in this frame where they should be."""
    detections: tuple[Detection, ...]
    """Of people, animals and vehicles, weak ones too."""


@dataclass(slots=True)
class Owner:
    """Somebody who was at the object when it appeared."""

    track: Track
    """As it was last seen."""
    last_s: float
    """When it was last seen."""
    near: Box
    """Where it was when it was last at the object, whole: from there its size compares."""
    likeliest: bool
    """Whether it was the nearest; others mind the object only until they have left it once."""
    away: bool = False
    """Whether it has been seen away from the object, or leaving the picture."""
    back_s: float = math.inf
    """Since when it is at the object, again if it was away."""


@dataclass(slots=True)
class Left:
    """One object and its story."""

    object: StillObject
    begun: StillObject
    """As it was when its owners were found."""
    owners: dict[int, Owner]
    """By track id, the nearest first: whoever of a group stays still minds it."""
    attended_s: float
    """When one of the owners was last at the object."""
    covered: deque[bool] = field(default_factory=lambda: deque(maxlen=_LATELY))
    """Whether somebody covered it, in each frame lately in which it was to be seen."""
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
    def height(self) -> float:
        """How tall its likeliest carrier was beside it."""
        return next(owner.near.h for owner in self.owners.values() if owner.likeliest)

    def is_trifle(self, aspect: float) -> bool:
        """Whether the object is too small to matter beside its likeliest carrier."""
        return max(self.object.box.h, self.object.box.w * aspect) < _SMALLEST * self.height

    @property
    def is_body(self) -> bool:
        """Whether the object may rather be somebody who is standing, sitting or lying there."""
        if sum(self.covered) > _OFTEN * len(self.covered):
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
        self._moments: deque[_Moment] = deque()
        self._left: dict[int, Left] = {}
        self._ownerless: dict[int, StillObject] = {}
        """As they were when no owner was found."""

    def update(self, sighting: Sighting) -> tuple[Left, ...]:
        """The objects that somebody carried there, while they stand, oldest first."""
        now = sighting.media_s
        if not math.isfinite(now):
            return ()
        if self._moments and now < self._moments[-1].media_s:
            self._moments.clear()
            self._left, self._ownerless = {}, {}
        self._remember(sighting)
        standing = {thing.id: thing for thing in sighting.still_objects[:_MOST_LEFT]}
        self._left = {key: left for key, left in self._left.items() if key in standing}
        self._ownerless = {k: thing for k, thing in self._ownerless.items() if k in standing}
        for key, thing in standing.items():
            left = self._left.get(key)
            if left is not None and _is_same(left.begun, thing):
                left.object = thing
                _follow(left, self._moments[-1], sighting.aspect)
            elif key not in self._ownerless or not _is_same(self._ownerless[key], thing):
                self._begin(thing, sighting.aspect)
        return tuple(self._left.values())

    def _remember(self, sighting: Sighting) -> None:
        tracks = (t for t in sighting.tracks if t.label in self._carriers)
        telling = (
            d
            for d in sighting.detections
            if d.confidence >= _WEAK and d.label in LIVING | VEHICLES and _sound(d.box)
        )
        moment = _Moment(
            sighting.media_s,
            tuple(track for track in tracks if _sound(track.box))[:_MOST_SEEN],
            tuple(telling)[:_MOST_SEEN],
        )
        self._moments.append(moment)
        while moment.media_s - self._moments[0].media_s > _REMEMBER_S:
            self._moments.popleft()

    def _begin(self, thing: StillObject, aspect: float) -> None:
        """The object is told of some seconds after it showed: see what happened meanwhile."""
        owners = self._owners_of(thing, aspect)
        if not owners:
            self._left.pop(thing.id, None)
            self._ownerless[thing.id] = thing
            return
        by_id = {owner.track.id: owner for owner in owners}
        self._ownerless.pop(thing.id, None)
        left = Left(thing, thing, by_id, attended_s=thing.since_s)
        self._left[thing.id] = left
        for moment in self._moments:
            if moment.media_s >= thing.since_s:
                _follow(left, moment, aspect)

    def _owners_of(self, thing: StillObject, aspect: float) -> list[Owner]:
        """Who was nearest when the object showed, and who else was right there."""
        near: dict[int, tuple[float, float, Owner]] = {}
        for moment in self._moments:
            late_s = moment.media_s - thing.since_s
            if not -_BEFORE_S <= late_s <= _AFTER_S:
                continue
            for track in moment.tracks:
                if thing.box.area > _LARGEST * track.box.area:
                    continue
                gap = _gap(thing.box, track.box, aspect)
                owner = Owner(track, moment.media_s, track.box, likeliest=False)
                known = near.setdefault(track.id, (math.inf, math.inf, owner))
                together = gap if abs(late_s) <= _TOGETHER_S else math.inf
                rank = gap + _OLD * max(0.0, -late_s) if gap <= _REACH else math.inf
                whole = track.seen and not _ends_outside(track.box)
                if rank < known[0] and (whole or track.box.h > known[2].near.h):
                    known[2].near = track.box
                known[2].track, known[2].last_s = track, moment.media_s
                near[track.id] = min(rank, known[0]), min(together, known[1]), known[2]
        order = sorted(near.values(), key=lambda one: one[0])[:_MOST_OWNERS]
        if not order or order[0][0] == math.inf:
            return []
        order[0][2].likeliest = True
        return [owner for _, together, owner in order if owner.likeliest or together <= _TOGETHER]


def _is_same(one: StillObject, other: StillObject) -> bool:
    """Whether an object has kept the outline and the time by which its owners were found."""
    return one.since_s == other.since_s and one.box.iou(other.box) >= _SAME


def _follow(left: Left, moment: _Moment, aspect: float) -> None:
    """Take in where the owners were, and who covered the object, in one frame."""
    for key, owner in list(left.owners.items()):
        again = [t for t in moment.tracks if t.id == key or _is_again(owner, t, left, moment)]
        if not again:
            # Who was last seen where the picture ends walked out of it.
            owner.away |= moment.media_s - owner.last_s > _LOST_S and _ends_outside(owner.track.box)
            continue
        del left.owners[key]
        owner.track, owner.last_s = again[0], moment.media_s
        left.owners[again[0].id] = owner
        if _gap(left.object.box, again[0].box, aspect) > _LEFT:
            owner.away, owner.back_s = True, math.inf
            continue
        owner.back_s = min(owner.back_s, moment.media_s)
        if not owner.away or (owner.likeliest and moment.media_s - owner.back_s >= _BACK_S):
            if again[0].seen and not _ends_outside(again[0].box):
                owner.near = again[0].box
            left.attended_s = max(left.attended_s, moment.media_s)
    height = max(owner.near.h for owner in left.owners.values())
    # Who walked away is not what stands there; who was lost there may be.
    least = _SURE if all(owner.away for owner in left.owners.values()) else _WEAK
    telling = [d for d in moment.detections if d.confidence >= least]
    covers = any(_covers(d, left.object, height, aspect) for d in telling)
    if covers:
        left.covered_s = moment.media_s
    # Whoever hides the object says nothing about what it is.
    if left.object.seen:
        left.covered.append(covers)


def _is_again(owner: Owner, track: Track, left: Left, moment: _Moment) -> bool:
    """Whether `track` is an owner whose own track was lost a moment ago."""
    last = owner.track.box
    return (
        not owner.away
        and track.id not in left.owners
        and track.label == owner.track.label
        and owner.last_s < moment.media_s <= owner.last_s + _AGAIN_S
        and track.first_s >= owner.last_s
        and math.dist(track.box.foot, last.foot) <= _AGAIN_HEIGHTS * last.h
    )


def _covers(detection: Detection, thing: StillObject, height: float, aspect: float) -> bool:
    """Whether somebody, or a vehicle, of a size that fits an owner's `height` is at `thing`."""
    who, box = detection.box, thing.box
    extent = max(who.h, who.w * aspect)
    if detection.label in VEHICLES:
        return extent >= _AS_LONG * height and who.iou(box) >= 0.3
    if detection.label not in LIVING or extent < _AS_TALL * height:
        return False
    if thing.around < _AROUND and box.h < _HIMSELF * who.h:
        return False
    across = min(who.right, box.right) - max(who.x, box.x)
    down = min(who.bottom, box.bottom) - max(who.y, box.y)
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


def _ends_outside(box: Box) -> bool:
    """Whether somebody was cut off by the border of the picture."""
    least, most = _BORDER, 1 - _BORDER
    return box.x <= least or box.right >= most or box.bottom >= most or box.y <= least


def _sound(box: Box) -> bool:
    numbers = (box.x, box.y, box.w, box.h)
    return all(map(math.isfinite, numbers)) and max(map(abs, numbers)) <= 10 and box.h > 0
