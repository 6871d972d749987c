"""What happens to a plate on a car: ink, embossing, bolts, frames, dirt, infrared, cover."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.plates.ground import Canvas, Colour, write
from models.train.plates.layout import Layout

Random = np.random.Generator
Boxes = Mapping[str, tuple[float, float, float, float]]

_BRANDS: Final = ("HYUNDAI", "KIA MOTORS", "CHEVROLET", "BMW", "BENZ", "www.car.kr", "RENAULT")


@dataclass(frozen=True, slots=True)
class Wear:
    """How often the years do what to a plate, 0..1."""

    film: float = 0.07
    """Film that an infrared camera sees stripes in."""
    covered: float = 0.09
    """One or two characters hidden."""
    barred: float = 0.0
    """A strap or wire across that leaves the characters readable."""
    faint: float = 0.0
    """Characters nearly of the ground's tone, as orange plates are under infrared."""


STREET: Final = Wear()
"""The street's own mixture."""


def inked(
    base: Canvas, mask: NDArray[np.uint8], colour: Colour, random: Random, faint: float = 0.0
) -> Canvas:
    """The ground with the characters of `mask` painted and embossed on it."""
    chance = random.random()
    if chance < 0.12:
        mask = np.asarray(cv2.dilate(mask, np.ones((2, 2), np.uint8)), np.uint8)
    elif chance < 0.2:
        mask = np.asarray(cv2.erode(mask, np.ones((2, 2), np.uint8)), np.uint8)
    alpha = mask.astype(np.float32) * np.float32(1 / 255)
    emboss = np.roll(alpha, (1, 1), (0, 1)) - alpha if random.random() < 0.45 else None
    paint = alpha
    if random.random() < 0.12:  # worn paint
        holes = _noise(mask.shape, random, (4, 10), (8, 26))
        paint = alpha * np.clip(1.25 - random.uniform(0.2, 0.9) * holes, 0, 1)
    tone = np.clip(np.array(colour, np.float32) + random.normal(0, 0.03, 3), 0, 1)
    if random.random() < 0.25:  # faded
        tone = tone + (base.mean((0, 1)) - tone) * random.uniform(0, 0.6)
    if faint and random.random() < faint:
        tone = tone + (base.mean((0, 1)) - tone) * random.uniform(0.4, 0.8)
    drawn = base + (tone.astype(np.float32) - base) * paint[..., None]
    if emboss is not None:
        drawn += (emboss * random.uniform(-0.16, 0.16))[..., None].astype(np.float32)
    return np.asarray(drawn, np.float32)


def furniture(canvas: Canvas, layout: Layout, k: float, random: Random) -> None:
    """Bolts, and a dealer's frame along the lower edge."""
    width, height = layout.width, layout.height
    if random.random() < 0.85:
        if layout.bolts == "sides":
            inset = random.uniform(12, 30)
            points = [(inset, height / 2), (width - inset, height / 2)]
        else:
            inset, down = random.uniform(0.13, 0.24) * width, random.uniform(0.08, 0.22) * height
            points = [(inset, down), (width - inset, down)]
        radius = random.uniform(3, 11) * k * min(1.0, width / 335)
        grey = random.uniform(0, 1.1) if random.random() < 0.6 else random.uniform(0, 0.3)
        tint = np.ones(3) if random.random() < 0.85 else random.uniform(0.2, 1.2, 3)
        for x, y in points:
            at = (int((x + random.uniform(-8, 8)) * k), int((y + random.uniform(-4, 4)) * k))
            tone = tuple(float(v) for v in np.clip(grey * tint, 0, 1))
            cv2.circle(canvas, at, max(1, int(radius)), tone, -1, cv2.LINE_AA)
            if random.random() < 0.5:
                ring = float(random.uniform(0, 1))
                inner = max(1, int(radius * 0.6))
                cv2.circle(canvas, at, inner, (ring, ring, ring), 1, cv2.LINE_AA)
    if random.random() < 0.07:
        rows, columns = canvas.shape[:2]
        edge = int(rows * random.uniform(0.87, 0.95))
        canvas[edge:] = random.uniform(0, 0.5)
        light = float(random.uniform(0.4, 1))
        brand = _BRANDS[int(random.integers(len(_BRANDS)))]
        write(canvas, brand, (int(columns * 0.4), rows - 1), 0.25, (light, light, light))


def slashes(canvas: Canvas, k: float, random: Random) -> None:
    """The red diagonal of a temporary plate, 3 mm wide, one or two."""
    rows, columns = canvas.shape[:2]
    tone = (0.2, 0.15, float(random.uniform(0.6, 0.95)))
    for middle in ((0.5,), (0.35, 0.62))[int(random.integers(2))]:
        lean = random.uniform(0.06, 0.2) * columns
        start, end = int(middle * columns - lean), int(middle * columns + lean)
        cv2.line(canvas, (start, rows), (end, 0), tone, max(1, round(3 * k)), cv2.LINE_AA)


def worn(
    canvas: Canvas, boxes: Boxes, tone: Colour, random: Random, years: Wear = STREET
) -> tuple[Canvas, tuple[str, ...]]:
    """`canvas` after some years, and the places that can no longer be read."""
    if random.random() < 0.3:
        shade = _noise(canvas.shape[:2], random, (2, 7), (3, 14)) - 0.5
        canvas *= (1 + shade * random.uniform(0.05, 0.5))[..., None].astype(np.float32)
    if random.random() < years.film:
        _infrared_film(canvas, random)
    if random.random() < 0.1:
        _mud(canvas, random)
    if random.random() < 0.22:
        _shadow(canvas, random)
    if years.barred and random.random() < years.barred:
        _bar(canvas, random)
    hidden = random.random() < years.covered
    covered = _covered(canvas, boxes, tone, random) if hidden else ()
    return canvas, covered


