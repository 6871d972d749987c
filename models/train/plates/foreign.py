"""Plates of other countries: their digits are read, their letters are not of the alphabet."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from models.plates import UNREADABLE, text_of
from models.train.plates import wear
from models.train.plates.draw import DrawnPlate, Shapes
from models.train.plates.wear import Wear

Random = np.random.Generator

LETTERS: Final = "ABCDEFGHJKLMNPRSTUVWXYZ"
_SLOTS: Final = (
    ("prefix1", "prefix2", "prefix3", "middle"),
    ("serial1", "serial2", "serial3", "serial4"),
)
_STRIP: Final = (0.75, 0.35, 0.05)
_WEAR: Final = Wear(covered=0.0)


def slots(count: int) -> tuple[str, ...]:
    """The places of `count` characters, 5 to 8: the last four are a Korean plate's serial, those
    before them stand where its class number and its letter do."""
    first, last = _SLOTS
    before = count - len(last)
    return (*(first if before == len(first) else first[len(first) - 1 - before : -1]), *last)


def foreign_plate(shapes: Shapes, random: Random) -> DrawnPlate:
    """Latin letters and digits on one line in groups, as most countries have them."""
    count = int(random.integers(5, 9))
    text = _text(count, random)
    height = int(random.integers(58, 76))
    width = int(height * random.uniform(4.0, 4.9))
    image = np.empty((height, width, 3), np.float32)
    ground = random.uniform(0.75, 1, 3) if random.random() < 0.85 else random.uniform(0, 1, 3)
    image[:] = ground
    left = random.uniform(0.02, 0.06) * width
    if random.random() < 0.6:
        strip = int(width * random.uniform(0.06, 0.1))
        image[:, :strip] = _STRIP
        left += strip
    if random.random() < 0.5:
        edge = float(random.uniform(0, 0.5))
        inset = int(random.integers(0, 4))
        corner = (width - 1 - inset, height - 1 - inset)
        cv2.rectangle(image, (inset, inset), corner, (edge, edge, edge), int(random.integers(1, 4)))
    gaps = np.zeros(count)
    for at in random.choice(np.arange(1, count), size=int(random.integers(0, 3)), replace=False):
        gaps[at] = random.uniform(0.2, 0.9)
    step = (width * random.uniform(0.93, 0.98) - left) / (count + gaps.sum())
    tall = int(height * random.uniform(0.55, 0.82))
    wide = int(min(step * random.uniform(0.72, 0.95), 0.75 * tall))
    top = int((height - tall) * random.uniform(0.35, 0.65))
    dark = float(ground.mean()) > 0.5
    ink = (random.uniform(0, 0.3, 3) if dark else random.uniform(0.7, 1, 3)).astype(np.float32)
    font = shapes.fonts[int(random.integers(len(shapes.fonts)))]
    thin = int(random.integers(-2, 2))
    centres: dict[str, tuple[float, float]] = {}
    for name, character, offset in zip(slots(count), text, np.cumsum(gaps), strict=True):
        shape = cv2.resize(font.shape(character), (4 * wide, 4 * tall))
        if thin:
            turn = cv2.erode if thin < 0 else cv2.dilate
            shape = turn(shape, np.ones((4 * abs(thin) + 1, 4 * abs(thin) + 1), np.uint8))
        narrow = max(2, wide // 3) if character in "1IJ" else wide
        fitted = cv2.resize(shape, (narrow, tall), interpolation=cv2.INTER_AREA)
        alpha = fitted.astype(np.float32)[..., None] / 255
        x = int(left + (len(centres) + offset) * step + (wide - narrow) / 2)
        part = image[top : top + tall, x : x + narrow]
        part += (ink - part) * alpha[:, : part.shape[1]]
        centres[name] = (min(1.0, (x + narrow / 2) / width), (top + tall / 2) / height)
    seen, _ = wear.worn(image, {}, (1.0, 1.0, 1.0), random, _WEAR)
    places = {
        name: character if character.isdigit() else UNREADABLE
        for name, character in zip(slots(count), text, strict=True)
    }
    picture = np.clip(seen * 255, 0, 255).astype(np.uint8)
    return DrawnPlate(picture, text_of(places), places, centres, "foreign", "unknown", "foreign")


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
