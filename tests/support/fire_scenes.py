"""Fire, smoke and what is taken for them over real video, the same in every run.

Real flames are cut out of one clip by their colour, real smoke by its difference to the scene
before it; both are laid over another clip, grow there, light up what is around, and go through
H.264 like any recording. Hard negatives are painted: lamps, brake lights, sunset, vests, fog,
steam.
"""

from __future__ import annotations

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

Corners = tuple[float, ...]
"""Left, top, right and bottom of a box, in fractions."""

RATE: Final = 5
"""Pictures a second: as many as the product analyses."""
SIZE: Final = (640, 480)
_HEIGHT: Final = 200


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a thing stands, x and y of its foot and its greatest height, in fractions."""

    x: float
    y: float
    height: float


def flame_layers(pictures: Sequence[Picture], boxes: Sequence[Corners] = ()) -> list[Layer]:
    """The largest flame of each picture, cut out by its light, `_HEIGHT` pixels tall or less.

    `boxes` names where in each picture it burns; without them it is looked for everywhere. White
    that touches a flame's colour is its saturated heart and belongs to it.
    """
    found = []
    for number, picture in enumerate(pictures):
        part = _within(picture, boxes[number]) if boxes else picture
        colours = part.astype(np.int16)
        blue, green, red = colours[..., 0], colours[..., 1], colours[..., 2]
        warm = (red > 170) & (red - blue > 60) & (red >= green)
        warm |= (red > 200) & (red - green > 25)
        hot = (warm | (colours.min(2) > 215)).astype(np.uint8)
        joined = cv2.dilate(hot, np.ones((9, 9), np.uint8))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
        burning = np.unique(labels[warm])
        burning = burning[burning > 0]
        if count < 2 or not len(burning):
            continue
        largest = burning[np.argmax(stats[burning, cv2.CC_STAT_AREA])]
        x, y, w, h, _ = (int(value) for value in stats[largest])
        mask = ((hot > 0) & (labels == largest))[y : y + h, x : x + w].astype(np.float32)
        found.append(_scaled(part[y : y + h, x : x + w], cv2.GaussianBlur(mask, (0, 0), 1.5)))
    return found


def smoke_layers(
    pictures: Sequence[Picture], before: Picture, boxes: Sequence[Corners]
) -> list[Layer]:
    """The smoke of each picture by its difference to the scene `before` it, within its box."""
    scene = cv2.GaussianBlur(before, (0, 0), 3).astype(np.float32)
    found = []
    for picture, box in zip(pictures, boxes, strict=True):
        soft = cv2.GaussianBlur(picture, (0, 0), 3).astype(np.float32)
        alpha = np.clip((np.abs(soft - scene).max(2) - 14) / 60, 0, 1).astype(np.float32)
        alpha = cv2.GaussianBlur(alpha, (0, 0), 4).astype(np.float32)
        side = alpha.shape[0]
        inside = np.zeros_like(alpha)
        left, top, right, bottom = (round(value * side) for value in box)
        inside[max(0, top) : bottom, max(0, left) : right] = 1
        inside[:30], inside[-30:], inside[:, :30], inside[:, -30:] = 0, 0, 0, 0
        alpha *= cv2.GaussianBlur(inside, (0, 0), 12)
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
        stream.options = {"crf": "25", "preset": "superfast", "threads": "1"}
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


def _within(picture: Picture, box: Corners) -> Picture:
    height, width = picture.shape[:2]
    left, top, right, bottom = (min(max(value, 0.0), 1.0) for value in box)
    return picture[int(top * height) : int(bottom * height), int(left * width) : int(right * width)]


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
    return clipped(out)


def clipped(values: NDArray[Any]) -> Picture:
    """Grey levels as a camera gives them: 0 to 255, whole."""
    return np.asarray(np.clip(values, 0, 255), np.uint8)
