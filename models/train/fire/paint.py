"""Painting over pictures: flames and smoke; what is taken for them stands in lookalikes.py.

Flames are added (they are light), smoke is laid over (it hides). Every painter takes a
`(H, W, 3)` uint8 BGR picture and a seeded generator, and returns a new picture; those of fire and
smoke also return the mask, `(H, W)` float32, 0..1.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Mask = NDArray[np.float32]
Random = np.random.Generator


def noise(random: Random, height: int, width: int, coarsest: int, octaves: int = 4) -> Mask:
    """Fractal noise `(height, width)`, 0..1; its largest swirls are `coarsest` pixels."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        step = max(2, coarsest >> octave)
        small = random.random((height // step + 3, width // step + 3), np.float32)
        big = cv2.resize(small, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        total += big[:height, :width].astype(np.float32) / 2**octave
    low, high = np.percentile(total, (1, 99))
    spread = max(float(high - low), 1e-6)
    found: Mask = np.clip((total - float(low)) / spread, 0, 1).astype(np.float32)
    return found


def flame(picture: Picture, random: Random) -> tuple[Picture, Mask]:
    """A procedural fire: tongues over a hot base, white where the sensor saturates."""
    height, width = picture.shape[:2]
    tall = random.uniform(0.12, 0.75) * height
    wide = tall * random.uniform(0.3, 1.3)
    x, base = random.uniform(0.2, 0.8) * width, random.uniform(0.45, 1.0) * height
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    up = (base - rows) / tall
    swirl = noise(random, height, width, max(4, int(wide / 2)))
    sway = (swirl - 0.5) * wide * 0.8 * np.clip(up, 0, 1)
    across = np.abs(columns - x + sway) / (wide / 2)
    tongue = noise(random, height, width, max(4, int(wide / 3)))
    body = 1.15 - across**2 - 0.9 * np.clip(up, 0, None) ** 1.3 + 0.9 * (tongue - 0.5)
    body[up < -0.06] = 0
    heat = np.clip(body * random.uniform(0.9, 1.6), 0, 1.6).astype(np.float32)
    return _lit(picture, heat, random)


def donor_flame(
    picture: Picture, donor: Picture, mask: Mask, random: Random
) -> tuple[Picture, Mask]:
    """A real flame, `donor` (`(h, w, 3)`) within its soft `mask`, somewhere in `picture`."""
    height, width = picture.shape[:2]
    side = random.uniform(0.2, 0.8) * height
    scale = side / max(donor.shape[:2])
    size = (max(4, int(donor.shape[1] * scale)), max(4, int(donor.shape[0] * scale)))
    light = cv2.resize(donor, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    soft = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    if random.random() < 0.5:
        light, soft = light[:, ::-1], soft[:, ::-1]
    y = int(random.uniform(0, max(1, height - size[1])))
    x = int(random.uniform(0, max(1, width - size[0])))
    out = picture.astype(np.float32)
    whole = np.zeros((height, width), np.float32)
    part = out[y : y + size[1], x : x + size[0]]
    soft = soft[: part.shape[0], : part.shape[1], None].astype(np.float32)
    light = light[: part.shape[0], : part.shape[1]] * random.uniform(0.9, 1.4)
    added = np.minimum(part * (1 - 0.6 * soft) + light * soft, 255)
    out[y : y + size[1], x : x + size[0]] = added
    whole[y : y + size[1], x : x + size[0]] = soft[..., 0]
    glow = cv2.GaussianBlur(whole, (0, 0), side / 4) * random.uniform(0, 60)
    out += glow[..., None] * np.array([0.25, 0.55, 1.0], np.float32)
    return clipped(out), whole


def smoke(picture: Picture, random: Random, *, steam: bool = False) -> tuple[Picture, Mask]:
    """A plume that rises, widens and thins out; with `steam` small, white and short."""
    height, width = picture.shape[:2]
    tall = random.uniform(0.15, 0.35) * height if steam else random.uniform(0.4, 1.3) * height
    x, base = random.uniform(0.1, 0.9) * width, random.uniform(0.5, 1.1) * height
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    up = np.clip((base - rows) / tall, 0, None)
    lean = random.uniform(-0.5, 0.5)
    opening = random.uniform(0.05, 0.2), random.uniform(0.15, 0.7)
    wide = (opening[0] + opening[1] * up) * tall
    swirl = noise(random, height, width, max(6, int(tall / 3)), 5)
    sway = (swirl - 0.5) * wide * 0.9
    across = np.abs(columns - x - lean * up * tall + sway) / np.maximum(wide, 1)
    billow = noise(random, height, width, max(6, int(tall / random.uniform(3, 7))), 5)
    body = np.clip(1.2 - across**2, 0, 1) * np.clip(1.4 - up, 0, 1)
    body[rows > base] = 0
    alpha = np.clip(body * (0.35 + billow) * random.uniform(0.5, 1.25), 0, 0.97)
    grey = random.uniform(215, 250) if steam else random.choice([40.0, 90.0, 140.0, 190.0, 225.0])
    grey += random.uniform(-25, 20)
    shade = (grey + (billow - 0.5) * random.uniform(20, 70))[..., None]
    tint = np.array([random.uniform(-8, 10), 0, random.uniform(-6, 10)], np.float32)
    return over(picture, shade + tint, alpha.astype(np.float32)), alpha.astype(np.float32)


def haze(picture: Picture, random: Random) -> tuple[Picture, Mask]:
    """Smoke that fills most of the view, uneven."""
    height, width = picture.shape[:2]
    cloud = noise(random, height, width, int(height / random.uniform(1.2, 4)), 5)
    alpha = np.clip((cloud - random.uniform(0, 0.35)) * random.uniform(0.8, 1.7), 0, 0.97)
    grey = random.uniform(60, 235)
    shade = (grey + (cloud - 0.5) * 50)[..., None] + np.zeros(3, np.float32)
    return over(picture, shade, alpha.astype(np.float32)), alpha.astype(np.float32)


def weather(picture: Picture, random: Random) -> Picture:
    """What a camera makes of it: exposure, colour, blur, noise, compression."""
    out: NDArray[Any] = picture.astype(np.float32)
    if random.random() < 0.7:
        out = 255 * (out / 255) ** random.uniform(0.6, 1.8)
        out *= random.uniform(0.6, 1.2)
    if random.random() < 0.5:
        grey = out.mean(2, keepdims=True)
        out = grey + (out - grey) * random.uniform(0.3, 1.4)
        out *= random.uniform(0.9, 1.1, 3)
    if random.random() < 0.4:
        out = cv2.GaussianBlur(out, (0, 0), random.uniform(0.4, 1.8))
    if random.random() < 0.4:
        out = out + random.normal(0, random.uniform(1, 10), out.shape)
    done = clipped(out)
    if random.random() < 0.6:
        quality = int(random.uniform(20, 85))
        _, code = cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, quality])
        done = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return done


def _lit(picture: Picture, heat: Mask, random: Random) -> tuple[Picture, Mask]:
    """`heat` (0 none, 1 white hot) as light on `picture`, with glow on what is around."""
    green, blue = random.uniform(0.9, 1.6), random.uniform(1.6, 3.0)
    pink = random.random() < 0.25
    light = np.stack([heat ** (1.2 if pink else blue), heat**green, heat**0.5], axis=2)
    mask = np.clip(heat * 2, 0, 1)
    out = picture * (1 - 0.7 * mask[..., None]) + 255 * random.uniform(0.85, 1.4) * light
    reach = max(3.0, picture.shape[0] * random.uniform(0.05, 0.25))
    glow = cv2.GaussianBlur(heat, (0, 0), reach) * random.uniform(0, 90)
    out = out + glow[..., None] * np.array([0.25, 0.55, 1.0], np.float32)
    return clipped(out.astype(np.float32)), mask.astype(np.float32)


def over(picture: Picture, shade: NDArray[np.float32], alpha: Mask) -> Picture:
    """`picture` hidden by `shade` as far as `alpha` says."""
    return clipped(picture + (shade - picture) * alpha[..., None])


def clipped(values: NDArray[np.float32]) -> Picture:
    """Grey levels as a camera gives them: 0 to 255, whole."""
    return np.clip(values, 0, 255).astype(np.uint8)
