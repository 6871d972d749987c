"""What a pose says of somebody whose head came down: legs or torso upright speak against a fall."""

from __future__ import annotations

import math

import pytest

from edge_agent.rules.fall_posture import Verdict, judge
from edge_agent.scene import Point, Pose
from tests.edge_agent.rules.falls import ASPECT, pose

GROUND, HEIGHT = 0.8, 0.4


def verdict(shoulders: Point, hips: Point) -> Verdict:
    return judge(pose(shoulders, hips), ASPECT, HEIGHT, GROUND)


@pytest.mark.parametrize(
    ("shoulders", "hips", "expected"),
    [
        pytest.param((0.5, 0.48), (0.5, 0.59), Verdict.UPRIGHT, id="stands"),
        pytest.param((0.58, 0.62), (0.5, 0.61), Verdict.UPRIGHT, id="bends over straight legs"),
        pytest.param((0.5, 0.65), (0.5, 0.77), Verdict.UPRIGHT, id="sits on the ground"),
        pytest.param((0.4, 0.75), (0.5, 0.76), Verdict.DOWN, id="lies across"),
        pytest.param((0.5, 0.70), (0.5, 0.76), Verdict.DOWN, id="lies with the head away"),
        pytest.param((0.5, 0.85), (0.5, 0.75), Verdict.DOWN, id="lies with the head this way"),
    ],
)
def test_verdicts(shoulders: Point, hips: Point, expected: Verdict) -> None:
    assert verdict(shoulders, hips) is expected


def test_the_lean_is_measured_in_the_picture_not_in_fractions_of_it() -> None:
    leaning = pose((0.5, 0.65), (0.545, 0.75))
    assert judge(leaning, 1.0, HEIGHT, GROUND) is Verdict.UPRIGHT
    assert judge(leaning, 16 / 9, HEIGHT, GROUND) is Verdict.DOWN


@pytest.mark.parametrize(
    "unknown",
    [
        None,
        Pose(()),
        pose((0.4, 0.75), (0.5, 0.76), confidence=0.2),
        pose((0.4, 0.75), (0.5, math.nan)),
    ],
)
def test_what_is_not_known_is_unclear(unknown: Pose | None) -> None:
    assert judge(unknown, ASPECT, HEIGHT, GROUND) is Verdict.UNCLEAR
