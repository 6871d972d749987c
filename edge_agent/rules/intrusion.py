"""Intrusion: somebody's whole body is inside a zone where nobody should be."""

from __future__ import annotations

from typing import Final

from edge_agent.rules.episode import Episodes, Subject
from edge_agent.rules.geometry import inside, stance
from edge_agent.rules.presence import ZonePresence
from edge_agent.rules.schedule import Schedule
from edge_agent.scene import Box, Finding, Sighting
from wire.camera_rules import RuleSpec, ZoneSpec

_SIGHTINGS: Final = 2
"""Frames with the whole body inside before the alarm: one alone may be a box that jumped."""


class Intrusion:
    """Opens when a body stands wholly in the zone, closes when the zone is empty again."""

    def __init__(self, spec: RuleSpec, zone: ZoneSpec, schedule: Schedule) -> None:
        self.id = spec.id
        self._spec = spec
        self._polygon = zone.polygon
        self._schedule = schedule
        self._presence = ZonePresence(self._wholly_inside, self._partly_inside)
        self._episodes = Episodes(spec)

    def update(self, sighting: Sighting) -> tuple[Finding, ...]:
        """What there is to say about this frame."""
        heeded = [track for track in sighting.tracks if track.label in self._spec.labels]
        present = self._presence.update(heeded, sighting.media_s, sighting.aspect)
        subjects = [
            Subject(stay.since_s, stay.track.confidence, stay.track, stay.track.box)
            for stay in present
            if stay.sightings >= _SIGHTINGS
        ]
        armed = self._schedule.armed(sighting.wall)
        return self._episodes.step(subjects, sighting.media_s, armed=armed)

    def _wholly_inside(self, box: Box) -> bool:
        """All of the stance: the body's place on the ground, as far as one camera can tell."""
        tall_enough = box.h >= self._spec.min_height
        return tall_enough and all(inside(point, self._polygon) for point in stance(box))

    def _partly_inside(self, box: Box) -> bool:
        return any(inside(point, self._polygon) for point in stance(box))
