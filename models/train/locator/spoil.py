"""What lens, night, rain, sensor and compression do to a picture."""

from __future__ import annotations

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.locator.decoys import Picture, Random

FILL: Final = 114
"""Grey of a letterbox's bars."""

Frame = tuple[int, int, int, int]


def spoil(picture: Picture, random: Random) -> Picture:
    """A worse picture of the same, `(H, W, 3)` uint8 BGR; nothing moves."""
    out = picture
    if random.random() < 0.15:
        out = _lamps(out, random)
    kind = random.random()
    if kind < 0.3:
        out = cv2.GaussianBlur(out, (0, 0), random.uniform(0.3, 1.5)).astype(np.uint8, copy=False)
    elif kind < 0.42:
        out = _moved(out, random)
    out = _toned(out, random)
    if random.random() < 0.5:
        out = _noisy(out, random)
    if random.random() < 0.45:
        quality = int(random.integers(20, 92))
        _, packed = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, quality])
        out = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return out


def _toned(picture: Picture, random: Random) -> Picture:
    """Other light, contrast and colours; now and then none, as under infrared."""
    if random.random() < 0.3:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
        tint = np.ones(3)
    else:
        tint = random.normal(1, 0.12, 3).clip(0.6, 1.4)
    gain = random.uniform(0.55, 1.4) if random.random() < 0.85 else random.uniform(0.08, 0.5)
    level = np.arange(256)[:, None] / 255 * tint
    lift = random.uniform(0, 30) if random.random() < 0.4 else 0.0
    table = 255 * level ** random.uniform(0.6, 1.5) * gain + lift
    toned = cv2.LUT(picture, np.clip(table, 0, 255).astype(np.uint8)[None])
    return np.asarray(toned, np.uint8)


@cache
def _grain() -> NDArray[np.float32]:
    return np.random.default_rng(0).standard_normal((512, 640, 3), np.float32)


def _noisy(picture: Picture, random: Random) -> Picture:
    height, width = picture.shape[:2]
    y, x = random.integers(512 - height), random.integers(640 - width)
    sigma = np.float32(random.choice([1.5, 4, 9], p=[0.5, 0.35, 0.15]))
    sigma *= np.float32(min(1.0, 0.2 + float(picture.mean()) / 100))
    noisy = _grain()[y : y + height, x : x + width] * sigma
    noisy += picture
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def bar(picture: Picture, random: Random) -> tuple[Picture, Frame]:
    """Perhaps between a letterbox's bars, and what is left of it: left, top, right, bottom."""
    height, width = picture.shape[:2]
    if random.random() < 0.45:
        return picture, (0, 0, width, height)
    across, down = (random.uniform(0.6, 1), 1.0) if random.random() < 0.75 else (1.0, 0.75)
    wide, tall = int(width * across), int(height * down)
    left, top = (width - wide) // 2, (height - tall) // 2
    framed: Picture = np.full_like(picture, FILL)
    inside = np.s_[top : top + tall, left : left + wide]
    framed[inside] = picture[inside]
    return framed, (left, top, left + wide, top + tall)


def _lamps(picture: Picture, random: Random) -> Picture:
    """Head or tail lamps that dazzle."""
    height, width = picture.shape[:2]
    light = np.zeros((height // 4, width // 4), np.float32)
    for _ in range(int(random.integers(1, 4))):
        where = (int(random.uniform(0, width / 4)), int(random.uniform(0.2, 0.9) * height / 4))
        cv2.circle(light, where, int(random.uniform(1, 4)), 1.0, -1)
    halo = cv2.GaussianBlur(light, (0, 0), random.uniform(1, 5)) * random.uniform(2, 6) + light
    glow = cv2.resize(halo, (width, height))[..., None]
    colour = np.array([[200, 220, 255], [60, 60, 255]][int(random.random() < 0.4)], np.float32)
    lit = picture * np.float32(random.uniform(0.4, 1)) + glow * colour
    return np.asarray(np.clip(lit, 0, 255), np.uint8)


def _moved(picture: Picture, random: Random) -> Picture:
    """Blurred by motion, mostly along the road."""
    length = int(random.integers(3, 8))
    angle = random.normal(0, 0.3) if random.random() < 0.7 else random.uniform(0, np.pi)
    kernel = np.zeros((length, length), np.float32)
    middle = (length - 1) / 2
    step = middle * np.array([np.cos(angle), np.sin(angle)])
    ends = np.round([middle - step, middle + step]).astype(int)
    cv2.line(kernel, tuple(ends[0].tolist()), tuple(ends[1].tolist()), 1.0, 1)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)
