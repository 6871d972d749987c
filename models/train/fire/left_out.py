"""Leaving groups out: what a head says of pictures whose group it never saw.

`left_out.csv` holds, for each group of the training set, how many of its pictures a head trained
without that group (and the others of its fold) called fire or smoke, from SURE on.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.train.fire.paint import Picture

COUNTS: Final = Path(__file__).parent / "left_out.csv"
SURE: Final = 0.6
"""The confidence from which on a picture counts as called so."""

_BEST: Final = (4, 12)
"""Cells whose mean is a window's confidence in fire and in smoke, as the product takes it."""

Cells = Callable[[Picture], NDArray[np.float32]]
"""A square picture to `(2, rows, columns)`."""


@dataclass(frozen=True, slots=True)
class Count:
    """Pictures of one group, of one kind."""

    group: str
    kind: str
    showing: int
    """Pictures that show it, as their publisher labelled them."""
    seen: int
    normal: int
    """Pictures that show neither fire nor smoke."""
    false: int


def surest(cells: Cells, picture: Picture) -> tuple[float, float]:
    """How sure it is of fire and of smoke anywhere in a square `picture`: in the whole and in nine
    windows of half its side."""
    side = picture.shape[0]
    steps = range(0, side - side // 2 + 1, max(1, side // 4))
    windows = [picture] + [
        np.ascontiguousarray(picture[y : y + side // 2, x : x + side // 2])
        for y in steps
        for x in steps
    ]
    found = [_confidences(cells(window)) for window in windows]
    return max(fire for fire, _ in found), max(smoke for _, smoke in found)


def _confidences(cells: NDArray[np.float32]) -> tuple[float, float]:
    fire, smoke = (
        float(np.sort(kind, axis=None)[-best:].mean())
        for kind, best in zip(cells, _BEST, strict=True)
    )
    return fire, smoke


def counted(
    group: str, pictures: Iterable[tuple[Picture, bool, bool]], cells: Cells
) -> tuple[Count, Count]:
    """The counts of a group's pictures, each with whether it shows fire and smoke."""
    said = [(*surest(cells, picture), fire, smoke) for picture, fire, smoke in pictures]
    normal = [(f, s) for f, s, fire, smoke in said if not fire and not smoke]
    fires = [f for f, _, fire, _ in said if fire]
    smokes = [s for _, s, _, smoke in said if smoke]
    return (
        Count(group, "fire", len(fires), _sure(fires), len(normal), _sure(f for f, _ in normal)),
        Count(group, "smoke", len(smokes), _sure(smokes), len(normal), _sure(s for _, s in normal)),
    )


def _sure(confidences: Iterable[float]) -> int:
    return sum(confidence >= SURE for confidence in confidences)


def write(counts: Iterable[Count], path: Path = COUNTS) -> None:
    """The counts as CSV."""
    rows = [asdict(count) for count in counts]
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read(path: Path = COUNTS) -> tuple[Count, ...]:
    """The counts of the last training."""
    with path.open(encoding="utf-8", newline="") as lines:
        return tuple(
            Count(row["group"], row["kind"], *(int(row[n]) for n in _NUMBERS))
            for row in csv.DictReader(lines)
        )


_NUMBERS: Final = ("showing", "seen", "normal", "false")
