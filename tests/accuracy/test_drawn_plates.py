"""The plate reader on drawn plates of every kind: many, so that the intervals are narrow.

They come from the same generator as the training, under a seed of their own: this says which kinds
the reader knows and how far its confidence can be believed, not how it fares in the street.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pytest

from edge_agent.plates.reader import PlateReader
from models.registry import Registry
from models.train.plates.degrade import street_crop
from models.train.plates.draw import Shapes, draw_plate
from models.train.plates.glyphs import FontFace, drawings
from models.train.plates.layout import LAYOUTS
from models.train.plates.negatives import no_plate
from models.train.plates.samples import surroundings
from polewatch.accuracy.measurement import Figure, share
from tests.accuracy.reporting import leave

pytestmark = pytest.mark.timeout(900)

DATA: Final = Path("../shared/data")
FONT: Final = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc")
SEED: Final = 20261199
EACH: Final = 200
"""Crops of every layout."""
NARROWEST: Final = 75
NO_PLATES: Final = 1000
SURE: Final = 0.9
"""The confidence from which a read of no plate counts as a false one."""

TITLES: Final = {
    "p7": "seven characters, long",
    "p8-film": "eight characters, film",
    "p8": "eight characters, long",
    "p7-short": "seven characters, short",
    "p8-short": "eight characters, short",
    "comm": "commercial, long",
    "comm-two": "commercial, two lines",
    "old": "old with region, two lines",
    "green": "old green, two lines",
    "dipl": "diplomatic, long",
    "dipl-two": "diplomatic, two lines",
    "mil": "military, long",
    "mil-short": "military, short",
    "cons": "construction, long",
    "cons-short": "construction, short",
    "cons-old": "old construction, long",
    "cons-two": "old construction, two lines",
    "temp": "temporary",
    "moto-old": "old motorcycle, two lines",
    "moto": "motorcycle, two lines",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One crop read."""

    layout: str
    right: bool
    type_right: bool
    colour_right: bool | None
    confidence: float


def test_every_kind_of_drawn_plate_is_read() -> None:
    outcomes = _outcomes()
    by_layout: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        by_layout[one.layout].append(one)
    assert set(by_layout) == set(TITLES)
    figures: list[Figure] = []
    for name, title in TITLES.items():
        found = by_layout[name]
        right = sum(one.right for one in found)
        figures.append(share(f"plates-drawn.{name}", f"exact, {title}", right, len(found)))
    kinds = sum(one.type_right for one in outcomes)
    coloured = [one.colour_right for one in outcomes if one.colour_right is not None]
    figures.append(share("plates-drawn.type", "type told", kinds, len(outcomes)))
    figures.append(share("plates-drawn.colour", "colour told", sum(coloured), len(coloured)))
    figures.append(_covered(outcomes))
    figures.append(_miscalibration(outcomes))
    leave(
        "plates-3-drawn",
        "Plates: drawn, of every kind, frozen seed",
        figures,
        footage=(
            f"{EACH} crops of each of {len(TITLES)} kinds, plates {NARROWEST} to 300 pixels wide, "
            "with all the street's trouble (blur, dirt, glare, night, cover, compression); some "
            "of them nobody could read"
        ),
        condition="the reader alone on the crop; characters that are covered must be read as ?",
        tuned="drawn by the generator of the training, from a seed that nothing was fitted to",
        test="test_drawn_plates.py",
    )


def test_what_is_no_plate_is_not_read_with_confidence() -> None:
    reader, random = PlateReader(Registry.default()), np.random.default_rng(SEED + 1)
    shapes, pictures = _shapes(), surroundings(DATA)
    sure = 0
    for _ in range(NO_PLATES):
        around = pictures[int(random.integers(len(pictures)))]
        (read,) = reader.read([no_plate(around, shapes, random)])
        sure += read.confidence >= SURE
    leave(
        "plates-4-no-plates",
        "Plates: signs, surroundings, plates mirrored and upside down",
        [share("plates-drawn.false", f"read with confidence {SURE:g} or more", sure, NO_PLATES)],
        footage=f"{NO_PLATES} drawn or cut crops without a readable Korean plate",
        condition="the reader alone on the crop",
        tuned="made as the training's negatives are, from a seed that nothing was fitted to",
        test="test_drawn_plates.py",
    )


@cache
def _outcomes() -> tuple[Outcome, ...]:
    cv2.setNumThreads(1)
    reader, random = PlateReader(Registry.default()), np.random.default_rng(SEED)
    shapes, pictures = _shapes(), surroundings(DATA)
    found = []
    for layout in LAYOUTS:
        kept = 0
        while kept < EACH:
            plate = draw_plate(random, layout, shapes=shapes)
            around = pictures[int(random.integers(len(pictures)))]
            crop = street_crop(plate, around, random)
            if crop.image.shape[1] < NARROWEST:
                continue
            kept += 1
            (read,) = reader.read([crop.image])
            said = {one.place: one.best.text for one in read.characters}
            found.append(
                Outcome(
                    layout.name,
                    all(text == crop.places.get(place, "") for place, text in said.items()),
                    read.type == plate.type,
                    None if crop.grey else read.colour == plate.colour,
                    read.confidence,
                )
            )
    return tuple(found)


def _shapes() -> Shapes:
    """One font, so that every machine draws the same plates."""
    assert FONT.exists(), f"{FONT} is missing; install it by: apt install fonts-noto-cjk"
    return Shapes(drawings(DATA), [FontFace(FONT)])


def _covered(outcomes: tuple[Outcome, ...], precision: float = 0.995) -> Figure:
    """The largest share of reads, the surest first, of which 99.5 % are right."""
    ranked = sorted(outcomes, key=lambda one: -one.confidence)
    right = np.cumsum([one.right for one in ranked])
    holds = np.flatnonzero(right >= precision * np.arange(1, len(ranked) + 1))
    kept = int(holds[-1]) + 1 if holds.size else 0
    return share("plates-drawn.coverage", "kept at 99.5 % precision", kept, len(ranked))


def _miscalibration(outcomes: tuple[Outcome, ...]) -> Figure:
    """Expected calibration error over ten bins of equal count."""
    ranked = sorted(outcomes, key=lambda one: one.confidence)
    bins = [[ranked[i] for i in part] for part in np.array_split(np.arange(len(ranked)), 10)]
    error = sum(
        abs(sum(one.confidence for one in part) - sum(one.right for one in part)) for part in bins
    )
    return Figure(
        id="plates-drawn.miscalibration",
        label="confidence off by (mean over ten bins)",
        value=error / len(ranked),
        basis=f"{len(ranked)} reads",
    )
