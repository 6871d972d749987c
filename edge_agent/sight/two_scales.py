"""Looking at one picture at two sizes: what both looks see is surer than what one sees.

A network knows things best at the sizes that it was trained on. The coarse look knows people who
fill the picture, the fine one those of half their height; a cone or a shadow that one takes for
somebody seldom convinces the other. Boxes of both are fused into one with their mean confidence,
after "Weighted boxes fusion" (Solovyev et al. 2021). Of vehicles, bags and animals the coarse look
alone tells: the fine one misses large cars, and a mean with it would lose them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from edge_agent.scene import Box, Detection, Image
from edge_agent.sight.association import best_pairs, overlaps
from edge_agent.sight.detector import OVERLAP
from edge_agent.sight.nanodet import suppress

SAME: Final = 0.55
"""Boxes of the two looks with this IoU show one thing."""

UNSEEN: Final = 0.2
"""The confidence that a look is taken to have in what it does not show."""

FINE_ALONE: Final = 0.92
"""What a confidence of the fine look alone is worth: as precise as the coarse one at 0.40 it is
only from 0.435 on."""


_PERSON: Final = "person"


class SeesAtSize(Protocol):
    """A detector that shrinks every picture to one size before it looks."""

    input_size: tuple[int, int]
    """Height and width of what it looks at, in pixels."""

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """What `image` (`(H, W, 3)` uint8 BGR) shows, boxes in fractions."""
        ...


class TwoScales:
    """A coarse and a fine detector that look at the same picture. Safe where these are."""

    def __init__(self, coarse: SeesAtSize, fine: SeesAtSize) -> None:
        self.coarse = coarse
        self._fine = fine
        self.input_size = fine.input_size
        """Height and width of the larger of the two inputs, in pixels."""

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """What both looks at `image` (`(H, W, 3)` uint8 BGR) show, most confident first."""
        return fused(self.coarse.detect(image), self._fine.detect(image))

    def closer(self, image: Image) -> tuple[Detection, ...]:
        """What the fine look alone shows, most confident first: for parts of a large picture."""
        return tuple(
            Detection(d.label, FINE_ALONE * d.confidence, d.box) for d in self._fine.detect(image)
        )


def fused(coarse: Sequence[Detection], fine: Sequence[Detection]) -> tuple[Detection, ...]:
    """The detections of two looks at one picture as those of one, most confident first."""
    one, other = ([d for d in look if d.label == _PERSON] for look in (coarse, fine))
    pairs = _pairs(one, other)
    joined = [_mean(one[row], other[column]) for row, column in pairs]
    rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
    alone = [d for row, d in enumerate(one) if row not in rows]
    alone += [d for column, d in enumerate(other) if column not in columns]
    joined += [
        Detection(d.label, (d.confidence + min(d.confidence, UNSEEN)) / 2, d.box) for d in alone
    ]
    joined.sort(key=lambda d: -d.confidence)
    same = np.zeros(len(joined), np.intp)
    kept = suppress(_corners(joined).astype(np.float32), same, OVERLAP)
    people = [joined[index] for index in kept]
    rest = [d for d in coarse if d.label != _PERSON]
    return tuple(sorted([*people, *rest], key=lambda d: -d.confidence))


def _pairs(one: Sequence[Detection], other: Sequence[Detection]) -> list[tuple[int, int]]:
    if not one or not other:
        return []
    return best_pairs(overlaps(_corners(one), _corners(other)), SAME)


def _mean(a: Detection, b: Detection) -> Detection:
    """Two boxes of one thing as one, each with the weight of its confidence."""
    share = a.confidence / max(a.confidence + b.confidence, 1e-9)
    near = [share * p + (1 - share) * q for p, q in zip(_row(a), _row(b), strict=True)]
    box = Box(near[0], near[1], near[2] - near[0], near[3] - near[1])
    return Detection(_PERSON, (a.confidence + b.confidence) / 2, box)


def _row(d: Detection) -> tuple[float, float, float, float]:
    return (d.box.x, d.box.y, d.box.right, d.box.bottom)


def _corners(found: Sequence[Detection]) -> np.ndarray:
    return np.array([_row(d) for d in found], float).reshape(-1, 4)
