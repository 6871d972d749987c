"""Somebody covers, blurs, turns, blinds or freezes a camera; and weather, light and traffic, which
only look like it. Real video with one effect from a known moment on, the same in every run, through
H.264 like any recording.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Picture = NDArray[np.uint8]
Effect = Literal[
    "cover", "blur", "turn", "dark", "freeze",
    "night", "lights", "rain", "lorry", "bus", "exposure", "shake", "drop",
]  # fmt: skip
Kind = Literal["covered", "defocused", "turned", "dark", "frozen"]

TELLS: Final[dict[Effect, Kind]] = {
    "cover": "covered",
    "blur": "defocused",
    "turn": "turned",
    "dark": "dark",
    "freeze": "frozen",
}
"""What is to be told of an effect; of the others nothing."""

RATE: Final = 5
WIDTH: Final = 384
SECONDS: Final = 29
_ROOM: Final = 64


class Case(BaseModel):
    """One composed clip."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    part: Literal["develop", "held"]
    video: str
    effect: Effect
    at_s: float
    look: str = ""
    strength: float = 0.0


def pictures(case: Case, find: Callable[[str], Path]) -> Iterator[tuple[float, Picture]]:
    """Time and picture, `RATE` a second for `SECONDS`; `find` knows where videos lie."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=RATE)
        first = _scene(find(case.video))[0]
        stream.height, stream.width = first.shape[0] // 2 * 2, WIDTH
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "23", "g": "10", "threads": "1"}
        for picture in _composed(case, find):
            even = np.ascontiguousarray(picture[: stream.height])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="bgr24")))
        container.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer, "r") as read:
        for number, frame in enumerate(read.decode(video=0)):
            yield number / RATE, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def _composed(case: Case, find: Callable[[str], Path]) -> Iterator[Picture]:
    scene = _scene(find(case.video))
    random = np.random.default_rng(zlib.crc32(case.name.encode()))
    apply = _EFFECTS[case.effect](case, scene[0].shape, random, find)
    held: Picture | None = None
    for number in range(SECONDS * RATE):
        since_s = number / RATE - case.at_s
        picture = _noisy(_there_and_back(scene, number), 1.5, random)
        if since_s >= 0:
            if case.effect == "freeze":
                held = picture if held is None else held
                picture = held
            else:
                picture = apply(picture, since_s)
        yield picture


@lru_cache(maxsize=3)
def _scene(path: Path) -> list[Picture]:
    """The video at `RATE` pictures a second, `WIDTH` across, as much as is needed."""
    found: list[Picture] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        step = float(stream.average_rate or 10) / RATE
        for number, frame in enumerate(container.decode(stream)):
            if number < round(len(found) * step):
                continue
            height = round(WIDTH * frame.height / frame.width)
            image = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            small = cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA)
            found.append(np.asarray(small, np.uint8))
            if len(found) >= SECONDS * RATE:
                break
    return found


def _there_and_back(scene: list[Picture], number: int) -> Picture:
    """Short clips are played forwards and backwards in turn."""
    turn = max(1, len(scene) - 1)
    lap, within = divmod(number, turn)
    return scene[within if lap % 2 == 0 else turn - within]


@lru_cache(maxsize=8)
def _grain(shape: tuple[int, ...], sigma: float) -> tuple[Picture, Picture]:
    """Noise to add and to take away, larger than a picture: each gets a part of its own."""
    size = (shape[0] + _ROOM, shape[1] + _ROOM)
    noise = np.rint(np.random.default_rng(1).normal(0, sigma, size))
    whole = np.repeat(noise[..., None], 3, axis=2)
    return np.maximum(whole, 0).astype(np.uint8), np.maximum(-whole, 0).astype(np.uint8)


def _noisy(picture: Picture, sigma: float, random: np.random.Generator) -> Picture:
    if sigma <= 0:
        return picture
    height, width = picture.shape[:2]
    y, x = random.integers(_ROOM, size=2)
    more, less = (part[y : y + height, x : x + width] for part in _grain(picture.shape, sigma))
    return np.asarray(cv2.subtract(cv2.add(picture, more), less), np.uint8)


def _smooth(shape: tuple[int, ...], random: np.random.Generator, cells: int) -> NDArray[np.float32]:
    """A soft random field, -1..1."""
    small = random.uniform(-1, 1, (cells, cells)).astype(np.float32)
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), np.float32)


Apply = Callable[[Picture, float], Picture]
Make = Callable[[Case, tuple[int, ...], np.random.Generator, Callable[[str], Path]], Apply]
_COLOURS: Final = {
    "cloth": (45, 40, 42),
    "paper": (205, 212, 210),
    "hand": (60, 75, 120),
    "spray": (70, 68, 66),
}


def _cover(case: Case, shape: tuple[int, ...], random: np.random.Generator, _: object) -> Apply:
    height, width = shape[:2]
    field = 1 + 0.25 * _smooth(shape, random, 4)
    sheet = np.clip(field[..., None] * np.array(_COLOURS[case.look], np.float32), 0, 255)
    alpha = np.ones((height, width), np.float32)
    if case.look == "spray":
        alpha = np.clip(4 * (_smooth(shape, random, 9) + 0.9), 0, 1)
    if case.look == "hand":
        sheet[:, -width // 12 :] += 90

    def apply(picture: Picture, since_s: float) -> Picture:
        shown = alpha.copy()
        shown[:, int(width * min(1.0, since_s / 0.6)) :] = 0
        mixed = picture + shown[..., None] * (sheet - picture)
        return _noisy(np.clip(mixed, 0, 255).astype(np.uint8), 1.5, random)

    return apply


def _blur(case: Case, _s: object, random: np.random.Generator, _f: object) -> Apply:
    def apply(picture: Picture, since_s: float) -> Picture:
        sigma = max(0.3, case.strength / 100 * WIDTH * min(1.0, since_s))
        return _noisy(np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8), 1.5, random)

    return apply


def _turn(
    case: Case, shape: tuple[int, ...], random: np.random.Generator, find: Callable[[str], Path]
) -> Apply:
    height, width = shape[:2]
    other = None
    if case.look:
        other = np.asarray(cv2.resize(_scene(find(case.look))[0], (width, height)), np.uint8)

    def apply(picture: Picture, since_s: float) -> Picture:
        done = min(1.0, since_s / 0.8)
        if other is not None and done >= 1:
            return _noisy(other, 1.5, random)
        by = np.array([[1, 0, -case.strength * width * done], [0, 1, 0.1 * height * done]])
        moved = cv2.warpAffine(picture, by, (width, height), borderMode=cv2.BORDER_REFLECT)
        return np.asarray(cv2.blur(moved, (25, 3)) if done < 1 else moved, np.uint8)

    return apply


def _dark(case: Case, _s: object, random: np.random.Generator, _f: object) -> Apply:
    def apply(picture: Picture, since_s: float) -> Picture:
        gain = 1 - (1 - case.strength) * min(1.0, since_s / 0.4)
        return _noisy((picture * gain).astype(np.uint8), 1.5, random)

    return apply


def _night(case: Case, shape: tuple[int, ...], random: np.random.Generator, _: object) -> Apply:
    """The filter swings away: grey, lit from the camera, noisy."""
    rows, columns = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    lamp = np.exp(-(rows**2 + columns**2) * 1.2).astype(np.float32)

    def apply(picture: Picture, since_s: float) -> Picture:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
        dark = 255 * (grey / 255) ** 1.4 * (0.15 + case.strength * lamp)
        share = min(1.0, since_s)
        mixed = picture * (1 - share) + share * dark[..., None]
        return _noisy(mixed.astype(np.uint8), 6.0 if share >= 1 else 2.0, random)

    return apply


def _lights(case: Case, _s: object, random: np.random.Generator, _f: object) -> Apply:
    def apply(picture: Picture, since_s: float) -> Picture:
        gain = case.strength if since_s < 8 else 1.0
        return _noisy((picture * gain).astype(np.uint8), 2.0, random)

    return apply


def _rain(case: Case, shape: tuple[int, ...], random: np.random.Generator, _: object) -> Apply:
    def apply(picture: Picture, since_s: float) -> Picture:
        share = min(1.0, since_s / 2)
        out = (picture * (1 - 0.25 * share) + 45 * share).astype(np.uint8)
        for _drop in range(int(case.strength * share)):
            x, y = int(random.integers(shape[1])), int(random.integers(shape[0]))
            length = int(random.integers(8, 24))
            cv2.line(out, (x, y), (x - 2, y + length), (200, 200, 200), 1, cv2.LINE_AA)
        return np.asarray(cv2.GaussianBlur(out, (3, 3), 0), np.uint8)

    return apply


def _vehicle(stays: bool) -> Make:
    def make(case: Case, shape: tuple[int, ...], random: np.random.Generator, _: object) -> Apply:
        height, width = shape[:2]
        wide, tall = int(case.strength * width), int(0.85 * height)
        side = np.full((tall, wide, 3), random.integers(60, 200, 3), np.uint8)
        cv2.rectangle(side, (0, int(0.8 * tall)), (wide, tall), (30, 30, 30), -1)
        for number in range(5):
            left = int((0.06 + 0.19 * number) * wide)
            far = (left + int(0.13 * wide), int(0.4 * tall))
            cv2.rectangle(side, (left, int(0.12 * tall)), far, (55, 50, 45), -1)

        def apply(picture: Picture, since_s: float) -> Picture:
            stop = width // 2 - wide // 2
            left = int(-wide + min(1.0, since_s / 1.5) * (stop + wide))
            if not stays and since_s > 7.5:
                left = int(stop + (since_s - 7.5) / 1.5 * width)
            out = picture.copy()
            x0, x1 = max(0, left), min(width, left + wide)
            if x1 > x0:
                out[height - tall :, x0:x1] = side[:, x0 - left : x1 - left]
            return _noisy(out, 1.0, random)

        return apply

    return make


def _exposure(case: Case, _s: object, _r: object, _f: object) -> Apply:
    def apply(picture: Picture, since_s: float) -> Picture:
        gain = 1 + (case.strength - 1) * max(0.0, 1 - since_s / 6)
        return np.asarray(np.clip(picture * gain, 0, 255), np.uint8)

    return apply


def _shake(case: Case, shape: tuple[int, ...], random: np.random.Generator, _: object) -> Apply:
    def apply(picture: Picture, _since_s: float) -> Picture:
        dx, dy = random.uniform(-1, 1, 2) * case.strength / 100 * WIDTH
        by = np.array([[1, 0, dx], [0, 1, dy]])
        size = (shape[1], shape[0])
        return np.asarray(
            cv2.warpAffine(picture, by, size, borderMode=cv2.BORDER_REFLECT), np.uint8
        )

    return apply


def _drop(case: Case, shape: tuple[int, ...], random: np.random.Generator, _: object) -> Apply:
    """A drop of water on the glass: a blurred disc that stays."""
    mask = np.zeros(shape[:2], np.float32)
    middle = int(shape[1] * random.uniform(0.3, 0.7)), int(shape[0] * random.uniform(0.3, 0.7))
    cv2.circle(mask, middle, int(case.strength * shape[0]), (1.0,), -1)
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), 8), np.float32)[..., None]

    def apply(picture: Picture, _since_s: float) -> Picture:
        soft = cv2.GaussianBlur(picture, (0, 0), 9)
        return (picture + mask * (soft.astype(np.float32) - picture)).astype(np.uint8)

    return apply


_EFFECTS: Final[dict[Effect, Make]] = {
    "cover": _cover,
    "blur": _blur,
    "turn": _turn,
    "dark": _dark,
    "freeze": _dark,
    "night": _night,
    "lights": _lights,
    "rain": _rain,
    "lorry": _vehicle(stays=False),
    "bus": _vehicle(stays=True),
    "exposure": _exposure,
    "shake": _shake,
    "drop": _drop,
}
