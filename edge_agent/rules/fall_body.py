"""Somebody who seems to have fallen: what is remembered of them, and which boxes are theirs."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from edge_agent.rules.fall_posture import Verdict
from edge_agent.rules.persons import Body, Person, centre, within
from edge_agent.scene import Box, Track

_DROP: Final = 0.45
"""How far the head comes down, in standing heights: a seat takes it down by a third."""

_REACH: Final = 1.3
"""How far from where somebody stood the body may lie, in standing heights."""

_STOOD: Final = 0.75
"""Somebody as tall as this share of the standing height has stood up again."""

_VERDICTS: Final = 6
"""The newest verdicts on the posture that count."""


@dataclass(slots=True)
class Fallen:
    """Somebody whose head came down, followed until they are up or gone."""

    height: float
    """How tall they stood, in heights of the picture."""
    top: float
    """Where the head was then, in heights of the picture from its top."""
    stood: Box
    """The square box when last seen upright."""
    since_s: float
    """When last seen upright."""
    down_s: float
    """When first seen lying."""
    last_s: float
    """When last seen lying."""
    body: Body
    frames: int = 1
    sightings: int = 1
    risen_s: float | None = None
    """Since when somebody stands there instead; None while they are seen lying."""
    alarmed: bool = False
    track: Track | None = None
    verdicts: deque[Verdict] = field(default_factory=lambda: deque(maxlen=_VERDICTS))

    @classmethod
    def of(cls, person: Person, body: Body, media_s: float) -> Fallen:
        """`person`, who now lies as `body`."""
        return cls(
            height=person.height,
            top=person.top,
            stood=person.square,
            since_s=person.last_s,
            down_s=media_s,
            last_s=media_s,
            body=body,
        )

    @property
    def held_up(self) -> bool:
        """Whether the posture speaks against a fall: most of what is known of it is upright."""
        upright = sum(verdict is Verdict.UPRIGHT for verdict in self.verdicts)
        return 2 * upright > len(self.verdicts)

    @property
    def presence(self) -> float:
        """The share of frames since they went down that show them lying."""
        return self.sightings / self.frames

    @property
    def confidence(self) -> float:
        """0.4..1: how steadily they were seen lying, and how far the posture agrees."""
        down = sum(verdict is Verdict.DOWN for verdict in self.verdicts)
        return 0.4 + 0.3 * self.presence + 0.3 * down / max(1, len(self.verdicts))

    def reaches(self, body: Body) -> bool:
        """Whether `body` is near enough to where they stood to be theirs."""
        return near(body.square, self.stood, self.height)

    def rises(self, body: Body) -> bool:
        """Whether an upright `body` is as tall as they stood, about where they lay."""
        return body.square.h >= _STOOD * self.height and self.reaches(body)


def lies(square: Box, height: float, top: float) -> bool:
    """Whether a box is low and wide enough for a body that stood `height`, its head at `top`.

    A body that fell along the line of sight is short rather than wide.
    """
    if square.y - top < _DROP * height:
        return False
    return square.w > 0.9 * square.h or (square.h < 0.45 * height and square.w > 0.6 * square.h)


def near(square: Box, stood: Box, height: float) -> bool:
    """Whether a body that stood at `stood` may lie at `square`."""
    return math.dist(centre(square), centre(stood)) <= _REACH * height


def part_of(body: Body, others: Iterable[Body]) -> bool:
    """Whether the box is a piece of somebody who stands: legs, a bag, a shadow."""
    return any(within(body.square, other.square) > 0.6 for other in others if other is not body)


def weight(body: Body, height: float) -> float:
    """How much a box speaks for a lying body: sure ones before weak, whole ones before parts."""
    length = math.hypot(body.square.w, body.square.h)
    return body.detection.confidence * min(1.0, length / height)


def track_of(body: Body, tracks: Iterable[Track]) -> Track | None:
    """The track that covers the body best, if any does."""
    box = body.detection.box
    best = max((t for t in tracks if t.seen), key=lambda t: t.box.iou(box), default=None)
    return best if best is not None and best.box.iou(box) > 0.3 else None
