"""From a drawn plate to what a street camera's crop of it looks like.

Two kinds of crop are made: a rectified one (corners found, a little wrong) and a loose box around a
plate that is turned and slanted. Resolution falls to 50 pixels of plate width.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.plates.draw import DrawnPlate, Picture
from models.train.plates.optics import seen_by_a_camera

Random = np.random.Generator

NARROWEST: Final = 50
WIDEST: Final = 300
"""Pixels of plate width, drawn evenly in the logarithm."""

_EASY_EXTRA: Final = 90
"""By how many pixels the narrowest plate is wider at hardness 0."""

_LOST: Final = 0.012
"""A character whose centre is nearer to the crop's edge than this cannot be read."""


@dataclass(frozen=True, slots=True)
class StreetCrop:
    """A crop as the reader gets it, and its truth."""

    image: Picture
    places: Mapping[str, str]
    centres: Mapping[str, tuple[float, float]]
    """In fractions of the crop."""
    grey: bool
    """No colour is left to be seen."""


def street_crop(
    plate: DrawnPlate, around: Picture, random: Random, hardness: float = 1.0
) -> StreetCrop:
    """One crop of `plate` on a car; `around` is a picture to take the surroundings from.

    `hardness` 0..1 is how much of the street's trouble is in it: learning starts with little.
    """
    image, bent = _bent(plate.image, random)
    height, width = image.shape[:2]
    quad, bounds = _view(width, height, random, hardness)
    left, top, right, bottom = bounds
    narrowest = NARROWEST + (1 - hardness) * _EASY_EXTRA
    seen_px = float(np.exp(random.uniform(np.log(narrowest), np.log(WIDEST))))
    if width < 2.6 * height:
        seen_px = max(narrowest, seen_px * 0.8)
    across = float(quad[:, 0].max() - quad[:, 0].min())
    scale = min(seen_px / across, 310 / (right - left))
    size = max(20, round((right - left) * scale)), max(10, round((bottom - top) * scale))
    target = ((quad - (left, top)) * scale).astype(np.float32)
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    move = np.asarray(cv2.getPerspectiveTransform(source, target), np.float64)
    shrink = across * scale / width
    if shrink < 0.6:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.45 / shrink), np.uint8)
    canvas = _surroundings(around, size, random)
    cv2.warpPerspective(
        image, move, size, dst=canvas, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
    )
    crop, grey = seen_by_a_camera(canvas, random, hardness)
    centres = _moved(plate.centres, bent, (width, height), move, size)
    places = dict(plate.places)
    for place, (x, y) in centres.items():
        if not (_LOST < x < 1 - _LOST and _LOST < y < 1 - _LOST):
            places[place] = "?"
    return StreetCrop(crop, places, centres, grey)


def _bent(image: Picture, random: Random) -> tuple[Picture, NDArray[np.float32]]:
    """Follows a bumper's curve; also by how many pixels each column went up."""
    height, width = image.shape[:2]
    lift = np.zeros(width, np.float32)
    if width < 2.6 * height or random.random() > 0.3:
        return image, lift
    x = np.arange(width, dtype=np.float32) / width - 0.5 - random.uniform(-0.2, 0.2)
    lift = (random.uniform(-0.16, 0.16) * height * 4 * x * x).astype(np.float32)
    lift -= lift.mean()
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    moved = cv2.remap(image, columns, rows + lift, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8), lift


def _view(
    width: int, height: int, random: Random, hardness: float
) -> tuple[NDArray[np.float64], tuple[float, float, float, float]]:
    """The plate's corners as seen, and the crop's bounds around them (left, top, right, bottom)."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    if random.random() < 1 - 0.5 * hardness:  # rectified
        squeezed = random.uniform(0.45, 1.0) if random.random() < 0.4 * hardness else 1.0
        quad = corners * (squeezed, 1) + random.normal(0, 1, (4, 2)) * (
            0.012 * width * squeezed,
            0.03 * height,
        )
        margins = random.uniform(-0.03, 0.09, 4)
    else:
        turn = np.deg2rad(random.normal(0, 6))
        turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        slant = np.array([[1, random.normal(0, 0.12)], [random.normal(0, 0.09), 1]])
        squeeze = np.diag([random.uniform(0.5, 1.05), 1.0])
        middle = corners.mean(0)
        quad = (corners - middle) @ (turned @ slant @ squeeze).T + middle
        quad += random.normal(0, 0.03 * height, (4, 2))
        margins = random.uniform(-0.02, 0.10 if random.random() < 0.8 else 0.22, 4)
    if random.random() < 0.05 * hardness:  # far too large a box
        margins = random.uniform(0, 0.45, 4) * (1, 1, 0.4, 0.4)
    elif random.random() < 0.04 * hardness:  # half out of the picture
        margins[int(random.integers(2))] = -random.uniform(0.05, 0.3)
    low, high = quad.min(0), quad.max(0)
    reach = (high - low) * (1, 1.3)
    return quad, (
        float(low[0] - margins[0] * reach[0]),
        float(low[1] - margins[2] * reach[1]),
        float(high[0] + margins[1] * reach[0]),
        float(high[1] + margins[3] * reach[1]),
    )


def _surroundings(around: Picture, size: tuple[int, int], random: Random) -> Picture:
    """Part of a picture, or a plain bumper, to lie around the plate."""
    width, height = size
    if random.random() < 0.5:
        rows, columns = around.shape[:2]
        tall, wide = min(rows, 60), min(columns, 130)
        y, x = int(random.integers(rows - tall + 1)), int(random.integers(columns - wide + 1))
        part = cv2.resize(around[y : y + tall, x : x + wide], size)
        return np.asarray(cv2.convertScaleAbs(part, alpha=random.uniform(0.3, 1.1)), np.uint8)
    tone = random.uniform(0, 200) * random.choice([0.3, 1]) * np.ones(3)
    if random.random() < 0.5:
        tone = tone * random.uniform(0.5, 1.2, 3)
    fall = np.linspace(1, random.uniform(0.2, 1.3), height)[:, None, None]
    plain = np.broadcast_to(tone * fall, (height, width, 3))
    return np.array(np.clip(plain, 0, 255), np.uint8)


def _moved(
    centres: Mapping[str, tuple[float, float]],
    lift: NDArray[np.float32],
    plate: tuple[int, int],
    move: NDArray[np.float64],
    size: tuple[int, int],
) -> dict[str, tuple[float, float]]:
    names = list(centres)
    points = np.array([centres[name] for name in names], np.float32) * np.array(plate, np.float32)
    columns = np.clip(points[:, 0].astype(int), 0, plate[0] - 1)
    points[:, 1] -= lift[columns]
    seen = cv2.perspectiveTransform(points[None], move)[0] / np.array(size)
    return {name: (float(x), float(y)) for name, (x, y) in zip(names, seen, strict=True)}
