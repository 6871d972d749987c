"""Fire and smoke: a place that keeps burning or smoking, seen by the network again and again.

One picture proves nothing: brake lights, sunsets and vests look like fire now and then. A place
must be seen burning for most of the rule's seconds, stay rooted where it is, and flicker; smoke
must spread as well. What moves across the picture is neither, nor is a part of a person: moving
skin is warm and bright. So a burning person alarms only once the fire is larger than that.

Both types are experimental: what they reach and miss stands in the accuracy reference.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

from edge_agent.rules.episode import Episodes, Subject
from edge_agent.rules.geometry import inside
from edge_agent.rules.persons import SURE, bodies, within
from edge_agent.rules.schedule import Schedule
from edge_agent.scene import Box, Finding, FireRegion, Sighting
from wire.camera_rules import RuleSpec, ZoneSpec

_MOST_REGIONS: Final = 12
"""Regions of a frame that are looked at, the surest ones: bounds a frame's time."""

_WORN: Final = 0.5
"""The share of a region within a person from which on it is skin or clothes."""

_MOST_PLACES: Final = 12
_MOST_LOOKS: Final = 150


@dataclass(frozen=True, slots=True)
class Demands:
    """What makes a place one that burns or smokes."""

    sure: float
    """The network's confidence from which on a look speaks for it."""
    strength: float
    """The least of what colour and time say: flicker goes on in a fire, and dies away where
    somebody only passed."""
    share: float
    """The share of the time in which looks must speak for it."""
    drift: float
    """How far its root may move in the rule's seconds, in its own sizes."""
    growth: float
    """How much larger it must have become, or ..."""
    large: float
    """... the share of the frame that it must cover."""
    lost_s: float
    """Time without a look that speaks for it after which it is forgotten."""


FIRE: Final = Demands(
    sure=0.65, strength=0.4, share=0.5, drift=1.0, growth=0.0, large=0.0, lost_s=2.5
)
SMOKE: Final = Demands(
    sure=0.6, strength=0.0, share=0.6, drift=1.5, growth=1.3, large=0.12, lost_s=3.0
)
"""Chosen on compositions and hard negatives of the training groups and scenes."""


@dataclass(frozen=True, slots=True)
class _Look:
    at_s: float
    region: FireRegion | None
    """None for a frame that did not show the place."""


@dataclass(slots=True)
class _Place:
    """Where something may burn, and what was seen of it."""

    box: Box
    since_s: float
    sure_s: float
    looks: deque[_Look] = field(default_factory=lambda: deque(maxlen=_MOST_LOOKS))


