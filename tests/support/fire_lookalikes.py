"""What is taken for fire and smoke, painted over pictures as time goes by.

Every painter takes a picture, the time in seconds, a spot and a number that makes it another of
its kind. None is a copy of what the network was trained on (models/train/fire/lookalikes.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.support.fire_scenes import RATE, Picture, Spot, clipped


def blinking(picture: Picture, at: float, spot: Spot, number: int) -> Picture:
    """Brake lights that come and go, and an orange indicator that blinks, on something dark."""
    out = picture.copy()
    height, width = picture.shape[:2]
    x, y, size = spot.x * width, spot.y * height, spot.height * height
    cv2.rectangle(out, _at(x - size, y - size), _at(x + size, y), (35, 32, 30), -1)
    braking = (at + number) % 7 < 4
    for side in (-0.7, 0.7):
        lamp = (30.0, 30.0, 255.0) if braking else (20.0, 20.0, 110.0)
        _shine(out, x + side * size, y - 0.6 * size, 0.13 * size, lamp, 1.0 if braking else 0.2)
    if number % 2 and (at * 1.5) % 1 < 0.5:
        _shine(out, x + 0.95 * size, y - 0.6 * size, 0.1 * size, (0.0, 150.0, 255.0), 1.0)
    return out


def street_lamp(picture: Picture, at: float, spot: Spot, number: int) -> Picture:
    """A warm lamp at dusk, buzzing a little; every third one fails and flickers."""
    out = np.asarray(cv2.convertScaleAbs(picture, alpha=0.45), np.uint8)
    height, width = picture.shape[:2]
    power = 1 + 0.04 * math.sin(37 * at)
    if number % 3 == 0:
        power *= 0.5 + 0.5 * float(math.sin(11 * at) + math.sin(23.7 * at) > -0.6)
    colour = ((120.0, 200.0, 255.0), (200.0, 235.0, 255.0), (60.0, 150.0, 255.0))[number % 3]
    x, y = spot.x * width, spot.y * height * 0.5
    _shine(out, x, y, 0.18 * spot.height * height, colour, power)
    return out


def sunset(picture: Picture, at: float, spot: Spot, number: int) -> Picture:
    """An evening sky over the upper part, its sun glittering behind moving leaves."""
    height, width = picture.shape[:2]
    sky = 0.25 + spot.height
    out = picture.copy()
    upper = out[: int((sky + 0.01) * height)]
    rows = np.linspace(0, 1, height, dtype=np.float32)[: len(upper), None, None]
    alpha = np.clip((sky - rows) * 8, 0, 1) * 0.85
    low = np.array([60.0, 140.0 + 10 * (number % 4), 250.0], np.float32)
    top = np.array([130.0, 100.0, 150.0], np.float32)
    shade = top + (low - top) * np.clip(rows / sky, 0, 1)
    upper[:] = clipped(upper * (1 - alpha) + shade * alpha)
    leaves = 0.75 + 0.25 * math.sin(3.1 * at) * math.sin(1.7 * at + number)
    _shine(out, spot.x * width, 0.7 * sky * height, 0.06 * height, (120.0, 220.0, 255.0), leaves)
    return out


def worker(picture: Picture, at: float, spot: Spot, number: int) -> Picture:
    """Somebody in a high-visibility vest at work: sways in place, walks off now and then."""
    out = picture.copy()
    height, width = picture.shape[:2]
    tall = spot.height * height * 1.6
    walk = 0.0 if (at + 3 * number) % 20 < 14 else ((at + 3 * number) % 20 - 14) * 0.4
    x = (spot.x + 0.02 * math.sin(1.3 * at) + 0.15 * walk) * width
    y = spot.y * height
    colour = ((20, 90, 250), (0, 130, 255), (40, 240, 230), (30, 30, 215))[number % 4]
    cv2.rectangle(
        out, _at(x - 0.12 * tall, y - 0.45 * tall), _at(x + 0.12 * tall, y), (60, 45, 40), -1
    )
    cv2.rectangle(
        out, _at(x - 0.16 * tall, y - 0.85 * tall), _at(x + 0.16 * tall, y - 0.4 * tall), colour, -1
    )
    for part in (0.5, 0.65):
        line = y - part * tall
        cv2.line(out, _at(x - 0.16 * tall, line), _at(x + 0.16 * tall, line), (225, 230, 230), 2)
    arm = 0.25 * tall * math.sin(2.2 * at)
    cv2.line(out, _at(x, y - 0.75 * tall), _at(x + 0.25 * tall, y - 0.6 * tall + arm), colour, 5)
    cv2.circle(out, _at(x, y - 0.93 * tall), max(2, int(0.07 * tall)), (40, 200, 240), -1)
    return out


def fog(picture: Picture, at: float, spot: Spot, number: int) -> Picture:
    """Fog that comes and thins out over a minute or two, thicker far away."""
    height = picture.shape[0]
    thick = (0.45 + 0.25 * math.sin(at / (9 + 4 * (number % 5)) + number)) * (0.6 + spot.height)
    rows = np.linspace(1.2, 0.6, height, dtype=np.float32)[:, None, None]
    return clipped(picture + (190.0 + 8 * (number % 6) - picture) * np.clip(thick * rows, 0, 0.9))


def steam(picture: Picture, at: float, spot: Spot, number: int) -> Picture:
    """White steam from a vent: small, thins out at once, comes in puffs or all the time."""
    height, width = picture.shape[:2]
    puff = 1.0 if number % 2 else float((at + number) % 9 < 3)
    tall = 0.6 * spot.height * height
    foot, middle = spot.y * height, spot.x * width
    y0, y1 = max(0, int(foot - tall) - 10), min(height, int(foot) + 10)
    x0, x1 = max(0, int(middle - 0.6 * tall) - 10), min(width, int(middle + 0.6 * tall) + 10)
    rows, columns = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    up = (foot - rows) / tall
    swirl = np.sin(columns / 7 + 5 * np.sin(rows / 11 + 6 * at)) * np.cos(rows / 9 + 9 * at)
    across = np.abs(columns - middle + 0.1 * tall * swirl) / (tall * (0.12 + 0.25 * up))
    body = np.clip(1 - across**2, 0, 1) * np.clip(1 - up, 0, 1) * (up > 0) * (0.75 + 0.25 * swirl)
    alpha = cv2.GaussianBlur((0.75 * puff * body).astype(np.float32), (0, 0), 3)[..., None]
    out = picture.copy()
    part = out[y0:y1, x0:x1]
    part[:] = clipped(part + (238.0 - part) * alpha)
    return out


NEGATIVES: Final = (blinking, street_lamp, sunset, worker, fog, steam)


def spoiled(
    background: Callable[[float], Picture],
    kind: Any,
    spot: Spot,
    number: int,
    seconds: float,
) -> Iterator[Picture]:
    """A clip of `seconds` with a hard negative in it, RATE pictures a second."""
    for frame in range(round(seconds * RATE)):
        at = frame / RATE
        yield kind(background(at), at, spot, number)


def _shine(
    out: Picture,
    x: float,
    y: float,
    radius: float,
    colour: tuple[float, float, float],
    power: float,
) -> None:
    radius = max(1.0, radius)
    top, left = max(0, int(y - 5 * radius)), max(0, int(x - 5 * radius))
    part = out[top : int(y + 5 * radius) + 1, left : int(x + 5 * radius) + 1]
    if not part.size:
        return
    halo, white, disc = _lamp(part.shape[:2], x - left, y - top, radius)
    hue = np.array(colour, np.float32)
    lit = part + (0.6 * power * halo) * hue
    core = hue + (255 - hue) * white
    part[:] = clipped(lit + (core - lit) * (disc * min(1.0, power)))


@lru_cache(maxsize=8)
def _lamp(
    shape: tuple[int, int], x: float, y: float, radius: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The light around a lamp at `x`, `y`, how white it is, and the lamp itself: `(h, w, 1)`."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    away = (np.hypot(columns - x, rows - y) / radius)[..., None].astype(np.float32)
    halo = np.exp(-away / 2) * np.clip((5 - away) / 3, 0, 1)
    return halo, np.clip(1 - away, 0, 1) * 0.8, np.clip(2.5 - 2 * away, 0, 1)


def _at(x: float, y: float) -> tuple[int, int]:
    return round(x), round(y)
