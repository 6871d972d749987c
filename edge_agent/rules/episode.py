"""One finding's life: it opens once, is updated now and then, and closes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_agent.scene import Box, Finding, Phase, Track
from wire.camera_rules import RuleSpec

LINGER_S: Final = 3.0
"""How long a finding stays open without a subject: people vanish behind posts and come back."""

NEWS_S: Final = 5.0
"""The least time between two messages about a subject that joined an open finding."""

HEARTBEAT_S: Final = 60.0
"""The time between messages about an open finding where nothing changed."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that meets the rule's condition now."""

    since_s: float
    """Media time when its part in it began."""
    confidence: float
    track: Track | None = None
    box: Box | None = None
    detail: str | None = None
    """What kind of it, where the rule's type has several."""


class Episodes:
    """Turns "these meet the condition now", frame after frame, into findings.

    All who meet a rule's condition at a time share one finding: what the operator needs to know is
    that the zone is entered, and by whom, not once more for every track.
    """

    def __init__(self, spec: RuleSpec) -> None:
        self._spec = spec
        self._count = 0
        self._open: Finding | None = None
        self._present_s = -math.inf
        self._told_s = -math.inf
        self._closed_s = -math.inf

    def step(
        self, subjects: Sequence[Subject], media_s: float, *, armed: bool
    ) -> tuple[Finding, ...]:
        """What there is to say at `media_s`; times that go backwards close what is open."""
        if media_s < self._present_s:
            said = self._close(self._present_s)
            self._present_s = self._told_s = self._closed_s = -math.inf
            return said
        if self._open is None:
            rested = media_s - self._closed_s >= self._spec.rest_s
            return self._begin(subjects, media_s) if subjects and armed and rested else ()
        if not armed:
            return self._close(media_s)
        if subjects:
            self._present_s = media_s
            return self._continue(self._open, subjects, media_s)
        if media_s - self._present_s > LINGER_S:
            return self._close(media_s)
        return ()

    def _begin(self, subjects: Sequence[Subject], media_s: float) -> tuple[Finding, ...]:
        self._count += 1
        start_s = min(subject.since_s for subject in subjects)
        self._present_s = self._told_s = media_s
        self._open = self._finding("open", subjects, start_s, media_s)
        return (self._open,)

    def _continue(
        self, known: Finding, subjects: Sequence[Subject], media_s: float
    ) -> tuple[Finding, ...]:
        names = {track.id for track in known.tracks}
        joined = any(s.track is not None and s.track.id not in names for s in subjects)
        if media_s - self._told_s < (NEWS_S if joined else HEARTBEAT_S):
            return ()
        self._told_s = media_s
        self._open = self._finding("update", subjects, known.start_s, known.alarm_s)
        return (self._open,)

    def _close(self, media_s: float) -> tuple[Finding, ...]:
        known = self._open
        if known is None:
            return ()
        self._open, self._closed_s = None, media_s
        return (
            Finding(
                key=known.key,
                rule=known.rule,
                type=known.type,
                phase="close",
                start_s=known.start_s,
                alarm_s=known.alarm_s,
                end_s=max(self._present_s, known.alarm_s),
                confidence=known.confidence,
                severity=known.severity,
                zone=known.zone,
                tracks=known.tracks,
                box=known.box,
                detail=known.detail,
            ),
        )

    def _finding(
        self, phase: Phase, subjects: Sequence[Subject], start_s: float, alarm_s: float
    ) -> Finding:
        surest = max(subjects, key=lambda subject: subject.confidence)
        before = self._open.confidence if self._open is not None else 0.0
        return Finding(
            key=str(self._count),
            rule=self._spec.id,
            type=self._spec.type,
            phase=phase,
            start_s=start_s,
            alarm_s=alarm_s,
            end_s=None,
            confidence=max(surest.confidence, before),
            severity=self._spec.graded,
            zone=self._spec.zone,
            tracks=tuple(subject.track for subject in subjects if subject.track is not None),
            box=surest.box,
            detail=surest.detail,
        )
