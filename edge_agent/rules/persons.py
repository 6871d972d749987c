"""Remembering people who stand or walk, so that one who goes down can be told from clutter.

Lengths are in heights of the picture, across and down alike ("square" boxes): a body keeps its
measure when it turns from upright to lying.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from edge_agent.scene import Box, Detection

UPRIGHT_WIDTH: Final = 0.75
"""The greatest width of an upright body's box, in its own heights (striding, arms out)."""

SURE: Final = 0.30
"""The least confidence at which an upright detection is believed to be a person."""

MOST_BOXES: Final = 120
"""Detections of a frame that are looked at, the most confident ones: bounds a frame's time."""

MOST_PEOPLE: Final = 60
"""People remembered at a time."""

_STEP: Final = 0.5
"""How far somebody may move between two frames, in standing heights: 4 m/s at 5 pictures/s."""


@dataclass(frozen=True, slots=True)
class Body:
    """A detection of a person with its square box."""

    square: Box
    detection: Detection

    @property
    def upright(self) -> bool:
        """Whether the box is as slim as a standing or walking body's."""
        return self.square.w <= UPRIGHT_WIDTH * self.square.h


@dataclass(slots=True)
class Person:
    """Somebody who was seen upright lately."""

    square: Box
    height: float
    """Standing height, smoothed; it follows growth faster than shrinking."""
    last_s: float
    sightings: int = 1
    tops: deque[tuple[float, float]] = field(default_factory=deque)
    """When, and how high, the head was: times and tops of the last second or so."""

    @property
    def top(self) -> float:
        """The highest that the head was lately."""
        return min(top for _, top in self.tops)


def bodies(detections: Iterable[Detection], aspect: float) -> list[Body]:
    """The people among `detections`, most confident first, without boxes that are no numbers."""
    if not (math.isfinite(aspect) and 0.1 <= aspect <= 10):
        return []
    found = []
    for detection in detections:
        box = detection.box
        numbers = (box.x, box.y, box.w, box.h, detection.confidence)
        if detection.label != "person" or not all(map(math.isfinite, numbers)):
            continue
        if max(map(abs, numbers)) <= 10 and box.w > 0 and box.h > 0:
            square = Box(box.x * aspect, box.y, box.w * aspect, box.h)
            found.append(Body(square, detection))
    found.sort(key=lambda body: -body.detection.confidence)
    return found[:MOST_BOXES]


class StandingPeople:
    """Everybody seen upright within the last `memory_s` seconds."""

    def __init__(self, memory_s: float) -> None:
        self._memory_s = memory_s
        self.people: list[Person] = []

    def update(self, upright: Sequence[Body], media_s: float) -> None:
        """Take in one frame's upright bodies (most confident first); forget whom it is time to."""
        free = [person for person in self.people if person.last_s < media_s]
        for body in upright:
            known = _nearest(body.square, free)
            if known is not None:
                free.remove(known)
                self._note(known, body.square, media_s)
            elif len(self.people) < MOST_PEOPLE and not self._covered(body.square, media_s):
                tops = deque([(media_s, body.square.y)])
                self.people.append(Person(body.square, body.square.h, media_s, tops=tops))
        self.people = [p for p in self.people if media_s - p.last_s <= self._memory_s]
        for person in self.people:
            while len(person.tops) > 1 and media_s - person.tops[0][0] > self._memory_s:
                person.tops.popleft()

    def forget(self, person: Person) -> None:
        """Remember `person` no longer: whatever becomes of them is known."""
        self.people.remove(person)

    def _note(self, person: Person, square: Box, media_s: float) -> None:
        pace = 0.5 if square.h > person.height else 0.15
        person.height += pace * (square.h - person.height)
        person.square, person.last_s = square, media_s
        person.sightings += 1
        person.tops.append((media_s, square.y))

    def _covered(self, square: Box, media_s: float) -> bool:
        """Whether somebody seen in this frame already accounts for this box: a part of a body."""
        return any(p.last_s == media_s and within(square, p.square) > 0.6 for p in self.people)


def _nearest(square: Box, people: Sequence[Person]) -> Person | None:
    best, least = None, math.inf
    for person in people:
        apart = math.dist(centre(square), centre(person.square)) / person.height
        alike = 0.6 <= square.h / person.square.h <= 1.7
        if alike and apart <= _STEP and apart < least:
            best, least = person, apart
    return best


def centre(box: Box) -> tuple[float, float]:
    """The middle of `box`."""
    return (box.x + box.w / 2, box.y + box.h / 2)


def within(inner: Box, outer: Box) -> float:
    """The share of `inner` that lies in `outer`, 0..1."""
    width = min(inner.right, outer.right) - max(inner.x, outer.x)
    height = min(inner.bottom, outer.bottom) - max(inner.y, outer.y)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / max(inner.area, 1e-12)
