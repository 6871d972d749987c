"""Loitering: somebody stays in a zone for longer than passing through takes."""

from __future__ import annotations

from edge_agent.rules.episode import Episodes, Subject
from edge_agent.rules.geometry import inside, stance
from edge_agent.rules.presence import ZonePresence
from edge_agent.rules.schedule import Schedule
from edge_agent.scene import Box, Finding, Sighting
from wire.camera_rules import RuleSpec, ZoneSpec


class Loitering:
    """Opens when a stay reaches the rule's seconds, closes when nobody lingers any more."""

    def __init__(self, spec: RuleSpec, zone: ZoneSpec, schedule: Schedule) -> None:
        self.id = spec.id
        self._spec = spec
        self._polygon = zone.polygon
        self._schedule = schedule
        self._presence = ZonePresence(self._stands_inside, self._stands_inside)
        self._episodes = Episodes(spec)

    def update(self, sighting: Sighting) -> tuple[Finding, ...]:
        """What there is to say about this frame."""
        heeded = [track for track in sighting.tracks if track.label in self._spec.labels]
        subjects = [
            Subject(stay.since_s, stay.track.confidence, stay.track, stay.track.box)
            for stay in self._presence.update(heeded, sighting.media_s, sighting.aspect)
            if stay.stayed_s >= self._spec.lasting_s
        ]
        armed = self._schedule.armed(sighting.wall)
        return self._episodes.step(subjects, sighting.media_s, armed=armed)

    def _stands_inside(self, box: Box) -> bool:
        return box.h >= self._spec.min_height and inside(stance(box)[1], self._polygon)
