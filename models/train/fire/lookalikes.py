"""What is taken for fire and smoke: lamps, signs, sunsets, vests, fog, grey walls, clouds.

Every painter takes a `(H, W, 3)` uint8 BGR picture and a seeded generator, and returns a new
picture. None is a copy of the paintings by which the accuracy tests measure.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.fire.paint import Picture, Random, clipped, noise, over


def fog(picture: Picture, random: Random) -> Picture:
    """Even fog, thicker with height: contrast is lost, nothing billows."""
    height, width = picture.shape[:2]
    level = np.linspace(random.uniform(0.3, 0.9), random.uniform(0.1, 0.6), height)
    alpha = np.repeat(level[:, None], width, axis=1).astype(np.float32)
    shade = np.full((height, width, 3), random.uniform(130, 230), np.float32)
    return over(picture, shade, alpha)


def lamp(picture: Picture, random: Random) -> Picture:
    """A street lamp, a headlight or a lit window: a steady disc with its glow."""
    out = picture.astype(np.float32)
    colour = _LIGHTS[random.integers(len(_LIGHTS))]
    x, y = random.uniform(0.1, 0.9, 2) * picture.shape[1::-1]
    radius = random.uniform(0.015, 0.12) * picture.shape[0]
    for n in range(int(random.integers(1, 3))):
        _shine(out, x + n * radius * random.uniform(3, 9), y, radius, colour, random)
    return clipped(out)


def brake_lights(picture: Picture, random: Random) -> Picture:
    """Two red lamps side by side, white in the middle at night."""
    out = picture.astype(np.float32)
    x, y = random.uniform(0.1, 0.6, 2) * picture.shape[1::-1]
    radius = random.uniform(0.015, 0.06) * picture.shape[0]
    for n in range(2):
        _shine(out, x + n * radius * random.uniform(4, 8), y, radius, (30, 30, 255), random)
    return clipped(out)


def sunset(picture: Picture, random: Random) -> Picture:
    """An orange sky down to some height, with or without the sun's disc."""
    height, width = picture.shape[:2]
    sky = random.uniform(0.3, 0.9)
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    alpha = np.clip((sky - rows) * random.uniform(3, 12), 0, 1) * random.uniform(0.5, 0.95)
    top, low = np.array([120, 90, 150.0]), np.array([60, 150, 250.0])
    shade = top + (low - top) * np.clip(rows / sky, 0, 1)[..., None]
    shade = np.broadcast_to(shade, (height, width, 3)).astype(np.float32)
    out = over(picture, shade, np.repeat(alpha, width, 1).astype(np.float32)).astype(np.float32)
    if random.random() < 0.6:
        x, y = random.uniform(0.1, 0.9) * width, random.uniform(0.2, 1) * sky * height
        _shine(out, x, y, random.uniform(0.03, 0.12) * height, (120, 220, 255), random)
    return clipped(out)


def vest(picture: Picture, random: Random) -> Picture:
    """Somebody in a high-visibility vest, or any bright orange, red or yellow thing."""
    out = picture.copy()
    height, width = picture.shape[:2]
    tall = random.uniform(0.15, 0.6) * height
    wide = tall * random.uniform(0.35, 1.6)
    x, y = random.uniform(0, 0.8) * width, random.uniform(0, 0.7) * height
    colour = np.array(_VESTS[random.integers(len(_VESTS))]) * random.uniform(0.6, 1.1)
    jag = random.uniform(-0.08, 0.08, (4, 2)) * (wide, tall)
    corners = np.array([[x, y], [x + wide, y], [x + wide, y + tall], [x, y + tall]]) + jag
    cv2.fillPoly(out, [corners.astype(np.int32)], np.clip(colour, 0, 255).tolist())
    if random.random() < 0.5:
        for part in (0.35, 0.65):
            a, b = (int(x), int(y + part * tall)), (int(x + wide), int(y + part * tall))
            cv2.line(out, a, b, (200, 210, 210), max(1, int(tall / 14)))
    shade = 0.7 + 0.6 * noise(random, height, width, max(4, int(tall / 2)))
    lit = np.where((out != picture).any(2, keepdims=True), out * shade[..., None], out)
    return clipped(lit.astype(np.float32))


def sign(picture: Picture, random: Random) -> Picture:
    """A lit sign, a display or a window: bright bars and letters in one warm colour."""
    out = picture.copy()
    height, width = picture.shape[:2]
    tall, wide = random.uniform(0.1, 0.4) * height, random.uniform(0.2, 0.7) * width
    x, y = random.uniform(0, 0.6) * width, random.uniform(0, 0.7) * height
    ground = random.integers(0, 90, 3).tolist()
    cv2.rectangle(out, (int(x), int(y)), (int(x + wide), int(y + tall)), ground, -1)
    colour = _LIGHTS[random.integers(len(_LIGHTS))] if random.random() < 0.4 else _warm(random)
    for _ in range(int(random.integers(3, 14))):
        a = random.uniform((x, y), (x + wide, y + tall))
        b = a + random.uniform(-0.4, 0.4, 2) * (tall, tall)
        thick = max(1, int(tall * random.uniform(0.04, 0.2)))
        ends = (int(a[0]), int(a[1])), (int(b[0]), int(b[1]))
        cv2.line(out, *ends, colour, thick, cv2.LINE_AA)
    lit = np.abs(out.astype(np.float32) - picture).max(2, keepdims=True) > 60
    glow = cv2.GaussianBlur(np.where(lit, out, 0).astype(np.float32), (0, 0), tall / 6)
    return clipped(out + glow * random.uniform(0, 0.8))


