"""Which detections are right. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from edge_agent.scene import Box

SAME: Final = 0.45
"""The IoU from which on a detection shows the person that was labelled."""

_ON_IGNORED: Final = 0.5
"""The share of a detection that lies on somebody to be ignored, from which on it is ignored too:
their boxes are guesses, often of a part."""


@dataclass(frozen=True, slots=True)
class Found:
    """A detection, as matching needs it."""

    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Right, false and missed ones."""

    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
        )

    @property
    def found(self) -> int:
        """What the detector said."""
        return self.true_positives + self.false_positives

    @property
    def there(self) -> int:
        """What was there to be said."""
        return self.true_positives + self.false_negatives


def match(
    people: Sequence[Box],
    ignored: Sequence[Box],
    found: Iterable[Found],
    *,
    heights: tuple[float, float] = (0.0, 1.0),
) -> Counts:
    """Match one frame's detections with its people, the most confident detection first.

    Each person takes one detection, the best-overlapping from SAME on; a second one is false.
    Detections on `ignored` people do not count. `heights` keeps the count to people of such a
    height (fractions of the frame): others are ignored, and so are unmatched detections of
    another height (the rule of COCO's size classes).
    """
    least, most = heights
    counted = [box for box in people if least <= box.h <= most]
    beside = [*ignored, *(box for box in people if not least <= box.h <= most)]
    free = list(counted)
    right = false = 0
    for detection in sorted(found, key=lambda one: -one.confidence):
        best = max(free, key=detection.box.iou, default=None)
        if best is not None and detection.box.iou(best) >= SAME:
            free.remove(best)
            right += 1
        elif least <= detection.box.h <= most and not _ignored(detection.box, beside):
            false += 1
    return Counts(right, false, len(free))


def _ignored(box: Box, beside: Iterable[Box]) -> bool:
    return any(box.iou(one) >= SAME or _inside(box, one) >= _ON_IGNORED for one in beside)


def _inside(box: Box, other: Box) -> float:
    """The share of `box` that lies within `other`."""
    width = min(box.right, other.right) - max(box.x, other.x)
    height = min(box.bottom, other.bottom) - max(box.y, other.y)
    if width <= 0 or height <= 0 or box.area <= 0:
        return 0.0
    return width * height / box.area
