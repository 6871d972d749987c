"""A plate's ground: its colour, border, film strip and emblems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.plates.layout import Layout

Canvas = NDArray[np.float32]
"""`(h, w, 3)` float32 BGR, 0..1."""
Random = np.random.Generator
Colour = tuple[float, float, float]

GROUND_COLOURS: Final[dict[str, Colour]] = {
    "white": (0.95, 0.95, 0.95),
    "yellow": (0.05, 0.70, 0.97),
    "blue": (0.95, 0.88, 0.70),
    "lightgreen": (0.55, 0.88, 0.62),
    "green": (0.28, 0.42, 0.08),
    "navy": (0.42, 0.18, 0.10),
    "orange": (0.15, 0.50, 0.96),
    "black": (0.10, 0.10, 0.10),
}
"""Blue, green, red of each ground, read off the drawings and photographs."""

GLYPH_COLOURS: Final[dict[str, Colour]] = {
    "white": (0.08, 0.08, 0.08),
    "yellow": (0.08, 0.08, 0.08),
    "blue": (0.08, 0.08, 0.08),
    "lightgreen": (0.08, 0.08, 0.08),
    "green": (0.93, 0.95, 0.93),
    "navy": (0.95, 0.95, 0.95),
    "orange": (0.95, 0.95, 0.95),
    "black": (0.92, 0.92, 0.92),
}

_BLUE_INK: Final[Colour] = (0.45, 0.20, 0.10)
_GREEN_INK: Final[Colour] = (0.25, 0.35, 0.08)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a ground is made for."""

    layout: Layout
    colour: str
    size: tuple[int, int]
    """Width and height in pixels."""
    k: float
    """Pixels a millimetre."""


def ground(wanted: Ground, random: Random) -> Canvas:
    """The plate before anything is written on it."""
    width, height = wanted.size
    tone = np.array(GROUND_COLOURS[wanted.colour]) + random.normal(0, 0.035, 3)
    canvas = np.empty((height, width, 3), np.float32)
    canvas[:] = np.clip(tone, 0.03, 1)
    name = wanted.layout.name
    if (name == "p8-film" and random.random() < 0.9) or random.random() < 0.03:
        _film_strip(canvas, wanted.k, random)
    if wanted.colour == "blue" and wanted.layout.width == 520 and random.random() < 0.8:
        _electric_emblems(canvas, wanted.k, random)
    if name == "cons-two" and random.random() < 0.7:
        _circled(canvas, (36, 40), 18, wanted.k)
    if random.random() < 0.75:
        _border(canvas, wanted, random)
    return canvas


def ink_colour(wanted_type: str, colour: str, random: Random) -> Colour:
    """The characters' colour: old motorcycle plates are written in blue, some old ones in green."""
    if wanted_type == "moto" and random.random() < 0.5:
        return _BLUE_INK
    if wanted_type == "old" and colour == "white":
        return _GREEN_INK
    if wanted_type == "cons" and random.random() < 0.25:
        return GLYPH_COLOURS["white"]
    return GLYPH_COLOURS[colour]


def _film_strip(canvas: Canvas, k: float, random: Random) -> None:
    """The blue strip at the left with the hologram and KOR."""
    height = canvas.shape[0]
    wide = int(random.uniform(44, 58) * k)
    strip = np.array((0.62, 0.33, 0.12)) * random.uniform(0.5, 1.5)
    fade = np.linspace(1, random.uniform(0.6, 1.2), height)[:, None, None]
    canvas[:, :wide] = np.clip(strip * fade, 0, 1)
    middle = (wide // 2, int(height * random.uniform(0.28, 0.42)))
    tone = tuple(float(v) for v in strip * random.uniform(0.4, 2.0))
    thick = -1 if random.random() < 0.5 else 1
    cv2.circle(canvas, middle, max(2, int(wide * 0.34)), tone, thick, cv2.LINE_AA)
    if random.random() < 0.8:
        write(canvas, "KOR", (2, int(height * 0.86)), wide / 75, tone)


def _electric_emblems(canvas: Canvas, k: float, random: Random) -> None:
    tone = (0.85, 0.66, 0.42)
    x = int(random.uniform(10, 24) * k)
    cv2.circle(canvas, (x, int(30 * k)), int(12 * k), tone, 1, cv2.LINE_AA)
    cv2.circle(canvas, (x, int(78 * k)), int(13 * k), tone, -1, cv2.LINE_AA)
    write(canvas, "EV", (int(482 * k), int(66 * k)), 0.5 * k / 0.6, tone)


def _circled(canvas: Canvas, at: tuple[float, float], radius: float, k: float) -> None:
    """The circled mark of a business before the region of old construction plates."""
    centre = (int(at[0] * k), int(at[1] * k))
    cv2.circle(canvas, centre, int(radius * k), (0.92, 0.92, 0.92), 1, cv2.LINE_AA)
    cv2.circle(canvas, centre, int(radius * k * 0.45), (0.92, 0.92, 0.92), 1, cv2.LINE_AA)


def _border(canvas: Canvas, wanted: Ground, random: Random) -> None:
    height, width = canvas.shape[:2]
    inset = int(random.uniform(1.5, 7) * wanted.k)
    if random.random() < 0.6:
        line = np.array(GLYPH_COLOURS[wanted.colour])
    else:
        line = canvas[height // 2, width // 2] * random.uniform(0.6, 1.1)
    end = (width - 1 - inset, height - 1 - inset)
    tone = tuple(float(v) for v in line)
    cv2.rectangle(canvas, (inset, inset), end, tone, int(random.integers(1, 3)))


def write(
    canvas: Canvas, text: str, at: tuple[int, int], scale: float, tone: tuple[float, ...]
) -> None:
    """Latin letters in OpenCV's own strokes."""
    mask = np.zeros(canvas.shape[:2], np.uint8)
    cv2.putText(mask, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 1, cv2.LINE_AA)
    alpha = (mask / np.float32(255))[..., None]
    canvas += (np.array(tone, np.float32) - canvas) * alpha
