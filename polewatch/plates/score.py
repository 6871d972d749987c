"""How right reads are: whole, by character, and how many can be kept without an error. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from edge_agent.plates.types import UNREADABLE

BANDS: Final = (0, 50, 75, 100, 150, 250)
"""Lower ends of the bands of plate width, in pixels."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One labelled plate and what was read of it; UNREADABLE in `truth` fits anything there."""

    file: str
    truth: str
    said: str
    confidence: float
    """Of the read, 0..1; 0 when there is none."""
    kind: str
    """The plate's type, by its label."""
    width: float
    """Of the plate, in pixels."""

    @property
    def right(self) -> bool:
        return distance(self.truth, self.said) == 0

    @property
    def characters(self) -> int:
        """How many there are to be read."""
        return sum(one != UNREADABLE for one in self.truth)

    @property
    def characters_right(self) -> int:
        return max(0, self.characters - distance(self.truth, self.said))


def distance(truth: str, said: str) -> int:
    """Edits that make `said` into `truth` (Levenshtein); UNREADABLE in `truth` fits any one."""
    before = list(range(len(said) + 1))
    for row, wanted in enumerate(truth, 1):
        now = [row]
        for column, given in enumerate(said, 1):
            differs = wanted not in (given, UNREADABLE)
            now.append(min(before[column - 1] + differs, before[column] + 1, now[-1] + 1))
        before = now
    return before[-1]


def band(width: float) -> str:
    """The name of the band of plate width, like "75-99 px"."""
    low = max(one for one in BANDS if one <= max(0.0, width))
    above = [one for one in BANDS if one > low]
    return f"{low}-{above[0] - 1} px" if above else f"{low} px and more"


def groups(judged: Iterable[Judged], by: str) -> dict[str, list[Judged]]:
    """Parted `by` "kind" or "width", in order."""
    found: dict[str, list[Judged]] = {}
    for one in sorted(judged, key=lambda one: one.width if by == "width" else 0):
        found.setdefault(band(one.width) if by == "width" else one.kind, []).append(one)
    return found if by == "width" else dict(sorted(found.items()))


def coverage(judged: Sequence[Judged], precision: float) -> tuple[int, float]:
    """How many plates the largest set of most confident reads holds that is right in `precision`
    of the cases, and the confidence from which on it begins (infinite for none).

    Reads of the same confidence stay together.
    """
    ordered = sorted(judged, key=lambda one: -one.confidence)
    best, limit, right = 0, math.inf, 0
    for count, one in enumerate(ordered, 1):
        right += one.right
        last = count == len(ordered) or ordered[count].confidence < one.confidence
        if last and one.confidence > 0 and right >= precision * count:
            best, limit = count, one.confidence
    return best, limit
