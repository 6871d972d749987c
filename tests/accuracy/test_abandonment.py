"""Abandonment and dumping on composed clips whose list was frozen before it was measured."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import pytest

from edge_agent.score import AFTER_S, BEFORE_S
from polewatch.accuracy.measurement import Figure, rate, share
from polewatch.accuracy.shipped import PER_SECOND
from tests.accuracy.reporting import leave
from tests.support.composition import Staging
from tests.support.left_behind import RULES, SECONDS, Outcome, outcomes

pytestmark = pytest.mark.timeout(1800)

LIST: Final = Path(__file__).with_name("labels") / "abandonment" / "staged.json"


@pytest.mark.parametrize("rule", RULES)
def test_what_is_left_is_found_and_nothing_else(rule: str) -> None:
    told = [one for one in _outcomes() if one.rule == rule]
    found = sum(len(one.found) for one in told)
    drops = found + sum(len(one.missed) for one in told)
    others = sum(len(one.clip.things) for one in told) - drops
    without = [one for one in told if not any(t.kind == "drop" for t in one.clip.things)]
    figures: list[Figure] = [
        share(f"{rule}.staged.recall", "recall", found, drops),
        share(
            f"{rule}.staged.quiet",
            "things taken along, taken away or minded that raise no alarm",
            others - sum(len(one.disturbed) for one in told),
            others,
        ),
        share(
            f"{rule}.staged.calm",
            "clips without a drop that stay quiet",
            sum(not one.false_s for one in without),
            len(without),
        ),
        rate(
            f"{rule}.staged.false",
            "false alarms",
            sum(len(one.false_s) for one in told),
            sum(one.seconds for one in told) / 3600,
        ),
    ]
    notes = [f"* missed: {thing.name} ({o.clip.name})" for o in told for thing in o.missed]
    notes += [f"* false: {o.clip.name} at {at:.1f} s" for o in told for at in o.false_s]
    leave(
        f"left-behind-{rule}",
        f"{rule.capitalize()}, staged",
        figures,
        footage=(
            f"{drops} staged drops by people on foot, {others} things taken away, taken along or "
            f"minded, in {len(told)} clips: real objects laid into real video, and recordings of "
            "sitting, standing and picking up, tests/accuracy/labels/abandonment/staged.json"
        ),
        condition=(
            f"`polewatch agent analyze`, {PER_SECOND:g} pictures a second, the zone being the "
            f"whole picture; an alarm at the object from {BEFORE_S:g} s before to {AFTER_S:g} s "
            f"after its owner has been away for {SECONDS:g} s is right, every other one false"
        ),
        tuned=(
            "the thresholds on the half `develop` of scenes.json and on development.json; measured "
            "once without having been seen this list gave 15 of 20 and 5 false alarms, after which "
            "it was settled when an owner counts as back, and as gone from the picture: the value "
            "here is not blind"
        ),
        test="test_abandonment.py",
        notes=["\n".join(notes)] if notes else [],
    )


@cache
def _outcomes() -> tuple[Outcome, ...]:
    return tuple(outcomes(Staging.model_validate_json(LIST.read_text(encoding="utf-8"))))
