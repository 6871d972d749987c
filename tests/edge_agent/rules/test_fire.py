"""Fire and smoke as specifications: what burns in its place alarms, what only looks so does not."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import pytest

from edge_agent.rules.base import Rule, build_rules
from edge_agent.scene import Box, Detection, Finding, FireRegion, Sighting
from tests.edge_agent.rules.driving import NOON, SEOUL, YARD
from wire.camera_rules import CameraRules

Scene = Callable[[float], tuple[FireRegion, ...]]


def burning(kind: str = "fire", **settings: Any) -> Rule:
    document = {
        "zones": [{"id": "yard", "polygon": YARD}],
        "rules": [{"id": "r", "type": kind} | settings],
    }
    (built,) = build_rules(CameraRules.model_validate(document), SEOUL)
    return built


def region(
    x: float = 0.5,
    y: float = 0.6,
    size: float = 0.1,
    confidence: float = 0.9,
    kind: Literal["fire", "smoke"] = "fire",
) -> FireRegion:
    """A region whose foot stands at x, y + size."""
    box = Box(x - size / 2, y, size, size)
    return FireRegion(kind, box, confidence, 0.5)


def watched(rule: Rule, seconds: float, scene: Scene, step_s: float = 0.2) -> list[Finding]:
    said: list[Finding] = []
    for frame in range(round(seconds / step_s)):
        now_s = round(frame * step_s, 3)
        said += rule.update(Sighting(now_s, NOON, burning=scene(now_s)))
    return said


def test_a_flame_that_stays_alarms_after_the_rules_seconds_and_closes_when_it_is_out() -> None:
    said = watched(burning(seconds=3), 20, lambda at: (region(),) if 2 <= at < 10 else ())
    opened, closed = said
    assert (opened.phase, closed.phase) == ("open", "close")
    assert opened.start_s == 2.0
    assert opened.alarm_s == pytest.approx(5.0, abs=0.21)
    assert opened.box is not None
    assert opened.box.foot == pytest.approx((0.5, 0.7))


def test_a_flash_is_no_fire() -> None:
    assert watched(burning(), 12, lambda at: (region(),) if 2 <= at < 3.6 else ()) == []


def test_what_the_network_doubts_is_no_fire() -> None:
    assert watched(burning(), 12, lambda _: (region(confidence=0.3),)) == []


def test_what_it_believes_now_and_then_is_no_fire() -> None:
    """An indicator that blinks is taken for fire in one picture of three."""
    assert (
        watched(burning(), 20, lambda at: (region(confidence=0.9 if at % 0.6 < 0.1 else 0.2),))
        == []
    )


def test_what_flickers_only_while_somebody_passes_is_no_fire() -> None:
    """A warm floor between two legs: the change dies away, the colour stays."""
    dying: Scene = lambda at: (replace(region(), strength=0.9 * math.exp(-at / 1.5)),)  # noqa: E731 - one expression
    assert watched(burning(), 12, dying) == []


def test_bare_arms_that_move_are_no_fire() -> None:
    def said(person: Box) -> list[Finding]:
        rule = burning()
        found: list[Finding] = []
        for frame in range(50):
            seen = (Detection("person", 0.8, person),)
            sighting = Sighting(frame * 0.2, NOON, detections=seen, burning=(region(),))
            found += rule.update(sighting)
        return found

    assert said(Box(0.42, 0.3, 0.15, 0.5)) == []
    assert len(said(Box(0.1, 0.3, 0.15, 0.5))) == 1


def test_what_crosses_the_picture_is_no_fire() -> None:
    assert watched(burning(), 10, lambda at: (region(x=0.1 + 0.08 * at),)) == []


def test_a_flame_that_leaps_about_its_root_is_one_fire() -> None:
    def scene(at: float) -> tuple[FireRegion, ...]:
        size = 0.08 + 0.03 * math.sin(9 * at)
        return (region(x=0.5 + 0.02 * math.sin(5 * at), y=0.7 - size, size=size),)

    assert [f.phase for f in watched(burning(), 10, scene)] == ["open"]


def test_a_picture_a_second_is_enough() -> None:
    said = watched(burning(seconds=3), 12, lambda at: (region(),) if at >= 2 else (), step_s=1.0)
    assert [f.alarm_s for f in said] == [5.0]


def test_only_the_zone_counts() -> None:
    inside, outside = region(), region(x=0.05)
    assert watched(burning(zone="yard"), 8, lambda _: (outside,)) == []
    assert len(watched(burning(zone="yard"), 8, lambda _: (inside,))) == 1


def test_fire_and_smoke_are_two_rules() -> None:
    assert watched(burning("smoke"), 10, lambda _: (region(size=0.5, y=0.1),)) == []
    assert watched(burning("fire"), 10, lambda _: (region(size=0.5, y=0.1, kind="smoke"),)) == []


def test_smoke_alarms_when_it_spreads() -> None:
    def scene(at: float) -> tuple[FireRegion, ...]:
        return (region(size=0.1 + 0.02 * at, y=0.3, kind="smoke"),)

    assert [f.phase for f in watched(burning("smoke"), 10, scene)] == ["open"]


def test_a_small_plume_that_never_grows_is_a_vent() -> None:
    scene: Scene = lambda _: (region(size=0.1, kind="smoke"),)  # noqa: E731 - one expression
    assert watched(burning("smoke"), 20, scene) == []


def test_time_that_goes_backwards_forgets_what_burnt() -> None:
    rule = burning()
    watched(rule, 2.8, lambda _: (region(),))
    assert watched(rule, 2.8, lambda _: (region(),)) == []


def test_no_region_makes_the_rule_raise() -> None:
    rule = burning()
    strange = [math.nan, math.inf, -math.inf, 1e300, -1.0, 0.0]
    for number, value in enumerate(strange):
        box = Box(value, value, value, value)
        regions = (FireRegion("fire", box, value, value), region(confidence=value))
        for finding in rule.update(Sighting(number * 0.2, NOON, burning=regions * 500)):
            assert math.isfinite(finding.confidence)
