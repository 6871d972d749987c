"""Fight: two people close together whose arms move as no greeting or walk makes them move.

Experimental: no footage of fights was at hand, so nothing is known of what it finds and little of
what it takes for a fight. Sport, dance and play fighting will look like one. The evidence is how
fast the wrists and elbows of people who are within reach of each other move against their own
trunk, seen in their postures; without postures, how wildly their boxes change.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from edge_agent.rules.episode import Episodes, Subject
from edge_agent.rules.following import Following
from edge_agent.rules.geometry import feet_apart, inside, squared, stance, usable
from edge_agent.rules.schedule import Schedule
from edge_agent.scene import Box, Finding, Point, Pose, Sighting, Track
from wire.camera_rules import RuleSpec, ZoneSpec

_ARMS: Final = (7, 8, 9, 10)
_TRUNK: Final = (5, 6, 11, 12)
_SURE: Final = 0.3
"""The least confidence of a body point: MoveNet's authors draw points from here on."""

_REACH: Final = 0.8
"""How far apart two people may stand to hit each other, in heights of the taller."""

_FAST: Final = 1.6
"""Speed of an arm against the trunk, in body heights a second: a walking arm swings at 0.9."""

_WILD: Final = 2.0
"""Change of a box's edges against its middle, in heights a second, where no posture is known."""

_LONGEST_STEP_S: Final = 0.6
"""Two looks further apart than this say nothing about speed."""

_SHARE: Final = 0.4
"""The share of the looks at a pair that must be violent."""

_LEAST_LOOKS: Final = 5
_MOST_PEOPLE: Final = 12
_MOST_PLACES: Final = 10
_MOST_LOOKS: Final = 300


@dataclass(slots=True)
class _Body:
    """How somebody was last seen."""

    at_s: float = -math.inf
    arms: dict[int, Point] = field(default_factory=dict)
    box: Box | None = None


@dataclass(slots=True)
class _Place:
    """Where two people are within reach of each other, and whether each look was violent."""

    box: Box
    looks: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=_MOST_LOOKS))


class Fight:
    """Opens when the looks at a pair have been violent often enough for the rule's seconds."""

    def __init__(self, spec: RuleSpec, zone: ZoneSpec | None, schedule: Schedule) -> None:
        self.id = spec.id
        self._spec = spec
        self._polygon = None if zone is None else zone.polygon
        self._schedule = schedule
        self._following = Following(_Body)
        self._episodes = Episodes(spec)
        self._places: list[_Place] = []
        self._now = -math.inf

    def update(self, sighting: Sighting) -> tuple[Finding, ...]:
        """What there is to say about this frame."""
        now = sighting.media_s
        if not (math.isfinite(now) and usable(sighting.aspect)):
            return ()
        if now < self._now:
            self._places = []
        self._now = now
        heeded = [track for track in sighting.tracks if self._concerns(track)]
        people = self._following.update(heeded, now, sighting.aspect)[:_MOST_PEOPLE]
        pairs = [
            (one, other)
            for one, other in combinations(people, 2)
            if _within_reach(one[0].box, other[0].box, sighting.aspect)
        ]
        close = {track.id for pair in pairs for track, _ in pair}
        violent = {
            track.id
            for track, body in people
            if track.id in close and self._moves_violently(body, track, sighting)
        }
        subjects = []
        for (one, _), (other, _) in pairs:
            hits = one.id in violent or other.id in violent
            place = self._look(_both(one.box, other.box), hits=hits)
            if place is not None and self._fights(place):
                since_s = next(at for at, hit in place.looks if hit)
                sure = min(one.confidence, other.confidence)
                subjects += [Subject(since_s, sure, track, place.box) for track in (one, other)]
        self._forget()
        armed = self._schedule.armed(sighting.wall)
        return self._episodes.step(subjects, now, armed=armed)

    def _concerns(self, track: Track) -> bool:
        box = track.box
        return (
            track.label in self._spec.heeded
            and box.h >= self._spec.min_height
            and (self._polygon is None or inside(stance(box)[1], self._polygon))
        )

    def _moves_violently(self, body: _Body, track: Track, sighting: Sighting) -> bool:
        """Whether arms, or without a posture the box, moved faster than in everyday life."""
        now, box, aspect = self._now, track.box, sighting.aspect
        arms = _arms(sighting.look.pose(box), aspect)
        elapsed = now - body.at_s
        before, body.arms = body.arms, arms
        last, body.box = body.box, box
        body.at_s = now
        if not 0 < elapsed <= _LONGEST_STEP_S or last is None:
            return False
        both = before.keys() & arms.keys()
        if both:
            fastest = max(math.dist(before[key], arms[key]) for key in both)
            return fastest / box.h / elapsed >= _FAST
        across, down = (box.w - last.w) * aspect / 2, (box.h - last.h) / 2
        return max(abs(across), abs(down)) / box.h / elapsed >= _WILD

    def _look(self, box: Box, *, hits: bool) -> _Place | None:
        near = [place for place in self._places if place.box.iou(box) > 0.2]
        place = max(near, key=lambda known: known.box.iou(box), default=None)
        if place is None:
            if len(self._places) >= _MOST_PLACES:
                return None
            place = _Place(box)
            self._places.append(place)
        place.box = box
        if place.looks and place.looks[-1][0] == self._now:
            place.looks[-1] = (self._now, hits or place.looks[-1][1])
        else:
            place.looks.append((self._now, hits))
        return place

    def _fights(self, place: _Place) -> bool:
        lasting_s = self._spec.lasting_s
        looks = [(at, hit) for at, hit in place.looks if self._now - at <= lasting_s + 1e-6]
        hits = [at for at, hit in looks if hit]
        lasted = self._now - place.looks[0][0] >= lasting_s - 1e-6
        # One blow is no fight, however few the looks are.
        spread = bool(hits) and hits[-1] - hits[0] >= 0.5 * lasting_s
        often = len(looks) >= _LEAST_LOOKS and len(hits) >= _SHARE * len(looks)
        return lasted and spread and often

    def _forget(self) -> None:
        old_s = max(_LONGEST_STEP_S, self._spec.lasting_s)
        kept = []
        for place in self._places:
            while place.looks and self._now - place.looks[0][0] > 2 * old_s:
                place.looks.popleft()
            if place.looks and self._now - place.looks[-1][0] <= 2.0:
                kept.append(place)
        self._places = kept


def _arms(pose: Pose | None, aspect: float) -> dict[int, Point]:
    """Elbows and wrists against the middle of the trunk, in heights of the picture."""
    if pose is None or len(pose.points) <= max(_TRUNK):
        return {}
    trunk = _sure(pose, _TRUNK, aspect)
    if len(trunk) < 3:
        return {}
    x = sum(point[0] for point in trunk.values()) / len(trunk)
    y = sum(point[1] for point in trunk.values()) / len(trunk)
    return {key: (at[0] - x, at[1] - y) for key, at in _sure(pose, _ARMS, aspect).items()}


def _sure(pose: Pose, which: Sequence[int], aspect: float) -> dict[int, Point]:
    points = {key: pose.points[key] for key in which}
    return {
        key: squared((point.x, point.y), aspect)
        for key, point in points.items()
        if point.confidence >= _SURE and math.isfinite(point.x) and math.isfinite(point.y)
    }


def _within_reach(a: Box, b: Box, aspect: float) -> bool:
    return feet_apart(a, b, aspect) <= _REACH


def _both(a: Box, b: Box) -> Box:
    left, top = min(a.x, b.x), min(a.y, b.y)
    return Box(left, top, max(a.right, b.right) - left, max(a.bottom, b.bottom) - top)
