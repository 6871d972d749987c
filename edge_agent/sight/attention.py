"""Whether a camera's picture holds anything to be watched: while it does, every picture is wanted.

Pure. In doubt it does: only what has stood where it stands for a while, and is no person, is left
out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edge_agent.camera.gate import GateSettings
from edge_agent.scene import Box, Detection, Finding, Sighting, Track
from edge_agent.sight.detector import GROUPS
from wire.camera_rules import CameraRules, RuleSpec

LIVING: Final = frozenset({"person", "dog"})

STANDS_S: Final = 60.0
"""After this time in its place a vehicle or a bag is part of the scene."""

NOTED_S: Final = 5.0
"""What is detected in one place for so long, without being followed, is a thing of the scene."""

STRONG: Final = 0.40
"""The confidence from which on a detection may be something new."""

SAME: Final = 0.4
"""The overlap of boxes, as IoU, of what stands in one place."""

FORGET_S: Final = 900.0
"""A place where nothing was seen for so long is forgotten."""

MOST_PLACES: Final = 200

BURNS: Final = 0.25
"""The network's confidence from which on something may burn or smoke."""

LINGER_S: Final = 5.0

LINGERS_S: Final = {"fall": 12.0, "fire": 10.0, "smoke": 10.0, "abandonment": 45.0, "dumping": 45.0}
"""How long rules go on judging when nobody is followed any more, beyond their own seconds: who lies
may not be detected, and what is left must be uncovered, seen to stand, and judged."""

PATROL_EVERY_S: Final = 45.0
"""Smoke may grow more slowly than sizes and looks tell."""


@dataclass(slots=True)
class _Place:
    """Something stands here."""

    group: int
    box: Box
    since_s: float
    last_s: float


def gate_settings(rules: CameraRules) -> GateSettings:
    """How the rules of a camera want its gate to be."""
    linger = max((_linger_s(rule) for rule in rules.rules), default=LINGER_S)
    slow = any(rule.type in ("fire", "smoke") for rule in rules.rules)
    return GateSettings(linger, PATROL_EVERY_S if slow else math.inf)


def _linger_s(rule: RuleSpec) -> float:
    beyond = LINGERS_S.get(rule.type)
    return LINGER_S if beyond is None else beyond + rule.lasting_s


class Attention:
    """Of one camera. Pictures must come in their order, at any rate."""

    def __init__(self, rules: CameraRules) -> None:
        stopping = [rule.lasting_s for rule in rules.rules if rule.type == "stopped_vehicle"]
        self._stands_s = STANDS_S + max(stopping, default=0.0)
        self._still_s = gate_settings(rules).linger_s
        self._places: list[_Place] = []
        self._open: set[tuple[str, str]] = set()

    def update(self, seen: Sighting, findings: Iterable[Finding]) -> bool:
        """Whether anything in this picture must be watched."""
        now_s = seen.media_s
        for finding in findings:
            about = (finding.rule, finding.key)
            (self._open.discard if finding.phase == "close" else self._open.add)(about)
        self._note(seen.detections, now_s)
        busy = bool(self._open) or seen.tamper is not None or bool(seen.passages)
        busy |= any(self._alive(track, now_s) for track in seen.tracks)
        busy |= any(self._new(d, now_s) for d in seen.detections if d.confidence >= STRONG)
        busy |= any(region.confidence >= BURNS for region in seen.burning)
        busy |= any(now_s - one.since_s < self._still_s for one in seen.still_objects)
        return busy

    def _alive(self, track: Track, now_s: float) -> bool:
        if track.label in LIVING:
            return True
        place = self._place(GROUPS.get(track.label, -1), track.box)
        return place is None or now_s - place.since_s < self._stands_s

    def _new(self, detection: Detection, now_s: float) -> bool:
        place = self._place(GROUPS.get(detection.label, -1), detection.box)
        return place is None or now_s - place.since_s < NOTED_S

    def _note(self, detections: Iterable[Detection], now_s: float) -> None:
        for detection in detections:
            group = GROUPS.get(detection.label, -1)
            place = self._place(group, detection.box)
            if place is not None:
                place.last_s = now_s
            elif detection.confidence >= STRONG:
                self._places.append(_Place(group, detection.box, now_s, now_s))
        kept = [place for place in self._places if now_s - place.last_s < FORGET_S]
        # A place that was passed once is nothing to remember.
        kept = [p for p in kept if p.last_s - p.since_s >= NOTED_S or now_s - p.last_s < NOTED_S]
        self._places = kept[-MOST_PLACES:]

    def _place(self, group: int, box: Box) -> _Place | None:
        near = [place for place in self._places if place.group == group]
        best = max(near, key=lambda place: place.box.iou(box), default=None)
        return best if best is not None and best.box.iou(box) >= SAME else None
