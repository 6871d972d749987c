"""Tamper: the camera is covered, turned away, out of focus, in the dark, or its picture frozen.

What the pictures say is found in `edge_agent/sight/tamper.py`; here it must last, because a lorry
in front or a lamp that is switched passes.
"""

from __future__ import annotations

import math

from edge_agent.rules.episode import Episodes, Subject
from edge_agent.rules.schedule import Schedule
from edge_agent.scene import Finding, Sighting
from wire.camera_rules import RuleSpec


class Tamper:
    """Opens when a sign of tampering has lasted for the rule's seconds; says which kind it is."""

    def __init__(self, spec: RuleSpec, schedule: Schedule) -> None:
        self.id = spec.id
        self._spec = spec
        self._schedule = schedule
        self._episodes = Episodes(spec)

    def update(self, sighting: Sighting) -> tuple[Finding, ...]:
        """What there is to say about this frame."""
        now, sign = sighting.media_s, sighting.tamper
        if not math.isfinite(now):
            return ()
        subjects = []
        if (
            sign is not None
            and math.isfinite(sign.confidence)
            and now - sign.since_s >= self._spec.lasting_s - 1e-6
        ):
            subjects = [Subject(sign.since_s, sign.confidence, detail=sign.kind)]
        return self._episodes.step(subjects, now, armed=self._schedule.armed(sighting.wall))
