"""Falls written down in a line: boxes and postures of people who stand, bend and lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from edge_agent.rules.base import Rule
from edge_agent.scene import (
    BodyPoint,
    Box,
    CloserLook,
    Detection,
    Finding,
    Point,
    Pose,
    Sighting,
    Track,
)
from tests.edge_agent.rules.driving import NOON, STEP_S
from tests.edge_agent.rules.driving import rule as zone_rule

ASPECT = 4 / 3
HEIGHT = 0.4


def fall_rule(**settings: Any) -> Rule:
    """A fall rule over the whole picture that waits for one second."""
    return zone_rule(**({"type": "fall", "zone": None, "seconds": 1} | settings))


def person(box: Box, confidence: float = 0.8) -> Detection:
    return Detection("person", confidence, box)


def standing(
    foot: Point = (0.5, 0.8), confidence: float = 0.8, height: float = HEIGHT
) -> Detection:
    """Somebody upright, three times as tall as wide."""
    width = height / 3 / ASPECT
    return person(Box(foot[0] - width / 2, foot[1] - height, width, height), confidence)


def lying(foot: Point = (0.5, 0.8), confidence: float = 0.2, height: float = HEIGHT) -> Detection:
    """The same body along the ground, seen weakly as lying people are."""
    width = 0.9 * height / ASPECT
    return person(Box(foot[0] - width / 2, foot[1] - 0.3 * height, width, 0.3 * height), confidence)


def bent(foot: Point = (0.5, 0.8), confidence: float = 0.6, height: float = HEIGHT) -> Detection:
    """Somebody who stoops to the ground: as wide as tall, half as tall as upright."""
    width = 0.55 * height / ASPECT
    return person(Box(foot[0] - width / 2, foot[1] - 0.5 * height, width, 0.5 * height), confidence)


def pose(shoulders: Point, hips: Point, confidence: float = 0.9) -> Pose:
    """A pose of which shoulders and hips are known."""
    points = [BodyPoint(0.0, 0.0, 0.0)] * 17
    for index in (5, 6):
        points[index] = BodyPoint(*shoulders, confidence)
    for index in (11, 12):
        points[index] = BodyPoint(*hips, confidence)
    return Pose(tuple(points))


@dataclass
class Looking:
    """Answers every look with one pose and remembers what was asked."""

    answer: Pose | None = None
    asked: list[Box] = field(default_factory=list)

    def pose(self, box: Box) -> Pose | None:
        self.asked.append(box)
        return self.answer


def watch(
    driven: Rule,
    seconds: float,
    scene: Callable[[float], Iterable[Detection]],
    *,
    look: CloserLook | None = None,
    tracks: Callable[[float], tuple[Track, ...]] = lambda _: (),
    start_s: float = 0.0,
) -> list[tuple[float, Finding]]:
    """What the rule says, and when, over a scene given as detections at a time."""
    said = []
    for frame in range(round(seconds / STEP_S)):
        offset = round(frame * STEP_S, 3)
        found = driven.update(
            Sighting(
                media_s=start_s + offset,
                wall=NOON + timedelta(seconds=offset),
                tracks=tracks(offset),
                detections=tuple(scene(offset)),
                aspect=ASPECT,
                look=look or Looking(),
            )
        )
        said += [(offset, finding) for finding in found]
    return said
