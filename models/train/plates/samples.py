"""The endless, seeded stream of training samples of the plate reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.plates import COLOURS, PLACES, TYPES
from models.train.plates.degrade import StreetCrop, street_crop
from models.train.plates.draw import DrawnPlate, Picture, Shapes, default_shapes, draw_plate
from models.train.plates.foreign import foreign_plate
from models.train.plates.lessons import MASKED, lesson, masked
from models.train.plates.negatives import no_plate

SIZE: Final = (192, 80)
"""Width and height of the reader's picture."""

CROPS_A_PLATE: Final = 3
"""Crops made of one drawn plate: drawing costs more than degrading."""

NO_PLATE: Final = 0.12
FOREIGN: Final = 0.02
FOREIGN_TAUGHT: Final = 0.05
"""Where lessons are drawn too."""

IGNORED: Final = -100
"""A target that is not taught."""

_INDEX: Final = {place: {c: i for i, c in enumerate(cs)} for place, cs in PLACES.items()}
_CLIPS: Final = {"one-by-one-person-detection.mp4": 60}

Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Sample:
    """One crop at the reader's size and what is to be said of it."""

    image: Picture
    """`(80, 192, 3)` uint8 BGR."""
    targets: NDArray[np.int64]
    """`(13,)`: the class at each place, of the type and of the colour; IGNORED where unknown."""
    centres: NDArray[np.float32]
    """`(11, 2)`: x, y of each place's ink in pixels of `image`; NaN where there is none."""
    layout: str
    """The layout's name, "foreign" or "none"."""
    width: int
    """Pixels of the crop before it was fitted."""


@cache
def surroundings(data: Path) -> list[Picture]:
    """Frames of one of Intel's clips and of the fire set: none holds a Korean plate to be read.

    Raises FileNotFoundError when the data is not there.
    """
    found = []
    for clip, every in _CLIPS.items():
        capture = cv2.VideoCapture(str(data / "video" / clip))
        number = 0
        while capture.grab():
            if number % every == 0:
                found.append(_small(np.asarray(capture.retrieve()[1], np.uint8)))
            number += 1
    for file in sorted((data / "fire/cctv_fire/images").glob("*"))[::6]:
        picture = cv2.imread(str(file))
        if picture is not None:
            found.append(_small(np.asarray(picture, np.uint8)))
    if not found:
        raise FileNotFoundError(f"{data}: no video and no pictures for the surroundings of plates")
    return found


def _small(picture: Picture) -> Picture:
    height = round(picture.shape[0] * 320 / picture.shape[1])
    return np.asarray(cv2.resize(picture, (320, height), interpolation=cv2.INTER_AREA), np.uint8)


def samples(
    seed: int | tuple[int, ...],
    data: Path,
    *,
    shapes: Shapes | None = None,
    hardness: float = 1.0,
    lessons: float = 0.0,
) -> Iterator[Sample]:
    """Samples without end, the same for the same seed, fonts and data.

    `lessons` is the share of plates that are drawn as lessons.
    """
    cv2.setNumThreads(1)
    random = np.random.default_rng(seed)
    shapes = shapes or default_shapes(data)
    pictures = surroundings(data)
    foreign = FOREIGN_TAUGHT if lessons else FOREIGN
    while True:
        around = pictures[int(random.integers(len(pictures)))]
        chance = random.random()
        if chance < NO_PLATE:
            yield _no_plate(no_plate(around, shapes, random), random)
        elif chance < NO_PLATE + foreign:
            plate = foreign_plate(shapes, random)
            for _ in range(CROPS_A_PLATE):
                yield _sample(street_crop(plate, around, random, hardness), plate, random)
        else:
            worn = bool(random.random() < hardness)
            taught = bool(lessons) and random.random() < lessons
            if taught:
                plate = lesson(random, shapes, worn=worn)
            else:
                plate = draw_plate(random, shapes=shapes, worn=worn)
            for _ in range(CROPS_A_PLATE):
                crop = street_crop(plate, around, random, hardness)
                if taught and random.random() < MASKED:
                    crop = masked(crop, random)
                yield _sample(crop, plate, random)


def _sample(crop: StreetCrop, plate: DrawnPlate, random: Random) -> Sample:
    flat_grey = int(np.ptp(crop.image, axis=2).max()) < 12
    colour = COLOURS.index("unknown" if crop.grey or flat_grey else plate.colour)
    if plate.type == "foreign":
        colour = IGNORED
    targets = _targets(crop.places, plate.type, colour)
    legible = {place: at for place, at in crop.centres.items() if crop.places[place] != "?"}
    image, width = fitted(crop.image, random), crop.image.shape[1]
    return Sample(image, targets, _centres(legible), plate.layout, width)


def _no_plate(image: Picture, random: Random) -> Sample:
    width = image.shape[1]
    return Sample(fitted(image, random), _targets({}, "none", IGNORED), _centres({}), "none", width)


def _centres(known: Mapping[str, tuple[float, float]]) -> NDArray[np.float32]:
    """`(11, 2)` in pixels of the reader's picture; NaN for places that are not `known`."""
    found = [known.get(place, (np.nan, np.nan)) for place in PLACES]
    return np.array(found, np.float32) * np.array(SIZE, np.float32)


def _targets(places: Mapping[str, str], kind: str, colour: int) -> NDArray[np.int64]:
    found = [_INDEX[place][places.get(place, "")] for place in PLACES]
    return np.array([*found, TYPES.index(kind), colour], np.int64)


_WAYS: Final = (cv2.INTER_LINEAR, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA)


def fitted(image: Picture, random: Random) -> Picture:
    """`image` stretched to the reader's size in one of the usual ways."""
    way = _WAYS[int(random.integers(len(_WAYS)))]
    return np.asarray(cv2.resize(image, SIZE, interpolation=way), np.uint8)
