"""Abandonment: somebody leaves an object and is gone; and dumping, where vehicles may leave it too.

Any object counts, known to the detector or not. The alarm comes when none of its owners, who are
those nearest to it when it appeared, has been at the object for the rule's seconds. Things that
were taken away, shadows and parked vehicles raise none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from edge_agent.rules.geometry import inside
from edge_agent.rules.left_behind import Left, LeftObjects
from edge_agent.rules.schedule import Schedule
from edge_agent.scene import Box, Finding, Point, Sighting
from wire.camera_rules import RuleSpec, ZoneSpec

_SEEN_WITHIN_S: Final = 1.0
"""How lately the object must have been seen when the alarm is raised."""

_LINGER_S: Final = 3.0
"""How long a finding stays open without its object."""

_HEARTBEAT_S: Final = 60.0
"""The time between messages about an open finding."""

_PARTS: Final = 0.15
"""How far apart, in heights of their carrier, parts of one thing may show, about 25 cm."""

_CONFIDENCE: Final = 0.8
"""What an alarm is worth; less when the owner was never seen away from the object."""


@dataclass(slots=True)
class _Open:
    """A finding that goes on."""

    finding: Finding
    told_s: float
    present_s: float


class Abandonment:
    """One finding for each object: opens when it has been alone long enough, closes when gone."""

    def __init__(
        self,
        spec: RuleSpec,
        zone: ZoneSpec,
        schedule: Schedule,
        carriers: frozenset[str] = frozenset({"person"}),
    ) -> None:
        """`carriers` are the kinds of tracks that may leave an object."""
        self.id = spec.id
        self._spec = spec
        self._polygon = zone.polygon
        self._schedule = schedule
        self._left = LeftObjects(carriers)
        self._count = 0
        self._now = self._closed_s = -math.inf
        self._open: dict[int, _Open] = {}
        self._seen_s: dict[int, float] = {}

    def update(self, sighting: Sighting) -> tuple[Finding, ...]:
        """What there is to say about this frame."""
        now = sighting.media_s
        if not math.isfinite(now):
            return ()
        said: list[Finding] = []
        if now < self._now:
            said = [self._close(key) for key in list(self._open)]
            self._start_afresh()
        self._now = now
        left = {one.object.id: one for one in self._left.update(sighting)}
        if not self._schedule.armed(sighting.wall):
            return (*said, *(self._close(key) for key in list(self._open)))
        said += self._go_on(left)
        for key, one in left.items():
            if one.object.seen:
                self._seen_s[key] = now
            if key not in self._open and self._alarming(one, sighting.aspect):
                said.append(self._begin(one))
        self._seen_s = {key: moment for key, moment in self._seen_s.items() if key in left}
        return tuple(said)

    def _start_afresh(self) -> None:
        self._closed_s = -math.inf
        self._open, self._seen_s = {}, {}

    def _alarming(self, left: Left, aspect: float) -> bool:
        thing = left.object
        return (
            self._now - self._closed_s >= self._spec.cooldown_s
            and left.alone(self._now, self._spec.lasting_s)
            and self._now - self._seen_s.get(thing.id, -math.inf) < _SEEN_WITHIN_S
            and thing.box.h >= self._spec.min_height
            and not left.is_body
            and not left.is_trifle(aspect)
            and not self._told(left, aspect)
            and inside(thing.box.foot, self._polygon)
        )

    def _told(self, left: Left, aspect: float) -> bool:
        """Whether the object is a part of one, or beside one, that an open finding is about."""
        near = (_PARTS * left.height / aspect, _PARTS * left.height)
        return any(
            _touch(left.object.box, going.finding.box, near)
            for going in self._open.values()
            if going.finding.box is not None
        )

    def _begin(self, left: Left) -> Finding:
        self._count += 1
        finding = Finding(
            key=str(self._count),
            rule=self._spec.id,
            type=self._spec.type,
            phase="open",
            start_s=left.object.since_s,
            alarm_s=self._now,
            end_s=None,
            confidence=_CONFIDENCE if left.away else 0.75 * _CONFIDENCE,
            severity=self._spec.graded,
            zone=self._spec.zone,
            tracks=tuple(owner.track for owner in left.owners.values()),
            box=left.object.box,
        )
        self._open[left.object.id] = _Open(finding, self._now, self._now)
        return finding

    def _go_on(self, left: dict[int, Left]) -> list[Finding]:
        said = []
        for key, going in list(self._open.items()):
            heir = key if key in left else self._heir(going, left)
            if heir is not None:
                self._open[heir] = self._open.pop(key)
                going.present_s = self._now
                if self._now - going.told_s >= _HEARTBEAT_S:
                    going.told_s = self._now
                    said.append(replace(going.finding, phase="update"))
            elif self._now - going.present_s > _LINGER_S:
                said.append(self._close(key))
        return said

    def _heir(self, going: _Open, left: dict[int, Left]) -> int | None:
        """The object that an open finding is about when it got another outline, and an id."""
        box = going.finding.box
        for key, one in left.items():
            if key not in self._open and box is not None and _touch(one.object.box, box):
                return key
        return None

    def _close(self, key: int) -> Finding:
        going = self._open.pop(key)
        self._closed_s = self._now
        return replace(going.finding, phase="close", end_s=going.present_s)


def _touch(a: Box, b: Box, near: Point = (0.0, 0.0)) -> bool:
    """Whether two boxes overlap, or nearly do: by their size, or `near` across and down."""
    across = max(a.x, b.x) - min(a.right, b.right)
    down = max(a.y, b.y) - min(a.bottom, b.bottom)
    return across <= max(0.25 * min(a.w, b.w), near[0]) and down <= max(
        0.25 * min(a.h, b.h), near[1]
    )