class Burning:
    """Opens when a place burns (or smokes, by the rule's type) for the rule's seconds."""

    def __init__(self, spec: RuleSpec, zone: ZoneSpec | None, schedule: Schedule) -> None:
        self.id = spec.id
        self._spec = spec
        self._kind: Literal["fire", "smoke"] = "smoke" if spec.type == "smoke" else "fire"
        self._demands = SMOKE if self._kind == "smoke" else FIRE
        self._polygon = None if zone is None else zone.polygon
        self._schedule = schedule
        self._episodes = Episodes(spec)
        self._places: list[_Place] = []
        self._now = -math.inf

    def update(self, sighting: Sighting) -> tuple[Finding, ...]:
        """What there is to say about this frame."""
        now = sighting.media_s
        if not math.isfinite(now):
            return ()
        if now <= self._now:
            self._places = []
        self._now = now
        self._follow(self._seen(sighting), now)
        subjects = [
            Subject(place.since_s, _confidence(place), None, place.box)
            for place in self._places
            if self._burns(place, now)
        ]
        return self._episodes.step(subjects, now, armed=self._schedule.armed(sighting.wall))

    def _seen(self, sighting: Sighting) -> list[FireRegion]:
        """The regions of this rule's kind and zone that are nobody's, the surest first."""
        people = [
            body.detection.box
            for body in bodies(sighting.detections, sighting.aspect)
            if body.detection.confidence >= SURE
        ]
        found = [
            region
            for region in sighting.burning
            if region.kind == self._kind
            and _sound(region)
            and region.box.h >= self._spec.min_height
            and (self._polygon is None or inside(region.box.foot, self._polygon))
            and not any(_part_of(region.box, person) for person in people)
        ]
        found.sort(key=lambda region: -region.confidence)
        return found[:_MOST_REGIONS]

    def _follow(self, regions: list[FireRegion], now: float) -> None:
        free = list(regions)
        for place in self._places:
            near = [region for region in free if _same(region.box, place.box)]
            best = max(near, key=lambda region: region.confidence, default=None)
            place.looks.append(_Look(now, best))
            if best is not None:
                free = [region for region in free if region not in near]
                place.box = best.box
                if self._speaks(best):
                    place.sure_s = now
        lost_s = self._demands.lost_s
        self._places = [place for place in self._places if now - place.sure_s <= lost_s]
        for region in free:
            if self._speaks(region) and len(self._places) < _MOST_PLACES:
                place = _Place(region.box, now, now)
                place.looks.append(_Look(now, region))
                self._places.append(place)

    def _burns(self, place: _Place, now: float) -> bool:
        seconds, asked = self._spec.lasting_s, self._demands
        if now - place.since_s < seconds:
            return False
        looks = [look for look in place.looks if look.at_s >= now - seconds - 1e-9]
        sure = [look.region for look in looks if look.region and self._speaks(look.region)]
        if len(sure) < 3 or self._share(looks) < asked.share:
            return False
        third = max(1, len(sure) // 3)
        before, after = _middle(sure[:third]), _middle(sure[-third:])
        size = max(math.sqrt(before.area), math.sqrt(after.area))
        if math.dist(before.foot, after.foot) > asked.drift * size:
            return False
        first = next(look.region for look in place.looks if look.region is not None)
        grown = after.area >= asked.growth * first.box.area
        return grown or after.area >= asked.large

    def _speaks(self, region: FireRegion) -> bool:
        """Whether one look speaks for a fire (or smoke)."""
        asked = self._demands
        return region.confidence >= asked.sure and region.strength >= asked.strength

    def _share(self, looks: Sequence[_Look]) -> float:
        """The share of the time between the first and last look in which the place burnt."""
        burning = total = 0.0
        for a, b in pairwise(looks):
            span = b.at_s - a.at_s
            total += span
            if b.region is not None and self._speaks(b.region):
                burning += span
        return burning / total if total > 0 else 0.0


def _confidence(place: _Place) -> float:
    return max(look.region.confidence for look in place.looks if look.region is not None)


def _middle(regions: Sequence[FireRegion]) -> Box:
    """The mean box."""
    count = len(regions)
    boxes = [region.box for region in regions]
    return Box(
        sum(b.x for b in boxes) / count,
        sum(b.y for b in boxes) / count,
        sum(b.w for b in boxes) / count,
        sum(b.h for b in boxes) / count,
    )


def _same(a: Box, b: Box) -> bool:
    """Whether two boxes show one place: the smaller lies to a third in the larger."""
    width = min(a.right, b.right) - max(a.x, b.x)
    height = min(a.bottom, b.bottom) - max(a.y, b.y)
    if width <= 0 or height <= 0:
        return False
    return width * height >= 0.33 * min(a.area, b.area)


def _part_of(box: Box, person: Box) -> bool:
    """Whether a region is somebody's bare arm or waving shirt rather than a fire."""
    return within(box, person) >= _WORN and box.area < 0.5 * person.area


def _sound(region: FireRegion) -> bool:
    """Whether a region's numbers are numbers, and its box one in a picture."""
    box = region.box
    numbers = (box.x, box.y, box.w, box.h, region.confidence, region.strength)
    return all(map(math.isfinite, numbers)) and max(map(abs, numbers)) <= 10 and box.w > 0 < box.h
