"""Cars with their own plates in many motions, and cars of another country, through `analyze`.

The development half is what looking, voting and waiting were developed on:
`python -m tests.accuracy.test_plate_motions` tells it; it takes minutes and is no part of
`make accuracy`.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from polewatch.accuracy.measurement import share
from polewatch.accuracy.shipped import PER_SECOND
from tests.accuracy.plate_sets import FOLDER, in_half
from tests.accuracy.reporting import leave
from tests.accuracy.test_plate_passages import DATA, Driven, drive_past, figures
from tests.support.plate_motions import MOTIONS, Moved, moved, own_plates
from tests.support.plate_passages import Car

pytestmark = pytest.mark.timeout(1800)

SEEDS: Final = {"development": 20261126, "frozen": 20261205}
FOREIGN_SEEDS: Final = {"development": 20261128, "frozen": 20261206}
"""Those of the frozen half were fixed before it was first drawn from."""

FOREIGN: Final = DATA / "plates" / "european"
SURE: Final = 0.9
"""A read that a person would act on."""

_CONDITION: Final = f"`polewatch agent analyze` as it ships, {PER_SECOND:g} pictures a second"
_TUNED: Final = (
    "nothing on these passages; which part is looked at, how looks are weighed and how sure their "
    "sum may be was chosen on the development half (seed 20261126)"
)


def test_cars_in_many_motions(tmp_path: Path) -> None:
    """Every car in every second motion, so that all are seen and the run stays short."""
    ways = list(MOTIONS)
    chosen = [
        one
        for number, one in enumerate(own_cars("frozen"))
        if (number // len(ways) + ways.index(one.motion)) % 2 == 0
    ]
    driven = [
        drive_past(one.drive, tmp_path / "passage.mp4", SEEDS["frozen"] + n)
        for n, one in enumerate(chosen)
    ]
    leave(
        "plate-photographs-motions",
        "Photographs of cars with their own plates, in many motions",
        figures("plate-motions", driven),
        footage=(
            f"{len(driven)} passages of the seven cars of the frozen half (labels/plates/"
            "cars.csv), each in four of eight motions: towards, away, across the picture, turning, "
            "fast, by night (light 0.3 to 0.6, more noise), coarsely coded, and small (the plate "
            "70 to 95 pixels at its widest)"
        ),
        condition=_CONDITION,
        tuned=_TUNED,
        test="test_plate_motions.py",
        notes=[
            "Harder than what the bars of passages are for: half of the motions are made to be "
            "hard. The movement, its blur, noise and H.264 are made.",
            _wrong(chosen, driven),
        ],
    )


def test_cars_of_another_country(tmp_path: Path) -> None:
    chosen = foreign_cars("frozen", ("coming",))
    driven = [
        drive_past(one.drive, tmp_path / "passage.mp4", FOREIGN_SEEDS["frozen"] + number, FOREIGN)
        for number, one in enumerate(chosen)
    ]
    ours = [read for one in driven for read in one.reads if read.type != "foreign"]
    sure = [read for read in ours if read.confidence >= SURE]
    told = ", ".join(f"{read.text} ({read.confidence:.2f})" for read in ours)
    leave(
        "plate-photographs-foreign",
        "Photographs of Romanian cars, moved",
        [
            share("plate-foreign.sure", "told surely as ours", len(sure), len(driven)),
            share("plate-foreign.ours", "told as ours at all", len(ours), len(driven)),
            share(
                "plate-foreign.marked",
                "told and marked as foreign",
                sum(any(read.type == "foreign" for read in one.reads) for one in driven),
                len(driven),
            ),
        ],
        footage=(
            f"{len(driven)} passages, a car coming closer in each: photographs of data/plates/"
            "european with a plate at least 80 pixels wide, the frozen half (labels/plates/"
            "foreign.csv); a few cars are in several photographs"
        ),
        condition=f"{_CONDITION}; surely: with a confidence of {SURE} or more",
        tuned=(
            f"{_TUNED}; the locator learned from these pictures, with drawn plates in place of "
            "their own, and is at its best here"
        ),
        test="test_plate_motions.py",
        notes=[f"Told as ours: {told or 'none'}."],
    )


def own_cars(half: str) -> list[Moved]:
    """The Korean cars of one half in all motions."""
    return list(moved(own_plates(FOLDER / "cars.csv", in_half(half)), SEEDS[half]))


def foreign_cars(half: str, motions: tuple[str, ...] = ("coming", "going")) -> list[Moved]:
    """The cars of another country of one half; their texts are nobody's business."""
    cars = [(car, "") for car in _foreign(half)]
    return [one for one in moved(cars, FOREIGN_SEEDS[half]) if one.motion in motions]


def _foreign(half: str) -> Iterator[Car]:
    with (FOLDER / "foreign.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["half"] == half:
                x1, y1, x2, y2 = (float(row[side]) for side in ("x1", "y1", "x2", "y2"))
                yield Car(row["file"], ((x1, y1), (x2, y1), (x2, y2), (x1, y2)))


def _wrong(chosen: list[Moved], driven: list[Driven]) -> str:
    lines = [
        f"{at.drive.text} {at.motion} as {', '.join(one.texts) or 'nothing'}"
        for at, one in zip(chosen, driven, strict=True)
        if one.texts != (at.drive.text,)
    ]
    return f"Not exact: {'; '.join(lines) or 'none'}."


def main() -> None:
    """Tell what of the development half is read, in how many minutes it takes."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = own_cars("development")
        exact = 0
        for number, one in enumerate(chosen):
            path = Path(folder) / "passage.mp4"
            seen = drive_past(one.drive, path, SEEDS["development"] + number)
            exact += seen.texts == (one.drive.text,)
            print(one.motion, one.drive.text, *seen.texts, file=sys.stderr)
        print(f"exact {exact} of {len(chosen)}")


if __name__ == "__main__":
    main()
