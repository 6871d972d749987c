"""Fall: somebody who stood collapses and stays down.

The detector knows upright people well and lying ones badly: it is sure of hardly half of them, but
sees nearly all when weak detections count. So weak ones count here, near somebody only who stood
there a moment ago. The head must come down fast and far, the body must stay down, and a look at its
posture holds the alarm back while somebody only bends, squats or sits.
"""

from __future__ import annotations

import math
from typing import Final

from edge_agent.rules.episode import Episodes, Subject
from edge_agent.rules.fall_body import Fallen, lies, near, part_of, track_of, weight
from edge_agent.rules.fall_clutter import Clutter
from edge_agent.rules.fall_posture import judge
from edge_agent.rules.geometry import inside
from edge_agent.rules.persons import SURE, Body, Person, StandingPeople, bodies, centre, within
from edge_agent.rules.schedule import Schedule
from edge_agent.scene import Finding, Sighting
from wire.camera_rules import RuleSpec, ZoneSpec

COLLAPSE_S: Final = 1.2
"""The longest from the last upright sight to the first one lying: slower is lying down."""

_PRESENT: Final = 0.7
"""The share of frames in which the body must be seen lying: the detector loses some."""

_RISEN_S: Final = 0.6
"""How long somebody must stand there, and nobody lie, before the fall is called off."""

_LOST_S: Final = 1.5
"""Time without a sight of the body after which the fall is called off."""

_KNOWN: Final = 2
"""Frames that must show somebody upright before a fall is theirs."""

_MOST_FALLEN: Final = 20


class Fall:
    """Opens when a fallen body stays down for the rule's seconds, closes when it is up or gone."""

    def __init__(self, spec: RuleSpec, zone: ZoneSpec | None, schedule: Schedule) -> None:
        self.id = spec.id
        self._spec = spec
        self._polygon = None if zone is None else zone.polygon
        self._schedule = schedule
        self._episodes = Episodes(spec)
        self._now = -math.inf
        self._start_afresh()

    def update(self, sighting: Sighting) -> tuple[Finding, ...]:
        """What there is to say about this frame."""
        now = sighting.media_s
        if not math.isfinite(now):
            return ()
        if now <= self._now:
            self._start_afresh()
        self._now = now
        seen = bodies(sighting.detections, sighting.aspect)
        upright = [b for b in seen if b.upright and b.detection.confidence >= SURE]
        self._follow(seen, upright, sighting)
        self._standing.update(upright, now)
        self._begin(seen, upright, sighting)
        others = [b for b in seen if not any(fallen.reaches(b) for fallen in self._fallen)]
        self._clutter.update(others, now)
        subjects = [
            Subject(fallen.since_s, fallen.confidence, fallen.track, fallen.body.detection.box)
            for fallen in self._fallen
            if self._alarming(fallen) and fallen.last_s == now
        ]
        armed = self._schedule.armed(sighting.wall)
        return self._episodes.step(subjects, now, armed=armed)

    def _start_afresh(self) -> None:
        self._standing = StandingPeople(COLLAPSE_S)
        self._clutter = Clutter()
        self._fallen: list[Fallen] = []

    def _follow(self, seen: list[Body], upright: list[Body], sighting: Sighting) -> None:
        """See who still lies, who rose and who is gone."""
        now = sighting.media_s
        kept = []
        for fallen in self._fallen:
            fallen.frames += 1
            low = [
                body
                for body in seen
                if lies(body.square, fallen.height, fallen.top)
                and fallen.reaches(body)
                and not part_of(body, upright)
                and not self._clutter.holds(body, fallen.since_s)
            ]
            if low:
                fallen.body = max(low, key=lambda b: weight(b, fallen.height))
                fallen.sightings += 1
                fallen.last_s, fallen.risen_s = now, None
                if not fallen.alarmed:
                    self._look(fallen, sighting)
            elif any(fallen.rises(body) for body in upright):
                fallen.risen_s = now if fallen.risen_s is None else fallen.risen_s
            risen = fallen.risen_s is not None and now - fallen.risen_s >= _RISEN_S
            if not risen and now - fallen.last_s <= _LOST_S:
                kept.append(fallen)
        self._fallen = kept

    def _begin(self, seen: list[Body], upright: list[Body], sighting: Sighting) -> None:
        """Look for those who stood a moment ago and whose place shows a lying body now."""
        now = sighting.media_s
        for person in list(self._standing.people):
            if person.last_s == now or person.sightings < _KNOWN:
                continue
            if person.height < self._spec.min_height:
                continue
            if len(self._fallen) >= _MOST_FALLEN:
                break
            low = [body for body in seen if self._may_be(body, person, upright)]
            if low:
                self._standing.forget(person)
                body = max(low, key=lambda b: weight(b, person.height))
                fallen = Fallen.of(person, body, now)
                self._look(fallen, sighting)
                self._fallen.append(fallen)

    def _may_be(self, body: Body, person: Person, upright: list[Body]) -> bool:
        """Whether `body` may be `person`, lying now."""
        return (
            lies(body.square, person.height, person.top)
            and near(body.square, person.square, person.height)
            and (self._polygon is None or inside(centre(body.detection.box), self._polygon))
            and not part_of(body, upright)
            and not self._clutter.holds(body, person.last_s)
            and not any(within(body.square, f.body.square) > 0.5 for f in self._fallen)
        )

    def _look(self, fallen: Fallen, sighting: Sighting) -> None:
        pose = sighting.look.pose(fallen.body.detection.box)
        ground = fallen.stood.bottom
        fallen.verdicts.append(judge(pose, sighting.aspect, fallen.height, ground))
        fallen.track = track_of(fallen.body, sighting.tracks) or fallen.track

    def _alarming(self, fallen: Fallen) -> bool:
        """Whether the fall has lasted, and goes on; once said, the posture is asked no more."""
        long_enough = fallen.last_s - fallen.down_s >= self._spec.lasting_s
        fallen.alarmed = fallen.alarmed or (
            long_enough and fallen.presence >= _PRESENT and not fallen.held_up
        )
        return fallen.alarmed
