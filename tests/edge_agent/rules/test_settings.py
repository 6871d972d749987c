"""Schedule, severity, least height and cooldown mean the same for every rule of moving objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

import pytest

from edge_agent.scene import Finding, Sighting, TamperSign, Track
from tests.edge_agent.rules.driving import NOON, SEOUL, play, rule
from tests.edge_agent.rules.test_fight import Arms, reaching
from tests.edge_agent.scenes import along, track

Scene = Callable[[float], list[Track]]


def crosses(now_s: float) -> list[Track]:
    """To and fro over the gate, four seconds each way."""
    there = (now_s % 8) / 4
    return [track(1, along((0.3, 0.7), (0.7, 0.7), there if there < 1 else 2 - there))]


def drives_back(now_s: float) -> list[Track]:
    """Again and again against the arrow."""
    lap, within = divmod(now_s, 8)
    if within > 4:
        return []
    return [track(int(lap), along((0.78, 0.7), (0.22, 0.7), within / 4), label="car")]


def parked(now_s: float) -> list[Track]:
    """There for twenty seconds, gone for twelve."""
    lap, within = divmod(now_s, 32)
    return [track(int(lap), (0.5, 0.7), label="car")] if within < 20 else []


def gathered(now_s: float) -> list[Track]:
    """Three for six seconds, nobody for six."""
    return [track(n, (0.3 + 0.15 * n, 0.7)) for n in range(3)] if now_s % 12 < 6 else []


MEETING: Final[Mapping[str, tuple[dict[str, Any], Scene]]] = {
    "line_crossing": ({}, crosses),
    "wrong_way": ({}, drives_back),
    "stopped_vehicle": ({"seconds": 5}, parked),
    "crowd": ({"count": 3, "seconds": 1}, gathered),
}
"""For each type a scene that meets it again and again, and the settings that go with it."""

NIGHT: Final[dict[str, Any]] = {"schedule": [{"from": "22:00", "to": "05:00"}]}
MIDNIGHT: Final = datetime(2026, 6, 1, 23, 30, tzinfo=SEOUL)


def said(
    kind: str, *, seconds: float = 100, wall: datetime = NOON, **settings: Any
) -> list[Finding]:
    own, scene = MEETING[kind]
    driven = rule(**({"type": kind} | own | settings))
    return [finding for _, finding in play(driven, seconds, scene, wall=wall)]


@pytest.mark.parametrize("kind", MEETING)
def test_every_finding_opens_once_and_closes_once(kind: str) -> None:
    phases: dict[str, list[str]] = {}
    for finding in said(kind, cooldown_s=0):
        phases.setdefault(finding.key, []).append(finding.phase)
    *over, last = phases.values()
    assert len(over) >= 2
    assert all(life[0] == "open" and life[-1] == "close" for life in over)
    assert all("open" not in life[1:] and "close" not in life[:-1] for life in (*over, last))


@pytest.mark.parametrize("kind", MEETING)
def test_outside_its_schedule_a_rule_is_quiet(kind: str) -> None:
    assert said(kind, **NIGHT) == []
    assert said(kind, wall=MIDNIGHT, **NIGHT) != []


@pytest.mark.parametrize("kind", MEETING)
def test_the_severity_is_the_rules(kind: str) -> None:
    assert {finding.severity for finding in said(kind, severity="severe")} == {"severe"}


@pytest.mark.parametrize("kind", MEETING)
def test_what_is_lower_than_the_least_height_does_not_count(kind: str) -> None:
    assert said(kind, min_height=0.19) != []
    assert said(kind, min_height=0.21) == []


@pytest.mark.parametrize("kind", MEETING)
def test_nothing_opens_within_the_cooldown(kind: str) -> None:
    assert len([f for f in said(kind, cooldown_s=0) if f.phase == "open"]) >= 3
    assert [f.phase for f in said(kind, cooldown_s=1000) if f.phase != "update"] == [
        "open",
        "close",
    ]


def test_tamper_and_fight_heed_schedule_severity_and_cooldown_too() -> None:
    def over(kind: str, wall: datetime, **settings: Any) -> list[Finding]:
        driven = rule(type=kind, **settings)
        pair = (track(1, (0.45, 0.7)), track(2, (0.55, 0.7)))
        found: list[Finding] = []
        for frame in range(400):
            now_s = frame / 5
            met = now_s % 20 < 8
            reach = 0.45 if met and frame % 2 else 0.05
            sign = TamperSign("covered", 20 * (now_s // 20), 0.9) if met else None
            arms = Arms(partial(reaching, reach))
            found += driven.update(Sighting(now_s, wall, pair, look=arms, tamper=sign))
        return [finding for finding in found if finding.phase == "open"]

    for kind in ("tamper", "fight"):
        assert len(over(kind, NOON, cooldown_s=0)) >= 3
        assert len(over(kind, NOON, cooldown_s=1000)) == 1
        assert over(kind, NOON, **NIGHT) == []
        assert over(kind, MIDNIGHT, severity="severe", **NIGHT)[0].severity == "severe"
    assert over("fight", NOON, min_height=0.21) == []
