"""Crowd: many people are in a zone at a time, and stay."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from edge_agent.rules.episode import Episodes, Subject
from edge_agent.rules.geometry import inside, sound, stance
from edge_agent.rules.presence import Presence, ZonePresence
from edge_agent.rules.schedule import Schedule
from edge_agent.scene import Box, Finding, Sighting
from wire.camera_rules import RuleSpec, ZoneSpec

_GRACE_S: Final = 1.0
"""How long somebody not seen still counts: in a crowd people hide each other all the time."""

_DIP_S: Final = 1.0
"""How long the number may be short before the time starts again."""

_KEPT: Final = 0.8
"""The share of the number that keeps a crowd a crowd: on the border it does not come and go."""


class Crowd:
    """Opens when the rule's number of people has been in the zone for its seconds."""

    def __init__(self, spec: RuleSpec, zone: ZoneSpec, schedule: Schedule) -> None:
        self.id = spec.id
        self._spec = spec
        self._polygon = zone.polygon
        self._schedule = schedule
        self._presence = ZonePresence(self._stands_inside, self._stands_inside, grace_s=_GRACE_S)
        self._episodes = Episodes(spec)
        self._kept = min(spec.crowd - 1, math.ceil(_KEPT * spec.crowd))
        self._since_s: float | None = None
        self._full_s = self._now = -math.inf
        self._is_crowd = False

    def update(self, sighting: Sighting) -> tuple[Finding, ...]:
        """What there is to say about this frame."""
        now = sighting.media_s
        if not math.isfinite(now):
            return ()
        if now < self._now:
            self._since_s, self._is_crowd = None, False
        self._now = now
        heeded = [
            track
            for track in sighting.tracks
            if track.label in self._spec.heeded
            and sound(track.box)
            and math.isfinite(track.confidence)
        ]
        stays = self._presence.update(heeded, now, sighting.aspect)
        self._judge(len(stays))
        armed = self._schedule.armed(sighting.wall)
        return self._episodes.step(self._subjects(stays), now, armed=armed)

    def _judge(self, people: int) -> None:
        now = self._now
        if people >= self._spec.crowd:
            self._since_s = now if self._since_s is None else self._since_s
            self._full_s = now
            self._is_crowd = self._is_crowd or now - self._since_s >= self._spec.lasting_s - 1e-6
        elif people < self._kept or (not self._is_crowd and now - self._full_s > _DIP_S):
            self._since_s, self._is_crowd = None, False

    def _subjects(self, stays: Sequence[Presence]) -> list[Subject]:
        """Everybody, framed together, as sure as the one is whom the number hangs on."""
        if not self._is_crowd or self._since_s is None or not stays:
            return []
        tracks = [stay.track for stay in stays]
        confidences = sorted((track.confidence for track in tracks), reverse=True)
        sure = confidences[min(self._spec.crowd, len(confidences)) - 1]
        around = _around([track.box for track in tracks])
        return [Subject(self._since_s, sure, track, around) for track in tracks]

    def _stands_inside(self, box: Box) -> bool:
        return box.h >= self._spec.min_height and inside(stance(box)[1], self._polygon)


def _around(boxes: Sequence[Box]) -> Box:
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right, bottom = max(box.right for box in boxes), max(box.bottom for box in boxes)
    return Box(left, top, right - left, bottom - top)
