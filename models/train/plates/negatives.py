"""What a locator may take for a plate and is none."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from models.train.plates.draw import DrawnPlate, Picture, Shapes, draw_plate
from models.train.plates.optics import seen_by_a_camera

Random = np.random.Generator

_SIGN: Final = (
    "가나다라마바사아자차카타파하주차금지출입구안전제일세차부동산식당약국버스정류장0123456789-"
)


def no_plate(around: Picture, shapes: Shapes, random: Random) -> Picture:
    """A crop without a readable Korean plate: surroundings, a sign, a plate the wrong way round."""
    chance = random.random()
    if chance < 0.3:
        image = _part(around, random)
    elif chance < 0.5:
        image = lettering(_SIGN, shapes, random)
    else:
        image = _wrong_way(draw_plate(random, shapes=shapes), random)
    return seen_by_a_camera(_resized(image, random), random)[0]


def lettering(alphabet: str, shapes: Shapes, random: Random) -> Picture:
    """A board with a few characters of `alphabet`, `(h, w, 3)` uint8 BGR."""
    count = int(random.integers(1, 11))
    height = int(random.integers(50, 70))
    step = int(height * random.uniform(0.5, 0.75))
    width = count * step + int(random.uniform(0.4, 1.6) * step)
    ground, ink = random.uniform(0, 1, 3), random.uniform(0, 1, 3)
    image = np.empty((height, width, 3), np.float32)
    image[:] = ground
    font = shapes.fonts[int(random.integers(len(shapes.fonts)))]
    tall, wide = int(height * random.uniform(0.5, 0.85)), int(step * random.uniform(0.7, 0.95))
    top, left = (height - tall) // 2, int((width - count * step) * random.uniform(0.2, 0.8))
    for i in range(count):
        shape = font.shape(alphabet[int(random.integers(len(alphabet)))])
        narrow = max(2, min(wide, round(shape.shape[1] * tall / shape.shape[0])))
        alpha = cv2.resize(shape, (narrow, tall)).astype(np.float32)[..., None] / 255
        x = left + i * step
        part = image[top : top + tall, x : x + narrow]
        part += (ink.astype(np.float32) - part) * alpha[: part.shape[0], : part.shape[1]]
    return np.asarray(np.clip(image * 255, 0, 255), np.uint8)


def _wrong_way(plate: DrawnPlate, random: Random) -> Picture:
    """Mirrored, upside down, or so cut that only a corner is left."""
    image = plate.image
    chance = random.random()
    if chance < 0.4:
        return np.ascontiguousarray(image[:, ::-1])
    if chance < 0.8:
        return np.ascontiguousarray(image[::-1, ::-1])
    if chance < 0.9:
        return np.ascontiguousarray(image[::-1])
    width = image.shape[1]
    share = random.uniform(0.12, 0.3)
    x = 0 if random.random() < 0.5 else int(width * (1 - share))
    return np.ascontiguousarray(image[:, x : x + int(width * share)])


def _part(around: Picture, random: Random) -> Picture:
    rows, columns = around.shape[:2]
    wide = int(random.uniform(0.15, 0.8) * columns)
    tall = int(np.clip(wide / random.uniform(1.5, 5.5), 12, rows))
    y, x = int(random.integers(rows - tall + 1)), int(random.integers(columns - wide + 1))
    return around[y : y + tall, x : x + wide]


def _resized(image: Picture, random: Random) -> Picture:
    width = int(np.exp(random.uniform(np.log(50), np.log(280))))
    height = max(12, round(image.shape[0] * width / image.shape[1]))
    fitted = cv2.resize(image, (width, min(height, 220)), interpolation=cv2.INTER_AREA)
    return np.asarray(fitted, np.uint8)