def cloth(picture: Picture, random: Random) -> Picture:
    """A red, orange or yellow flag, awning or jacket with folds, its edge uneven, no light."""
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    tall, wide = random.uniform(0.15, 0.7) * height, random.uniform(0.15, 0.6) * width
    x, y = random.uniform(0.1, 0.9) * width, random.uniform(0.1, 0.9) * height
    bend = noise(random, height, width, max(4, int(tall / 3)), 3) - 0.5
    inside = np.maximum(
        np.abs(columns - x + bend * wide * 0.5) / wide, np.abs(rows - y + bend * tall * 0.4) / tall
    )
    alpha = np.clip((0.5 - inside) * random.uniform(8, 30), 0, 1).astype(np.float32)
    folds = np.sin((columns + 40 * bend) / random.uniform(3, 14) + rows * random.uniform(-0.1, 0.1))
    shade = np.array(_warm(random), np.float32) * (0.7 + 0.25 * folds[..., None])
    return over(picture, shade.astype(np.float32), alpha)


def glitter(picture: Picture, random: Random) -> Picture:
    """The low sun on water, wet asphalt or leaves: many small warm or white glints."""
    height, width = picture.shape[:2]
    grain = noise(random, height, width, int(random.integers(3, 12)), 2)
    patch = noise(random, height, width, int(height / random.uniform(1.2, 3)), 2)
    glints = np.clip((grain - random.uniform(0.6, 0.85)) * 8, 0, 1) * np.clip(patch * 2 - 0.7, 0, 1)
    hue = np.array(_LIGHTS[random.integers(len(_LIGHTS))], np.float32)
    return over(picture, np.broadcast_to(hue, picture.shape).astype(np.float32), glints)


def slab(picture: Picture, random: Random) -> Picture:
    """A grey wall, road, lorry or shadow: flat or softly shaded, with an edge that is straight."""
    height, width = picture.shape[:2]
    middle, reach = random.uniform(0, 1, 2) * (width, height), random.uniform(0.2, 0.8, 2)
    corners = middle + np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * reach * (width, height) / 2
    corners = corners + random.uniform(-0.1, 0.1, (4, 2)) * (width, height)
    mask = np.zeros((height, width), np.float32)
    cv2.fillPoly(mask, [corners.astype(np.int32)], random.uniform(0.75, 1.0))
    soft = cv2.GaussianBlur(mask, (0, 0), 1.2).astype(np.float32)
    shade = random.uniform(30, 240) + 25 * (
        noise(random, height, width, height, 2)[..., None] - 0.5
    )
    tint = random.uniform(-8, 8, 3).astype(np.float32)
    return over(picture, (shade + tint).astype(np.float32), soft)


def sky(picture: Picture, random: Random) -> Picture:
    """Clouds over the upper part, down to an uneven line of roofs or trees."""
    height, width = picture.shape[:2]
    line = noise(random, 1, width, max(4, width // 4), 3)[0] * random.uniform(0, 0.3)
    line = (line + random.uniform(0.15, 0.7)) * height
    rows = np.arange(height, dtype=np.float32)[:, None]
    alpha = np.clip(line[None, :] - rows, 0, 1).astype(np.float32)
    cloud = noise(random, height, width, int(height / random.uniform(1, 3)), 4)[..., None]
    level, blue = random.uniform(110, 240), random.uniform(0, 50)
    shade = (
        level + (cloud - 0.5) * random.uniform(10, 80) + np.array([blue, blue / 3, 0]) * (1 - cloud)
    )
    return over(picture, shade.astype(np.float32), alpha)


def unsharp(picture: Picture, random: Random) -> Picture:
    """A part of the picture out of focus or smeared by motion: detail is lost, nothing billows."""
    height, width = picture.shape[:2]
    soft = cv2.GaussianBlur(picture, (0, 0), height * random.uniform(0.02, 0.06))
    where = noise(random, height, width, int(height / random.uniform(1, 2)), 1)
    return over(picture, soft.astype(np.float32), np.clip(where * 4 - 1.5, 0, 1).astype(np.float32))


def _warm(random: Random) -> tuple[int, int, int]:
    return _VESTS[random.integers(len(_VESTS))]


_LIGHTS: Final = ((255, 255, 255), (200, 235, 255), (120, 200, 255), (70, 150, 255), (90, 255, 200))
_VESTS: Final = ((20, 90, 250), (0, 130, 255), (40, 240, 230), (30, 30, 210), (30, 200, 250))

BRIGHT: Final = (lamp, brake_lights, sunset, vest, sign, cloth, glitter)
GREY: Final = (fog, slab, sky, unsharp)
"""What is taken for fire, and what for smoke; none is either."""


def _shine(
    out: NDArray[np.float32],
    x: float,
    y: float,
    radius: float,
    colour: tuple[int, int, int],
    random: Random,
) -> None:
    rows, columns = np.mgrid[0 : out.shape[0], 0 : out.shape[1]].astype(np.float32)
    away = np.hypot((columns - x) / random.uniform(0.8, 1.6), rows - y) / radius
    hue = np.array(colour, np.float32)
    glow = np.exp(-away / random.uniform(0.8, 3.0)) * random.uniform(0.3, 0.9)
    out += glow[..., None] * hue
    disc = np.clip(2.5 - 2 * away, 0, 1)[..., None]
    core = hue + (255 - hue) * np.clip(1 - away, 0, 1)[..., None] * random.uniform(0, 1)
    out += (core - out) * disc
