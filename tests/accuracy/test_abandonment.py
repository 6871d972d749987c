"""Abandonment and dumping on composed scenes whose list was frozen before any threshold."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from edge_agent.analyze import RecordedFinding
from edge_agent.rules.spec import CameraRules
from edge_agent.score import AFTER_S, BEFORE_S
from polewatch.accuracy.measurement import Figure, rate, share
from polewatch.accuracy.shipped import PER_SECOND, shipped_findings
from tests.accuracy.labelled import STREET, data, street
from tests.accuracy.reporting import leave
from tests.support.composition import Scene, Scenes, compose, cut_out

pytestmark = pytest.mark.timeout(3600)

LIST: Final = Path(__file__).with_name("labels") / "abandonment" / "scenes.json"
SECONDS: Final = 10.0

ASKED: Final = CameraRules.model_validate(
    {
        "zones": [{"id": "all", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}],
        "rules": [
            {"id": "left", "type": "abandonment", "zone": "all"},
            {"id": "dumped", "type": "dumping", "zone": "all"},
        ],
    }
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the rule for the scene's carrier said of one scene."""

    scene: Scene
    found: bool
    false: int
    seconds: float


@pytest.mark.parametrize("part", ["held", "develop"])
def test_what_is_left_is_found_and_nothing_else(part: str) -> None:
    outcomes = _outcomes(part)
    drops = [one for one in outcomes if one.scene.kind == "drop"]
    quiet = [one for one in outcomes if one.scene.kind != "drop"]
    hours = sum(one.seconds for one in outcomes) / 3600
    figures: list[Figure] = [
        share(f"abandonment.{part}.recall", "recall", sum(d.found for d in drops), len(drops)),
        share(
            f"abandonment.{part}.quiet",
            "scenes without a drop that stay quiet",
            sum(not one.false for one in quiet),
            len(quiet),
        ),
        rate(
            f"abandonment.{part}.false",
            "false alarms",
            sum(one.false for one in outcomes),
            hours,
        ),
    ]
    missed = [f"* missed: {one.scene.name}" for one in drops if not one.found]
    wrong = [f"* false: {one.scene.name} ({one.false})" for one in outcomes if one.false]
    leave(
        f"abandonment-{'1' if part == 'held' else '2'}-{part}",
        f"Abandonment and dumping, {'held back' if part == 'held' else 'developed on'}",
        figures,
        footage=(
            f"{len(drops)} staged drops and {len(quiet)} scenes without one (picked up again, "
            "taken away, exposure, shadow, wind, stopped vehicle): real objects laid into real "
            "video, tests/accuracy/labels/abandonment"
        ),
        condition=(
            f"`polewatch agent analyze`, {PER_SECOND:g} pictures a second, the zone being the "
            f"whole picture; an alarm at the object from {BEFORE_S:g} s before to {AFTER_S:g} s "
            f"after its owner has been away for {SECONDS:g} s is right, every other one false"
        ),
        tuned=(
            "nothing on this half"
            if part == "held"
            else "the thresholds of the still objects and of both rules, on this half"
        ),
        test="test_abandonment.py",
        notes=["\n".join([*missed, *wrong])] if missed or wrong else [],
    )


@cache
def _scenes() -> Scenes:
    return Scenes.model_validate_json(LIST.read_text(encoding="utf-8"))


def _outcomes(part: str) -> list[Outcome]:
    listed = _scenes()
    chosen = [scene for scene in listed.scenes if scene.part == part]
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "scene.mp4"
        for scene in sorted(chosen, key=lambda one: one.video):
            video = street() if scene.video == STREET.name else data(f"video/{scene.video}")
            cutout = None
            if scene.object is not None:
                pictures = data("coco/train2017/images")
                cutout = cut_out(pictures, listed.objects[scene.object])
            per_second, size = compose(scene, video, cutout, clip)
            said = shipped_findings(clip, ASKED)
            rule = "left" if scene.carrier == "person" else "dumped"
            alarms = [finding for finding in said.findings if finding.rule == rule]
            outcomes.append(_judge(scene, alarms, per_second, size, said.media_s))
    return outcomes


def _judge(
    scene: Scene,
    alarms: Sequence[RecordedFinding],
    per_second: float,
    size: tuple[int, int],
    seconds: float,
) -> Outcome:
    if scene.left is None:
        return Outcome(scene, False, len(alarms), seconds)
    due_s = scene.left / per_second + SECONDS
    right = [
        alarm
        for alarm in alarms
        if due_s - BEFORE_S <= alarm.alarm_s <= due_s + AFTER_S and _at(scene, alarm, size)
    ]
    return Outcome(scene, bool(right), len(alarms) - bool(right), seconds)


def _at(scene: Scene, alarm: RecordedFinding, size: tuple[int, int]) -> bool:
    """Whether the middle of the alarm's box is less than the object's size from the object's."""
    if scene.box is None or alarm.box is None:
        return False
    x, y, w, h = scene.box
    across = (alarm.box.x + alarm.box.w / 2) * size[0] - (x + w / 2)
    down = (alarm.box.y + alarm.box.h / 2) * size[1] - (y + h / 2)
    return abs(across) < w and abs(down) < h
