"""Paints the front or the rear of a vehicle with a place for its plate.

Not to be mistaken for a car by a person: what matters is that plates hang among lamps, slats,
chrome, badges and seams, and that none of those is a plate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.locator import decoys
from models.train.locator.decoys import Picture, Random

WIDE: Final = 320
"""Pixels of the painted vehicle's width."""

_BODIES: Final = (
    (235, 235, 235), (200, 200, 205), (130, 130, 135), (70, 70, 75), (25, 25, 28),
    (40, 30, 150), (120, 60, 30), (60, 140, 190), (60, 110, 60), (40, 170, 230),
)  # fmt: skip
_COMMON: Final = (0.24, 0.18, 0.14, 0.12, 0.16, 0.04, 0.04, 0.03, 0.02, 0.03)


Colour = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A painted vehicle and where a plate may hang on it."""

    picture: Picture
    """`(h, WIDE, 3)` uint8 BGR."""
    mask: NDArray[np.float32]
    """`(h, WIDE)`, 0..1: what of it is vehicle."""
    plate: tuple[float, float]
    """Its middle, in pixels."""
    pixels_per_mm: float


class _Painter:
    """Draws in fractions of the vehicle's width and height."""

    def __init__(self, tall: int, random: Random) -> None:
        self.size = (WIDE, tall)
        self.random = random
        self.picture = np.zeros((tall, WIDE, 3), np.uint8)

    def point(self, x: float, y: float) -> tuple[int, int]:
        return int(x * self.size[0]), int(y * self.size[1])

    def around(self, value: float, spread: float) -> float:
        return float(self.random.normal(value, spread))

    def shape(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        corners = np.array([self.point(*one) for one in points], np.int32)
        cv2.fillPoly(self.picture, [corners], [float(c) for c in colour], cv2.LINE_AA)

    def lines(self, points: Sequence[tuple[float, float]], grey: float, thick: int) -> None:
        corners = np.array([self.point(*one) for one in points], np.int32)
        cv2.polylines(self.picture, [corners], False, [grey] * 3, thick, cv2.LINE_AA)

    def patch(self, patch: Picture, box: tuple[float, float, float, float]) -> None:
        """Stretch `patch` into left, top, right, bottom."""
        left, top = self.point(max(0.0, box[0]), max(0.0, box[1]))
        right, bottom = self.point(min(1.0, box[2]), min(1.0, box[3]))
        if right - left > 1 and bottom - top > 1:
            size = (right - left, bottom - top)
            fitted = cv2.resize(patch, size, interpolation=cv2.INTER_AREA)
            self.picture[top:bottom, left:right] = fitted


def vehicle(random: Random) -> Vehicle:
    """A car, or now and then a lorry or bus."""
    large = random.random() < 0.22
    ratio = random.uniform(0.95, 1.35) if large else random.uniform(0.62, 0.98)
    pen = _Painter(int(WIDE * ratio), random)
    body = np.array(_BODIES[random.choice(len(_BODIES), p=_COMMON)], float)
    roof = random.uniform(0.0, 0.04) if large else random.uniform(0.1, 0.2)
    waist = random.uniform(0.35, 0.62)
    outline = [
        (roof, 0.02), (1 - roof, 0.02), (0.985, waist), (0.995, 0.92), (0.93, 0.99), (0.07, 0.99),
        (0.005, 0.92), (0.015, waist),
    ]  # fmt: skip
    mask = np.zeros((pen.size[1], WIDE), np.uint8)
    cv2.fillPoly(mask, [np.array([pen.point(*p) for p in outline], np.int32)], 255.0, cv2.LINE_AA)
    pen.shape([(0, 0), (1, 0), (1, 1), (0, 1)], body)
    _window(pen, roof, waist, large)
    _panels(pen, body, waist)
    place = _face(pen, body, waist)
    shade = np.linspace(random.uniform(0.9, 1.2), random.uniform(0.6, 1.1), pen.size[1])
    lit = pen.picture * shade[:, None, None]
    lit *= np.linspace(random.uniform(0.7, 1.2), random.uniform(0.7, 1.2), WIDE)[None, :, None]
    millimetres = random.uniform(2200, 2550) if large else random.uniform(1550, 1950)
    return Vehicle(
        np.clip(lit, 0, 255).astype(np.uint8),
        np.asarray(mask / 255, np.float32),
        (place[0] * WIDE, place[1] * pen.size[1]),
        WIDE / millimetres,
    )


def _window(pen: _Painter, roof: float, waist: float, large: bool) -> None:
    random = pen.random
    top = random.uniform(0.05, 0.12) if not large else random.uniform(0.08, 0.2)
    glass = random.uniform(10, 90) + random.uniform(-10, 20, 3)
    corners = [(roof + 0.05, top), (0.95 - roof, top), (0.9, waist - 0.06), (0.1, waist - 0.06)]
    pen.shape(corners, glass)
    if random.random() < 0.6:
        x = random.uniform(0.2, 0.7)
        sky = np.clip(glass + random.uniform(20, 120), 0, 255)
        pen.shape(
            [(x, top), (x + 0.15, top), (x + 0.05, waist - 0.08), (x - 0.1, waist - 0.08)], sky
        )
    if large and random.random() < 0.8:
        pen.patch(decoys.board(random), (0.2, 0.015, 0.8, top - 0.01))
    if random.random() < 0.3:
        x, y = random.uniform(0.15, 0.7), top + random.uniform(0.2, 0.6) * (waist - top - 0.1)
        pen.patch(decoys.board(random), (x, y, x + random.uniform(0.06, 0.2), y + 0.07))
    if random.random() < 0.3:
        pen.lines([(0.5, waist - 0.07), (random.uniform(0.2, 0.8), waist - 0.15)], 15, 2)


def _panels(pen: _Painter, body: NDArray[np.float64], waist: float) -> None:
    random = pen.random
    tone = np.clip(body + random.uniform(-30, 40), 0, 255)
    lower = waist + random.uniform(0.05, 0.15)
    pen.shape([(0.06, waist - 0.04), (0.94, waist - 0.04), (0.98, lower), (0.02, lower)], tone)
    for _ in range(int(random.integers(1, 5))):
        y = random.uniform(waist, 0.95)
        bow = random.normal(0, 0.02)
        pen.lines([(0.02, y), (0.5, y + bow), (0.98, y)], float(random.uniform(0, 200)), 1)
    if random.random() < 0.5:
        y = random.uniform(0.72, 0.85)
        pen.shape([(0, y), (1, y), (1, 1), (0, 1)], np.clip(body + random.uniform(-60, 20), 0, 255))
    if random.random() < 0.5:
        y = random.uniform(0.84, 0.95)
        pen.shape([(0.03, y), (0.97, y), (0.95, 1), (0.05, 1)], [random.uniform(5, 50)] * 3)


def _face(pen: _Painter, body: NDArray[np.float64], waist: float) -> tuple[float, float]:
    """Lamps, grilles, badge, lettering; returns the plate's middle in fractions."""
    random = pen.random
    rear = random.random() < 0.45
    y = waist + random.uniform(0.08, 0.2)
    lamp = (40, 40, 200) if rear else (235, 235, 225)
    colour = np.clip(np.array(lamp) * random.uniform(0.5, 1.2), 0, 255)
    if random.random() < 0.15:
        colour = np.array([random.uniform(60, 255)] * 3)
    wide, tall = random.uniform(0.07, 0.17), random.uniform(0.03, 0.08)
    inner = random.uniform(-0.03, 0.03)
    for side in (0.0, 1.0):
        x = 0.03 + wide if side == 0 else 0.97 - wide
        way = 1 if side == 0 else -1
        pen.shape(
            [(x - way * wide, y - tall), (x + way * wide, y - tall + inner),
             (x + way * wide * 0.8, y + tall), (x - way * wide * 0.9, y + tall * 0.8)],
            colour,
        )  # fmt: skip
    bands = int(random.integers(1, 4)) if not rear else int(random.integers(0, 2))
    for _ in range(bands):
        top, half = random.uniform(y - 0.06, 0.92), random.uniform(0.12, 0.36)
        pen.patch(
            decoys.grille(random), (0.5 - half, top, 0.5 + half, top + pen.around(0.09, 0.03))
        )
    if random.random() < 0.75:
        middle, axes = pen.point(0.5, y + pen.around(-0.03, 0.04)), (int(random.uniform(5, 13)), 6)
        grey = float(random.uniform(80, 250))
        cv2.ellipse(pen.picture, middle, axes, 0, 0, 360, [grey] * 3, int(random.choice([-1, 2])))
    if random.random() < 0.45:
        x = random.choice([random.uniform(0.05, 0.25), random.uniform(0.6, 0.75), 0.4])
        top = random.uniform(y - 0.12, 0.9)
        text, mask = decoys.lettering(random)
        _laid(pen, text, mask, (x, top, x + random.uniform(0.1, 0.25), top + 0.05))
    if random.random() < 0.2:
        x, top = random.uniform(0.05, 0.75), random.uniform(y, 0.85)
        pen.patch(decoys.board(random), (x, top, x + random.uniform(0.06, 0.2), top + 0.06))
    aside = 0.0 if random.random() < 0.75 else random.uniform(-0.28, 0.28)
    place = (0.5 + aside + random.normal(0, 0.015), random.uniform(min(y, 0.8), 0.92))
    if random.random() < 0.5:
        half, high = random.uniform(0.16, 0.24), random.uniform(0.04, 0.1)
        tone = np.clip(body * random.uniform(0.1, 1.1) + random.uniform(-20, 20), 0, 255)
        x, top = place
        pen.shape(
            [(x - half, top - high), (x + half, top - high), (x + half * 0.95, top + high),
             (x - half * 0.95, top + high)],
            tone,
        )  # fmt: skip
    return place


def _laid(
    pen: _Painter, patch: Picture, mask: NDArray[np.float32], box: tuple[float, float, float, float]
) -> None:
    left, top = pen.point(box[0], box[1])
    right, bottom = pen.point(min(1.0, box[2]), min(1.0, box[3]))
    if right - left < 2 or bottom - top < 2:
        return
    size = (right - left, bottom - top)
    soft = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)[..., None]
    part = pen.picture[top:bottom, left:right]
    pen.picture[top:bottom, left:right] = part * (1 - soft) + cv2.resize(patch, size) * soft
