"""Photographs of cars moved in many ways: towards, away, across, turning, fast, by night, coarse.

A car with its own plate stands in `cars.csv`; which half it is of says `halves.csv`. Every car goes
every way, each with numbers of its own from one seed.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from tests.support.plate_passages import Car, Drive

Random = np.random.Generator

_SEEN_PX: Final = (40, 60), (110, 190)
_CORNERS: Final = ("x1", "y1"), ("x2", "y2"), ("x3", "y3"), ("x4", "y4")


@dataclass(frozen=True, slots=True)
class Moved:
    """One passage and the way that it goes."""

    motion: str
    drive: Drive


def own_plates(cars: Path, files: set[str]) -> list[tuple[Car, str]]:
    """The cars of the table `cars` that are in one of `files`, each with its text."""
    with cars.open(encoding="utf-8", newline="") as lines:
        return [
            (Car(row["file"].rpartition("/")[2], _quad(row), part=_part(row)), row["text"])
            for row in csv.DictReader(lines)
            if row["file"] in files
        ]


def moved(cars: Sequence[tuple[Car, str]], seed: int) -> Iterator[Moved]:
    """Every car in every motion."""
    random = np.random.default_rng(seed)
    for car, text in cars:
        for motion, change in MOTIONS.items():
            yield Moved(motion, _bounded(change(_plain(car, text, random), random)))


def _plain(car: Car, text: str, random: Random) -> Drive:
    narrow, wide = (float(random.uniform(*bounds)) for bounds in _SEEN_PX)
    return Drive(
        car=car, text=text, plate=None, narrow_px=narrow, wide_px=wide, away=False,
        blur=float(random.uniform(0.5, 2.5)), hold_x=float(random.uniform(0.35, 0.65)),
    )  # fmt: skip


def _going(drive: Drive, random: Random) -> Drive:
    return replace(drive, away=True)


def _crossing(drive: Drive, random: Random) -> Drive:
    """Nearly as large all the way, and out of the picture's side."""
    wide = float(random.uniform(90, 160))
    way = float(random.uniform(0.6, 1.0)) * (1 if random.random() < 0.5 else -1)
    return replace(
        drive, narrow_px=0.8 * wide, wide_px=wide, cross=way, hold_x=0.5,
        away=bool(random.random() < 0.5), most_smear_px=6,
    )  # fmt: skip


def _turning(drive: Drive, random: Random) -> Drive:
    way = float(random.uniform(0.3, 0.6)) * (1 if random.random() < 0.5 else -1)
    return replace(drive, cross=way, hold_x=0.5, most_smear_px=4)


def _fast(drive: Drive, random: Random) -> Drive:
    return replace(
        drive, seconds=float(random.uniform(1.0, 1.6)), away=bool(random.random() < 0.5),
        most_smear_px=4,
    )  # fmt: skip


def _night(drive: Drive, random: Random) -> Drive:
    return replace(
        drive, light=float(random.uniform(0.3, 0.6)), noise=float(random.uniform(5, 9)),
        away=bool(random.random() < 0.5),
    )  # fmt: skip


def _coarse(drive: Drive, random: Random) -> Drive:
    return replace(drive, crf=int(random.integers(32, 37)), away=bool(random.random() < 0.5))


def _small(drive: Drive, random: Random) -> Drive:
    wide = float(random.uniform(70, 95))
    return replace(drive, narrow_px=0.5 * wide, wide_px=wide, away=bool(random.random() < 0.5))


MOTIONS: Final[dict[str, Callable[[Drive, Random], Drive]]] = {
    "coming": lambda drive, _: drive,
    "going": _going,
    "crossing": _crossing,
    "turning": _turning,
    "fast": _fast,
    "night": _night,
    "coarse": _coarse,
    "small": _small,
}


def _bounded(drive: Drive) -> Drive:
    """Never larger than the photograph has it."""
    across = float(np.hypot(*(np.array(drive.car.quad[1]) - np.array(drive.car.quad[0]))))
    wide = min(across, drive.wide_px)
    return replace(drive, wide_px=wide, narrow_px=min(drive.narrow_px, wide))


def _quad(row: dict[str, str]) -> tuple[tuple[float, float], ...]:
    return tuple((float(row[x]), float(row[y])) for x, y in _CORNERS)


def _part(row: dict[str, str]) -> tuple[int, int, int, int]:
    return int(row["left"]), int(row["top"]), int(row["right"]), int(row["bottom"])
