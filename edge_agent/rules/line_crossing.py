"""Line crossing: somebody's feet pass a line in a direction that counts.

A crossing is told when the feet are clear of the line on its other side, so that who stands on it
and sways tells nothing, and only if the way there led through the line and not around its end. Each
crossing is a finding of its own that is over at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from edge_agent.rules.following import Following
from edge_agent.rules.geometry import from_segment, passes, squared, stance, usable
from edge_agent.rules.schedule import Schedule
from edge_agent.scene import Finding, Phase, Point, Sighting, Track
from wire.camera_rules import Crossing, LineSpec, RuleSpec

_CLEAR: Final = 0.12
"""How far from the line the feet must be to be clear of it, in heights of the box: about a foot's
length, more than a box trembles."""

_AGAIN_S: Final = 3.0
"""The time in which one object cannot cross a second time the same way: it dithers."""


@dataclass(slots=True)
class _Path:
    """How one object came along."""

    at: Point | None = None
    net: int = 0
    """Passes from left to right less those from right to left since it was last clear."""
    passed_s: float = 0.0
    told_s: dict[Crossing, float] = field(default_factory=dict)


class LineCrossing:
    """Tells each crossing once, with an opening and a closing at the same moment."""

    def __init__(self, spec: RuleSpec, line: LineSpec, schedule: Schedule) -> None:
        self.id = spec.id
        self._spec = spec
        self._line = line.points
        self._counts = spec.direction or "both"
        self._schedule = schedule
        self._following = Following(_Path)
        self._number = 0
        self._now = self._told_s = -math.inf

    def update(self, sighting: Sighting) -> tuple[Finding, ...]:
        """What there is to say about this frame."""
        now = sighting.media_s
        if not (math.isfinite(now) and usable(sighting.aspect)):
            return ()
        if now < self._now:
            self._told_s = -math.inf
        self._now = now
        line = [squared(point, sighting.aspect) for point in self._line]
        armed = self._schedule.armed(sighting.wall)
        said: list[Finding] = []
        heeded = [track for track in sighting.tracks if track.label in self._spec.heeded]
        for track, path in self._following.update(heeded, now, sighting.aspect):
            crossed = self._step(path, track, line, sighting.aspect)
            if crossed is None or not armed or track.box.h < self._spec.min_height:
                continue
            if self._counts in ("both", crossed) and now - self._told_s >= self._spec.rest_s:
                said += self._tell(track, path.passed_s)
        if said:
            self._told_s = now
        return tuple(said)

    def _step(
        self, path: _Path, track: Track, line: Sequence[Point], aspect: float
    ) -> Crossing | None:
        """Take one more place into `path`; the crossing that it completes, if any."""
        feet = squared(stance(track.box)[1], aspect)
        before, path.at = path.at, feet
        if before is not None:
            passed = sum(passes(before, feet, a, b) for a, b in pairwise(line))
            if passed:
                path.net += passed
                path.passed_s = self._now
        if min(from_segment(feet, a, b) for a, b in pairwise(line)) < _CLEAR * track.box.h:
            return None
        net, path.net = path.net, 0
        if not net:
            return None
        crossed: Crossing = "left_to_right" if net > 0 else "right_to_left"
        again = self._now - path.told_s.get(crossed, -math.inf) < _AGAIN_S
        path.told_s[crossed] = self._now
        return None if again else crossed

    def _tell(self, track: Track, passed_s: float) -> list[Finding]:
        self._number += 1
        phases: tuple[Phase, Phase] = ("open", "close")
        return [
            Finding(
                key=str(self._number),
                rule=self._spec.id,
                type=self._spec.type,
                phase=phase,
                start_s=passed_s,
                alarm_s=self._now,
                end_s=self._now if phase == "close" else None,
                confidence=track.confidence,
                severity=self._spec.graded,
                zone=None,
                tracks=(track,),
                box=track.box,
            )
            for phase in phases
        ]
