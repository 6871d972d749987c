"""Low boxes that were there before anybody fell: furniture, rocks, bags that look like a body."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from edge_agent.rules.persons import Body
from edge_agent.scene import Box

_ALIKE: Final = 0.5
"""The least IoU of two boxes of the same thing."""

_KNOWN_SIGHTINGS: Final = 2
"""Sightings that make a thing: the first of them while the fallen still stood."""

_KEPT_S: Final = 10.0
_MOST: Final = 100


@dataclass(slots=True)
class _Thing:
    square: Box
    first_s: float
    last_s: float
    sightings: int = 1
    left: float = field(init=False)
    top: float = field(init=False)
    right: float = field(init=False)
    bottom: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self.top = self.square.x, self.square.y
        self.right, self.bottom = self.square.right, self.square.bottom


class Clutter:
    """Boxes that stay where they are."""

    def __init__(self) -> None:
        self._things: list[_Thing] = []

    def update(self, seen: Iterable[Body], media_s: float) -> None:
        """Take in one frame's bodies, save those who are known to have fallen."""
        self._things = [thing for thing in self._things if media_s - thing.last_s <= _KEPT_S]
        for body in seen:
            known = self._find(body.square)
            if known is not None:
                known.last_s = media_s
                known.sightings += 1
            elif len(self._things) < _MOST:
                self._things.append(_Thing(body.square, media_s, media_s))

    def holds(self, body: Body, before_s: float) -> bool:
        """Whether `body` is something that was there before `before_s`."""
        known = self._find(body.square)
        return (
            known is not None and known.sightings >= _KNOWN_SIGHTINGS and known.first_s < before_s
        )

    def _find(self, square: Box) -> _Thing | None:
        left, top, right, bottom = square.x, square.y, square.right, square.bottom
        for thing in self._things:
            # Most things lie elsewhere; told here, it costs a tenth of an intersection.
            across = thing.left < right and thing.right > left
            meets = across and thing.top < bottom and thing.bottom > top
            if meets and thing.square.iou(square) >= _ALIKE:
                return thing
        return None
