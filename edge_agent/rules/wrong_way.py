"""Wrong way: a vehicle, or somebody on foot, moves against the direction of a road.

The direction is the zone's arrow, or that of a line drawn along the road, which may bend. Only what
keeps moving against it counts: not who stands and sways, steps aside, or crosses the road.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from edge_agent.rules.episode import Episodes, Subject
from edge_agent.rules.following import Following
from edge_agent.rules.geometry import from_segment, inside, squared, stance, usable
from edge_agent.rules.schedule import Schedule
from edge_agent.scene import Box, Finding, Point, Sighting
from wire.camera_rules import LineSpec, RuleSpec, ZoneSpec

_FAR: Final = 0.75
"""How far back it must have moved, in its own sizes (the root of its area)."""

_ALONG: Final = 0.5
"""The least share of that way which must lead straight back: 60 degrees to either side."""

_WINDOW_S: Final = 4.0
"""The time in which it must do so, or twice the rule's seconds: slower is wandering about."""

_MOST_PLACES: Final = 200


@dataclass(frozen=True, slots=True)
class _Place:
    at_s: float
    point: Point
    forth: float
    """How far along the road it has come since it was first seen, in heights of the picture."""


@dataclass(slots=True)
class _Way:
    """The latest part of one object's way."""

    places: deque[_Place] = field(default_factory=lambda: deque(maxlen=_MOST_PLACES))


class WrongWay:
    """Opens when something has moved against the direction for the rule's seconds."""

    def __init__(
        self, spec: RuleSpec, zone: ZoneSpec | None, line: LineSpec | None, schedule: Schedule
    ) -> None:
        """The direction is the line's, else the zone's. Raises ValueError with neither."""
        self.id = spec.id
        self._spec = spec
        self._polygon = None if zone is None else zone.polygon
        arrow = line.points if line is not None else None if zone is None else zone.direction
        if arrow is None:
            raise ValueError(f"rule {spec.id!r}: neither a line nor the zone gives a direction")
        self._arrow: Sequence[Point] = arrow
        self._schedule = schedule
        self._following = Following(_Way)
        self._episodes = Episodes(spec)

    def update(self, sighting: Sighting) -> tuple[Finding, ...]:
        """What there is to say about this frame."""
        now = sighting.media_s
        if not (math.isfinite(now) and usable(sighting.aspect)):
            return ()
        arrow = [squared(point, sighting.aspect) for point in self._arrow]
        heeded = [track for track in sighting.tracks if track.label in self._spec.heeded]
        subjects = []
        for track, way in self._following.update(heeded, now, sighting.aspect):
            if track.box.h < self._spec.min_height or not self._stands_inside(track.box):
                way.places.clear()
                continue
            since_s = self._wrong_since(way, track.box, arrow, now, sighting.aspect)
            if since_s is not None:
                subjects.append(Subject(since_s, track.confidence, track, track.box))
        armed = self._schedule.armed(sighting.wall)
        return self._episodes.step(subjects, now, armed=armed)

    def _stands_inside(self, box: Box) -> bool:
        return self._polygon is None or inside(stance(box)[1], self._polygon)

    def _wrong_since(
        self, way: _Way, box: Box, arrow: Sequence[Point], now: float, aspect: float
    ) -> float | None:
        """Since when it has moved against `arrow`, if it has for long and far enough."""
        # The middle, not the feet: of a vehicle that drives into the picture, the lower edge of
        # what is seen stays at the picture's rim.
        point = squared((box.x + box.w / 2, box.y + box.h / 2), aspect)
        places = way.places
        forth = 0.0
        if places:
            x, y = _direction(point, arrow)
            last = places[-1]
            forth = last.forth + x * (point[0] - last.point[0]) + y * (point[1] - last.point[1])
        places.append(_Place(now, point, forth))
        window_s = max(_WINDOW_S, 2 * self._spec.lasting_s)
        while now - places[0].at_s > window_s:
            places.popleft()
        turned = max(reversed(places), key=lambda place: place.forth)
        back = turned.forth - forth
        far = _FAR * math.sqrt(box.w * aspect * box.h)
        straight = back >= _ALONG * math.dist(turned.point, point)
        lasted = now - turned.at_s >= self._spec.lasting_s - 1e-6
        return turned.at_s if back >= far and straight and lasted else None


def _direction(point: Point, arrow: Sequence[Point]) -> Point:
    """The unit vector of the part of `arrow` that is nearest to `point`."""
    a, b = min(pairwise(arrow), key=lambda part: from_segment(point, *part))
    length = math.dist(a, b)
    return ((b[0] - a[0]) / length, (b[1] - a[1]) / length)
