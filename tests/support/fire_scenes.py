"""Fire, smoke and what is taken for them over real video, the same in every run.

Real flames are cut out of one clip by their colour, real smoke by its difference to the scene
before it; both are laid over another clip, grow there, light up what is around, and go through
H.264 like any recording. Hard negatives are painted: lamps, brake lights, sunset, vests, fog,
steam.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Layer = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Light `(h, w, 3)` and mask `(h, w)`, 0..1, standing on the middle of their lower edge."""

RATE: Final = 10
SIZE: Final = (640, 480)
_HEIGHT: Final = 200


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a thing stands, x and y of its foot and its greatest height, in fractions."""

    x: float
    y: float
    height: float


def flame_layers(pictures: Sequence[Picture]) -> list[Layer]:
    """The largest flame of each picture, cut out by its colour, `_HEIGHT` pixels tall or less."""
    found = []
    for picture in pictures:
        colours = picture.astype(np.int16)
        blue, green, red = colours[..., 0], colours[..., 1], colours[..., 2]
        warm = (red > 170) & (red - blue > 60) & (red >= green)
        warm |= (red > 200) & (red - green > 25)
        near = cv2.dilate(warm.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
        hot = warm | ((colours.min(2) > 215) & near)
        joined = cv2.dilate(hot.astype(np.uint8), np.ones((9, 9), np.uint8))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
        if count < 2:
            continue
        number = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
        x, y, w, h, _ = (int(value) for value in stats[number])
        mask = (hot & (labels == number))[y : y + h, x : x + w].astype(np.float32)
        found.append(_scaled(picture[y : y + h, x : x + w], cv2.GaussianBlur(mask, (0, 0), 1.5)))
    return found


def smoke_layers(pictures: Sequence[Picture], before: Picture) -> list[Layer]:
    """The smoke of each picture by its difference to the scene `before` it."""
    scene = cv2.GaussianBlur(before, (0, 0), 3).astype(np.float32)
    found = []
    for picture in pictures:
        soft = cv2.GaussianBlur(picture, (0, 0), 3).astype(np.float32)
        alpha = np.clip((np.abs(soft - scene).max(2) - 14) / 60, 0, 1).astype(np.float32)
        alpha = cv2.GaussianBlur(alpha, (0, 0), 4).astype(np.float32)
        ramp = np.clip(np.minimum(np.arange(608), np.arange(607, -1, -1)) / 60, 0, 1)
        alpha *= (ramp[: alpha.shape[1]] * ramp[: alpha.shape[0], None]).astype(np.float32)
        found.append(_scaled(picture, alpha, 400))
    return found


def over(
    background: Callable[[float], Picture],
    layers: Sequence[Layer],
    spot: Spot,
    seconds: float,
    *,
    start_s: float,
    grow_s: float,
    per_second: float,
    fire: bool,
) -> Iterator[Picture]:
    """A clip of `seconds`: `layers` played at `per_second`, to and fro, from `start_s` on."""
    for frame in range(round(seconds * RATE)):
        at = frame / RATE
        picture = background(at)
        if at < start_s:
            yield picture
            continue
        age = at - start_s
        position = age * per_second
        layer = _between(layers, position, back=fire)
        if not fire or per_second <= 2:
            layer = _stirred(layer, age)
        size = spot.height * (0.25 + 0.75 * min(1.0, age / grow_s)) if fire else spot.height
        yield _laid(picture, layer, spot, size, fire=fire)


def write(path: Path, pictures: Iterator[Picture], rate: int = RATE) -> Path:
    """The pictures as H.264, as a camera of modest quality sends them."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(rate))
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "25", "preset": "veryfast", "threads": "1"}
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(fitted(picture), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def looped(pictures: Sequence[Picture], rate: float) -> Callable[[float], Picture]:
    """A background played to and fro."""
    fit = [fitted(picture) for picture in pictures]

    def at(seconds: float) -> Picture:
        number = int(seconds * rate) % max(1, 2 * len(fit) - 2)
        return fit[number if number < len(fit) else 2 * len(fit) - 2 - number].copy()

    return at


def fitted(picture: Picture) -> Picture:
    """The middle of `picture` at SIZE."""
    height, width = picture.shape[:2]
    scale = max(SIZE[0] / width, SIZE[1] / height)
    size = (max(SIZE[0], round(width * scale)), max(SIZE[1], round(height * scale)))
    big = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale != 1 else picture
    top, left = (big.shape[0] - SIZE[1]) // 2, (big.shape[1] - SIZE[0]) // 2
    return np.ascontiguousarray(big[top : top + SIZE[1], left : left + SIZE[0]], np.uint8)


def frames(path: Path, first: int = 0, last: int = 10**9, every: int = 1) -> list[Picture]:
    """Pictures of a video by number. Raises ValueError when there is none."""
    clip, found, number = cv2.VideoCapture(str(path)), [], 0
    while number <= last:
        done, picture = clip.read()
        if not done:
            break
        if number >= first and (number - first) % every == 0:
            found.append(np.asarray(picture, np.uint8))
        number += 1
    if not found:
        raise ValueError(f"{path}: not a video")
    return found


def blinking(picture: Picture, at: float, spot: Spot, number: int) -> Picture:
    """Brake lights that come and go, and an orange indicator that blinks, on something dark."""
    out = picture.astype(np.float32)
    height, width = picture.shape[:2]
    x, y, size = spot.x * width, spot.y * height, spot.height * height
    cv2.rectangle(out, _at(x - size, y - size), _at(x + size, y), (35.0, 32.0, 30.0), -1)
    braking = (at + number) % 7 < 4
    for side in (-0.7, 0.7):
        lamp = (30.0, 30.0, 255.0) if braking else (20.0, 20.0, 110.0)
        _shine(out, x + side * size, y - 0.6 * size, 0.13 * size, lamp, 1.0 if braking else 0.2)
    if number % 2 and (at * 1.5) % 1 < 0.5:
        _shine(out, x + 0.95 * size, y - 0.6 * size, 0.1 * size, (0.0, 150.0, 255.0), 1.0)
    return _picture(out)


def street_lamp(picture: Picture, at: float, spot: Spot, number: int) -> Picture:
    """A warm lamp at dusk, buzzing a little; every third one fails and flickers."""
    out = picture.astype(np.float32) * 0.45
    height, width = picture.shape[:2]
    power = 1 + 0.04 * math.sin(37 * at)
    if number % 3 == 0:
        power *= 0.5 + 0.5 * float(math.sin(11 * at) + math.sin(23.7 * at) > -0.6)
    colour = ((120.0, 200.0, 255.0), (200.0, 235.0, 255.0), (60.0, 150.0, 255.0))[number % 3]
    x, y = spot.x * width, spot.y * height * 0.5
    _shine(out, x, y, 0.18 * spot.height * height, colour, power)
    return _picture(out)


def sunset(picture: Picture, at: float, spot: Spot, number: int) -> Picture:
    """An evening sky over the upper part, its sun glittering behind moving leaves."""
    out = picture.astype(np.float32)
    height, width = picture.shape[:2]
    sky = 0.25 + spot.height
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    alpha = np.clip((sky - rows) * 8, 0, 1) * 0.85
    low = np.array([60.0, 140.0 + 10 * (number % 4), 250.0], np.float32)
    top = np.array([130.0, 100.0, 150.0], np.float32)
    out += (top + (low - top) * np.clip(rows / sky, 0, 1) - out) * alpha
    leaves = 0.75 + 0.25 * math.sin(3.1 * at) * math.sin(1.7 * at + number)
    _shine(out, spot.x * width, 0.7 * sky * height, 0.06 * height, (120.0, 220.0, 255.0), leaves)
    return _picture(out)


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
    return _picture(picture + (190.0 + 8 * (number % 6) - picture) * np.clip(thick * rows, 0, 0.9))


def steam(picture: Picture, at: float, spot: Spot, number: int) -> Picture:
    """White steam from a vent: small, thins out at once, comes in puffs or all the time."""
    height, width = picture.shape[:2]
    puff = 1.0 if number % 2 else float((at + number) % 9 < 3)
    tall = 0.6 * spot.height * height
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    up = (spot.y * height - rows) / tall
    swirl = np.sin(columns / 7 + 5 * np.sin(rows / 11 + 6 * at)) * np.cos(rows / 9 + 9 * at)
    across = np.abs(columns - spot.x * width + 0.1 * tall * swirl) / (tall * (0.12 + 0.25 * up))
    body = np.clip(1 - across**2, 0, 1) * np.clip(1 - up, 0, 1) * (up > 0) * (0.75 + 0.25 * swirl)
    alpha = cv2.GaussianBlur((0.75 * puff * body).astype(np.float32), (0, 0), 3)[..., None]
    return _picture(picture + (238.0 - picture) * alpha)


NEGATIVES: Final = (blinking, street_lamp, sunset, worker, fog, steam)


def spoiled(
    background: Callable[[float], Picture],
    kind: Any,
    spot: Spot,
    number: int,
    seconds: float,
    rate: float = RATE,
) -> Iterator[Picture]:
    """A clip of `seconds` with a hard negative in it, `rate` pictures a second."""
    for frame in range(round(seconds * rate)):
        at = frame / rate
        yield kind(background(at), at, spot, number)


def _scaled(picture: Picture, mask: NDArray[Any], tallest: int = _HEIGHT) -> Layer:
    scale = min(1.0, tallest / picture.shape[0])
    size = (max(2, round(picture.shape[1] * scale)), max(2, round(picture.shape[0] * scale)))
    light = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return light, cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def _between(layers: Sequence[Layer], position: float, *, back: bool) -> Layer:
    """The layer at `position`, dissolved from one to the next, to and fro or to the end."""
    last = len(layers) - 1
    if back:
        position = position % max(1, 2 * last)
        position = position if position <= last else 2 * last - position
    number = min(int(position), last)
    other = layers[min(number + 1, last)]
    light, mask = layers[number]
    part = min(position, last) - number
    size = (light.shape[1], light.shape[0])
    if part < 0.02:
        return light, mask
    light_b, mask_b = cv2.resize(other[0], size), cv2.resize(other[1], size)
    mixed = light + (light_b - light) * part
    return mixed.astype(np.float32), (mask + (mask_b - mask) * part).astype(np.float32)


def _stirred(layer: Layer, age: float) -> Layer:
    """The layer bent by waves that rise: what a picture a second leaves out."""
    light, mask = layer
    height, width = mask.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    reach = 0.03 * height * np.clip(1.2 - rows / height, 0, 1)
    wave = np.sin(rows / (0.09 * height) + 7 * age) + np.sin(columns / (0.13 * height) + 4.3 * age)
    x = (columns + reach * wave).astype(np.float32)
    y = (rows + 0.8 * reach * np.cos(columns / (0.1 * height) + 6 * age)).astype(np.float32)
    bent = cv2.remap(light, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    thin = cv2.remap(mask, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return bent.astype(np.float32), thin.astype(np.float32)


def _laid(picture: Picture, layer: Layer, spot: Spot, size: float, *, fire: bool) -> Picture:
    light, mask = layer
    height, width = picture.shape[:2]
    scale = size * height / light.shape[0]
    shape = (max(2, round(light.shape[1] * scale)), max(2, round(light.shape[0] * scale)))
    light = cv2.resize(light, shape, interpolation=cv2.INTER_AREA).astype(np.float32)
    mask = cv2.resize(mask, shape, interpolation=cv2.INTER_AREA).astype(np.float32)
    left, top = round(spot.x * width - shape[0] / 2), round(spot.y * height - shape[1])
    whole = np.zeros((height, width), np.float32)
    colours = np.zeros((height, width, 3), np.float32)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(width, left + shape[0]), min(height, top + shape[1])
    if x1 > x0 and y1 > y0:
        whole[y0:y1, x0:x1] = mask[y0 - top : y1 - top, x0 - left : x1 - left]
        colours[y0:y1, x0:x1] = light[y0 - top : y1 - top, x0 - left : x1 - left]
    out = picture + (colours - picture) * whole[..., None]
    if fire:
        # Glow has no detail: blurred small, it costs a sixtieth.
        small = cv2.resize(whole, (width // 8, height // 8), interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(small, (0, 0), max(1.0, size * height / 16))
        glow = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR) * 50
        out = out + glow[..., None] * np.array([0.2, 0.5, 1.0], np.float32) * (1 - whole[..., None])
    return _picture(out)


def _shine(
    out: NDArray[np.float32],
    x: float,
    y: float,
    radius: float,
    colour: tuple[float, float, float],
    power: float,
) -> None:
    radius = max(1.0, radius)
    top, left = max(0, int(y - 12 * radius)), max(0, int(x - 12 * radius))
    part = out[top : int(y + 12 * radius) + 1, left : int(x + 12 * radius) + 1]
    rows, columns = np.mgrid[0 : part.shape[0], 0 : part.shape[1]].astype(np.float32)
    away = np.hypot(columns + left - x, rows + top - y) / radius
    hue = np.array(colour, np.float32)
    part += (0.6 * power * np.exp(-away / 2))[..., None] * hue
    core = hue + (255 - hue) * np.clip(1 - away, 0, 1)[..., None] * 0.8
    part += (core - part) * (np.clip(2.5 - 2 * away, 0, 1) * min(1.0, power))[..., None]


def _at(x: float, y: float) -> tuple[int, int]:
    return round(x), round(y)


def _picture(values: NDArray[Any]) -> Picture:
    return np.asarray(np.clip(values, 0, 255), np.uint8)
