"""Plates of other countries: their digits are read, their letters are not of the alphabet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from models.plates import UNREADABLE
from models.train.plates.draw import Picture, Shapes
from models.train.plates.optics import seen_by_a_camera

Random = np.random.Generator

LETTERS: Final = "ABCDEFGHJKLMNPRSTUVWXYZ"
_SLOTS: Final = (
    ("prefix1", "prefix2", "prefix3", "middle"),
    ("serial1", "serial2", "serial3", "serial4"),
)
_STRIP: Final = (0.75, 0.35, 0.05)


@dataclass(frozen=True, slots=True)
class ForeignPlate:
    """One crop and its truth."""

    image: Picture
    places: Mapping[str, str]
    centres: Mapping[str, tuple[float, float]]
    """Of each character, in fractions of the crop."""


def slots(count: int) -> tuple[str, ...]:
    """The places of `count` characters, 5 to 8: the last four are a Korean plate's serial, those
    before them stand where its class number and its letter do."""
    first, last = _SLOTS
    before = count - len(last)
    return (*(first if before == len(first) else first[len(first) - 1 - before : -1]), *last)


def foreign_plate(shapes: Shapes, random: Random) -> ForeignPlate:
    """Latin letters and digits on one line in two or three groups, as most countries have them."""
    count = int(random.integers(5, 9))
    text = _text(count, random)
    height = int(random.integers(50, 70))
    step = int(height * random.uniform(0.5, 0.75))
    gaps = np.zeros(count)
    for at in random.choice(np.arange(1, count), size=int(random.integers(0, 3)), replace=False):
        gaps[at] = random.uniform(0.15, 0.8) * step
    offsets = np.arange(count) * step + np.cumsum(gaps)
    free = int(random.uniform(0.4, 1.6) * step)
    width = int(offsets[-1]) + step + free
    image = np.empty((height, width, 3), np.float32)
    image[:] = random.uniform(0.7, 1, 3)
    left = free * random.uniform(0.3, 0.8)
    if random.random() < 0.6:
        image[:, : int(width * random.uniform(0.06, 0.1))] = _STRIP
        left = max(left, 0.08 * width)
    ink = random.uniform(0, 0.25, 3).astype(np.float32)
    font = shapes.fonts[int(random.integers(len(shapes.fonts)))]
    tall, wide = int(height * random.uniform(0.5, 0.85)), int(step * random.uniform(0.7, 0.95))
    top = (height - tall) // 2
    centres = {}
    for name, character, offset in zip(slots(count), text, offsets, strict=True):
        shape = font.shape(character)
        narrow = max(2, min(wide, round(shape.shape[1] * tall / shape.shape[0])))
        alpha = cv2.resize(shape, (narrow, tall)).astype(np.float32)[..., None] / 255
        x = int(left + offset)
        part = image[top : top + tall, x : x + narrow]
        part += (ink - part) * alpha[:, : part.shape[1]]
        centres[name] = (min(1.0, (x + narrow / 2) / width), 0.5)
    places = {
        name: character if character.isdigit() else UNREADABLE
        for name, character in zip(slots(count), text, strict=True)
    }
    seen = np.clip(image * 255, 0, 255).astype(np.uint8)
    px = int(np.exp(random.uniform(np.log(50), np.log(280))))
    fitted = cv2.resize(seen, (px, max(12, round(height * px / width))))
    small = np.asarray(fitted, np.uint8)
    return ForeignPlate(seen_by_a_camera(small, random)[0], places, centres)


def _text(count: int, random: Random) -> str:
    """Letters and digits in runs; at least one letter and one digit."""
    while True:
        runs = random.random(count) < 0.5
        for at in range(1, count):
            if random.random() < 0.65:
                runs[at] = runs[at - 1]
        if runs.any() and not runs.all():
            break
    return "".join(
        LETTERS[int(random.integers(len(LETTERS)))] if letter else str(random.integers(10))
        for letter in runs
    )
