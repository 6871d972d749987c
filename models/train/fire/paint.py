"""Painting over pictures: flames, smoke, and what is taken for them.

Flames are added (they are light), smoke is laid over (it hides). Every painter takes a
`(H, W, 3)` uint8 BGR picture and a seeded generator, and returns a new picture; those of fire and
smoke also return the mask, `(H, W)` float32, 0..1.
"""

from __future__ import annotations

from typing import Any, Final

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
    return _picture(out), whole


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
    return _over(picture, shade + tint, alpha.astype(np.float32)), alpha.astype(np.float32)


def haze(picture: Picture, random: Random) -> tuple[Picture, Mask]:
    """Smoke that fills most of the view, uneven."""
    height, width = picture.shape[:2]
    cloud = noise(random, height, width, int(height / random.uniform(1.2, 4)), 5)
    alpha = np.clip((cloud - random.uniform(0, 0.35)) * random.uniform(0.8, 1.7), 0, 0.97)
    grey = random.uniform(60, 235)
    shade = (grey + (cloud - 0.5) * 50)[..., None] + np.zeros(3, np.float32)
    return _over(picture, shade, alpha.astype(np.float32)), alpha.astype(np.float32)


def fog(picture: Picture, random: Random) -> Picture:
    """Even fog, thicker with height: contrast is lost, nothing billows."""
    height, width = picture.shape[:2]
    level = np.linspace(random.uniform(0.3, 0.9), random.uniform(0.1, 0.6), height)
    alpha = np.repeat(level[:, None], width, axis=1).astype(np.float32)
    shade = np.full((height, width, 3), random.uniform(130, 230), np.float32)
    return _over(picture, shade, alpha)


def lamp(picture: Picture, random: Random) -> Picture:
    """A street lamp, a headlight or a lit window: a steady disc with its glow."""
    out = picture.astype(np.float32)
    colour = _LIGHTS[random.integers(len(_LIGHTS))]
    x, y = random.uniform(0.1, 0.9, 2) * picture.shape[1::-1]
    radius = random.uniform(0.015, 0.12) * picture.shape[0]
    for n in range(int(random.integers(1, 3))):
        _shine(out, x + n * radius * random.uniform(3, 9), y, radius, colour, random)
    return _picture(out)


def brake_lights(picture: Picture, random: Random) -> Picture:
    """Two red lamps side by side, white in the middle at night."""
    out = picture.astype(np.float32)
    x, y = random.uniform(0.1, 0.6, 2) * picture.shape[1::-1]
    radius = random.uniform(0.015, 0.06) * picture.shape[0]
    for n in range(2):
        _shine(out, x + n * radius * random.uniform(4, 8), y, radius, (30, 30, 255), random)
    return _picture(out)


def sunset(picture: Picture, random: Random) -> Picture:
    """An orange sky down to some height, with or without the sun's disc."""
    height, width = picture.shape[:2]
    sky = random.uniform(0.3, 0.9)
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    alpha = np.clip((sky - rows) * random.uniform(3, 12), 0, 1) * random.uniform(0.5, 0.95)
    top, low = np.array([120, 90, 150.0]), np.array([60, 150, 250.0])
    shade = top + (low - top) * np.clip(rows / sky, 0, 1)[..., None]
    shade = np.broadcast_to(shade, (height, width, 3)).astype(np.float32)
    out = _over(picture, shade, np.repeat(alpha, width, 1).astype(np.float32)).astype(np.float32)
    if random.random() < 0.6:
        x, y = random.uniform(0.1, 0.9) * width, random.uniform(0.2, 1) * sky * height
        _shine(out, x, y, random.uniform(0.03, 0.12) * height, (120, 220, 255), random)
    return _picture(out)


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
    return _picture(lit.astype(np.float32))


_LIGHTS: Final = ((255, 255, 255), (200, 235, 255), (120, 200, 255), (70, 150, 255), (90, 255, 200))
_VESTS: Final = ((20, 90, 250), (0, 130, 255), (40, 240, 230), (30, 30, 210), (30, 200, 250))

NEGATIVES: Final = (lamp, brake_lights, sunset, vest, fog)
"""What is neither fire nor smoke."""


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
    done = _picture(out)
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
    return _picture(out.astype(np.float32)), mask.astype(np.float32)


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


def _over(picture: Picture, shade: NDArray[np.float32], alpha: Mask) -> Picture:
    return _picture(picture + (shade - picture) * alpha[..., None])


def _picture(values: NDArray[np.float32]) -> Picture:
    return np.clip(values, 0, 255).astype(np.uint8)