def _noise(
    shape: tuple[int, ...], random: Random, rows: tuple[int, int], columns: tuple[int, int]
) -> NDArray[np.float32]:
    """Smooth noise 0..1."""
    seed = random.random((int(random.integers(*rows)), int(random.integers(*columns))))
    size = (shape[1], shape[0])
    return np.asarray(
        cv2.resize(seed.astype(np.float32), size, interpolation=cv2.INTER_LINEAR), np.float32
    )


def _infrared_film(canvas: Canvas, random: Random) -> None:
    """Retroreflective film seen by an infrared camera: grey, with stripes or cells."""
    canvas[:] = canvas.mean(2, keepdims=True)
    rows, columns = canvas.shape[:2]
    y, x = np.arange(rows)[:, None], np.arange(columns)[None]
    period = random.uniform(4, 13)
    lean = random.normal(0, 0.06)
    stripes = np.sin((y + lean * x) * 2 * np.pi / period) > random.uniform(-0.3, 0.6)
    if random.random() < 0.5:
        across = random.uniform(3, 9)
        stripes = stripes | (np.sin((x + y * 0.1) * 2 * np.pi / across) > random.uniform(0, 0.7))
    strength = random.uniform(0.1, 0.75)
    canvas *= (1 - strength * stripes)[..., None].astype(np.float32)


def _mud(canvas: Canvas, random: Random) -> None:
    tone = np.array((0.30, 0.38, 0.45), np.float32) * np.float32(random.uniform(0.4, 1.2))
    where = np.clip(_noise(canvas.shape[:2], random, (4, 12), (8, 30)) * 3 - 1.7, 0, 1)
    if random.random() < 0.5:  # splashed from below
        where *= np.linspace(0, 1.5, canvas.shape[0], dtype=np.float32)[:, None]
    canvas += (tone - canvas) * (where * random.uniform(0.3, 0.85)).astype(np.float32)[..., None]


def _shadow(canvas: Canvas, random: Random) -> None:
    rows, columns = canvas.shape[:2]
    x = np.arange(columns, dtype=np.float32)[None] / columns
    y = np.arange(rows, dtype=np.float32)[:, None] / rows
    at, lean = random.uniform(0.1, 0.9), random.uniform(-1.5, 1.5)
    if random.random() < 0.5:
        edge = x - at + lean * (y - 0.5) * 0.4
    else:
        edge = y - at + lean * (x - 0.5) * 0.6
    soft = 1 / (1 + np.exp(-np.clip(edge * random.uniform(15, 80), -50, 50)))
    canvas *= (1 - random.uniform(0.2, 0.7) * soft).astype(np.float32)[..., None]


def _bar(canvas: Canvas, random: Random) -> None:
    """Something thin before the plate: too thin to hide a character."""
    rows, columns = canvas.shape[:2]
    thick = max(1, round(rows * random.uniform(0.03, 0.09)))
    if random.random() < 0.5:
        start = (0, int(rows * random.uniform(0.1, 0.9)))
        end = (columns, int(rows * random.uniform(0.1, 0.9)))
    else:
        x = columns * random.uniform(0.1, 0.9)
        start, end = (int(x), 0), (int(x + rows * random.uniform(-1.2, 1.2)), rows)
    tone = tuple(float(v) for v in np.clip(random.uniform(0, 1) + random.normal(0, 0.05, 3), 0, 1))
    cv2.line(canvas, start, end, tone, thick, cv2.LINE_AA)


def _covered(canvas: Canvas, boxes: Boxes, tone: Colour, random: Random) -> tuple[str, ...]:
    """Hide one or two characters under something smooth: a sticker, a strap, a masked patch."""
    names = [name for name in boxes if name not in ("region", "district")]
    chosen = random.choice(names, size=1 if random.random() < 0.8 else 2, replace=False)
    rows, columns = canvas.shape[:2]
    for name in chosen:
        left, top, right, bottom = boxes[str(name)]
        grow = random.uniform(0.5, 0.72)
        centre = (round((left + right) / 2), round((top + bottom) / 2))
        reach = (round((right - left) * grow), round((bottom - top) * grow))
        mask = np.zeros((rows, columns), np.uint8)
        if random.random() < 0.7:
            cv2.ellipse(mask, centre, (reach[0] + 2, reach[1] + 2), 0, 0, 360, 255, -1)
        else:
            corner = (centre[0] - reach[0], centre[1] - reach[1])
            cv2.rectangle(mask, corner, (centre[0] + reach[0], centre[1] + reach[1]), 255, -1)
        alpha = cv2.GaussianBlur(mask, (0, 0), random.uniform(0.5, 3)) / np.float32(255)
        like = np.array(tone) if random.random() < 0.3 else random.uniform(0.1, 0.9) * np.ones(3)
        patch = np.linspace(random.uniform(0.6, 1), random.uniform(0.8, 1.2), rows)[:, None, None]
        canvas += (patch.astype(np.float32) * like.astype(np.float32) - canvas) * alpha[..., None]
    return tuple(str(name) for name in chosen)
