"""What a street camera does to a picture: lens, motion, weather, light, sensor, compression."""

from __future__ import annotations

import cv2
import numpy as np

from models.train.plates.draw import Picture
from models.train.plates.ground import Canvas

Random = np.random.Generator


def seen_by_a_camera(image: Picture, random: Random, hardness: float = 1.0) -> tuple[Picture, bool]:
    """`image` (`(h, w, 3)` uint8 BGR) as recorded, and whether its colour is gone.

    `hardness` 0..1 is the share of pictures that get the whole trouble.
    """
    hard = random.random() < 0.55 * hardness
    grey = bool(random.random() < 0.28)
    if grey:
        image = np.asarray(
            cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8
        )
    image = _lens(image, random, hard)
    if random.random() < 0.03:
        image = _interlaced(image, random)
    canvas = image.astype(np.float32) * np.float32(1 / 255)
    if random.random() < 0.04:
        _rain(canvas, random)
    if hard and random.random() < 0.15:
        _glare(canvas, random)
    canvas = _light(canvas, random, hard, grey)
    image = np.clip(canvas * 255, 0, 255).astype(np.uint8)
    if random.random() < 0.12:
        image = np.asarray(
            cv2.addWeighted(image, 2, cv2.GaussianBlur(image, (0, 0), 1.2), -1, 0), np.uint8
        )
    if random.random() < 0.6 * hardness:
        quality = int(random.integers(12, 92))
        _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return image, grey


def _lens(image: Picture, random: Random, hard: bool) -> Picture:
    """Out of focus, or moved while the shutter was open."""
    width = image.shape[1]
    chance = random.random() * (1 if hard else 1.8)
    if chance < 0.35:
        sigma = random.uniform(0.3, 1.3) * max(0.6, width / 170)
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)
    if chance < 0.55:
        length = int(random.integers(3, 4 + max(1, width // 28)))
        angle = random.uniform(0, np.pi) if random.random() < 0.5 else random.normal(0, 0.2)
        kernel = np.zeros((length, length), np.uint8)
        middle = (length - 1) / 2
        reach = middle * np.array([np.cos(angle), np.sin(angle)])
        start, end = np.rint(middle - reach).astype(int), np.rint(middle + reach).astype(int)
        cv2.line(kernel, start.tolist(), end.tolist(), 1, 1)
        blur = kernel.astype(np.float32) / max(1, int(kernel.sum()))
        return np.asarray(cv2.filter2D(image, -1, blur), np.uint8)
    return image


def _interlaced(image: Picture, random: Random) -> Picture:
    """The odd lines were taken a moment later."""
    woven = image.copy()
    shift = int(random.integers(1, 2 + max(1, image.shape[1] // 60)))
    woven[1::2] = np.roll(woven[1::2], shift, axis=1)
    return woven


def _rain(canvas: Canvas, random: Random) -> None:
    height, width = canvas.shape[:2]
    drops = np.zeros((height, width), np.uint8)
    lean = int(random.integers(-3, 4))
    for _ in range(int(random.integers(3, 14))):
        x, y = int(random.integers(width)), int(random.integers(height))
        end = (x + lean, y + int(random.integers(4, 4 + height // 2)))
        cv2.line(drops, (x, y), end, int(random.integers(60, 200)), 1, cv2.LINE_AA)
    canvas += (drops * np.float32(1 / 500))[..., None]


def _glare(canvas: Canvas, random: Random) -> None:
    height, width = canvas.shape[:2]
    x = np.arange(width, dtype=np.float32)[None] - random.uniform(0, width)
    y = np.arange(height, dtype=np.float32)[:, None] - random.uniform(0, height)
    spread = np.float32(2 * (random.uniform(0.06, 0.3) * width) ** 2)
    canvas += (random.uniform(0.2, 1.0) * np.exp(-(x * x + y * y) / spread))[..., None].astype(
        np.float32
    )


def _light(canvas: Canvas, random: Random, hard: bool, grey: bool) -> Canvas:
    """Exposure, contrast, colour of the light, and the sensor's noise."""
    gain = random.uniform(0.35, 1.3)
    if hard and random.random() < 0.14:
        gain = random.uniform(0.1, 0.35) if random.random() < 0.6 else random.uniform(1.3, 2.2)
    haze = random.uniform(0, 0.12) if random.random() < 0.8 else random.uniform(0.1, 0.45)
    tint = np.ones(3)
    if not grey and random.random() < 0.7:
        tint = np.clip(random.normal(1, 0.09, 3), 0.6, 1.4)
    table = np.linspace(0, 1, 257, dtype=np.float32) ** np.float32(random.uniform(0.6, 1.7))
    bright = table[np.clip(canvas * 256, 0, 256).astype(np.int16)]
    bright = bright * (tint * gain * (1 - haze)).astype(np.float32) + np.float32(haze)
    height, width = bright.shape[:2]
    strength = float(random.choice([0.005, 0.02, 0.05], p=[0.5, 0.35, 0.15])) * min(1, gain + 0.1)
    same = grey or random.random() < 0.5
    noise = random.standard_normal((height, width, 1 if same else 3), np.float32)
    return np.asarray(bright + noise * np.float32(strength), np.float32)
