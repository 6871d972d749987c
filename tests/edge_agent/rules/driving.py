"""Driving one rule through a written scene."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from edge_agent.rules.base import Rule, build_rules
from edge_agent.scene import Finding, Sighting, Track
from wire.camera_rules import CameraRules

SEOUL = ZoneInfo("Asia/Seoul")
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=SEOUL)
"""A Monday."""

YARD = [[0.2, 0.4], [0.8, 0.4], [0.8, 1.0], [0.2, 1.0]]
STEP_S = 0.2

GATE = [[0.5, 1.0], [0.5, 0.2]]
"""Upright through the middle of the yard: from its left to its right is the picture's, too."""

NEEDS: dict[str, dict[str, Any]] = {
    "line_crossing": {"line": "gate"},
    "wrong_way": {"zone": "street"},
    "tamper": {},
}
"""What a rule of a type must name; all others get the zone `yard`."""


def document(*rules: dict[str, Any]) -> dict[str, Any]:
    """A camera's rules on the zone `yard`, the one-way `street` of the same shape, and a line."""
    named = [
        {"id": "r"} | ({} if "line" in one else NEEDS.get(one["type"], {"zone": "yard"})) | one
        for one in rules
    ]
    street = {"id": "street", "polygon": YARD, "direction": [[0.2, 0.7], [0.8, 0.7]]}
    return {
        "zones": [{"id": "yard", "polygon": YARD}, street],
        "lines": [{"id": "gate", "points": GATE}],
        "rules": named,
    }


def rule(*, polygon: Any = YARD, **settings: Any) -> Rule:
    """The one rule `settings` describe, on the zone `yard` or what else its type needs."""
    given = document(settings)
    given["zones"][0]["polygon"] = polygon
    (built,) = build_rules(CameraRules.model_validate(given), SEOUL)
    return built


def play(
    driven: Rule,
    seconds: float,
    scene: Callable[[float], Iterable[Track]],
    *,
    start_s: float = 0.0,
    wall: datetime = NOON,
) -> list[tuple[float, Finding]]:
    """What the rule says, and when, over a scene given as tracks at a time, five times a second.

    Each track is dated from its first appearance in the scene.
    """
    said = []
    born: dict[int, float] = {}
    for frame in range(round(seconds / STEP_S)):
        offset = frame * STEP_S
        now_s = round(start_s + offset, 3)
        moment = (wall + timedelta(seconds=offset)).astimezone(UTC)
        tracks = tuple(
            replace(track, first_s=born.setdefault(track.id, now_s)) for track in scene(now_s)
        )
        found = driven.update(Sighting(now_s, moment, tracks))
        said += [(now_s, finding) for finding in found]
    return said


def phases(said: Iterable[tuple[float, Finding]]) -> list[tuple[float, str]]:
    """Times and phases only."""
    return [(now_s, finding.phase) for now_s, finding in said]
