"""What is taken for a plate and is none: boards, stickers, shop fronts, bus numbers, grilles.

Every painter takes a seeded generator and returns a `(h, w, 3)` uint8 BGR patch.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.plates.glyphs import FONT_FOLDERS, GlyphError

Picture = NDArray[np.uint8]
Random = np.random.Generator
Colour = tuple[int, int, int]

_FACES: Final = ("NotoSansCJK-Bold.ttc", "NotoSansCJK-Regular.ttc", "NotoSerifCJK-Bold.ttc")
"""Of Debian's fonts-noto-cjk."""

_LINE: Final = 48
_LETTER: Final = 32
"""Pixels of a letter as it is written; boards are scaled afterwards."""

WORDS: Final = (
    "약국", "식당", "부동산", "주차금지", "소방차", "어린이보호구역", "세탁", "미용실",
    "초보운전", "아기가", "타고", "있어요", "편의점", "노래방", "치킨", "호프", "당구장",
    "우리은행", "택배", "학원", "시청", "일방통행", "진입금지", "정류장", "공사중", "임대",
    "문의", "안전제일", "SALE", "OPEN", "COFFEE", "TAXI", "BUS", "STOP", "EXIT", "HYUNDAI", "KIA",
    "SONATA", "GRANDEUR", "MORNING", "K5", "SPORTAGE", "TUCSON", "PORTER", "Baby", "in", "Car",
    "EV", "HYBRID", "4WD", "TURBO", "V6", "GDI", "CAM1", "REC", "2016-11-26", "05:09:18", "CCTV",
    "24시", "PARKING", "P", "30", "50", "80",
)  # fmt: skip
BAYS: Final = ("B1", "B2", "A-12", "C03", "주차", "출구", "입구", "소화기", "비상구", "장애인")
DARK: Final[tuple[Colour, ...]] = (
    (20, 20, 20), (90, 40, 20), (30, 30, 140), (30, 70, 20), (60, 60, 60),
)  # fmt: skip
LIGHT: Final[tuple[Colour, ...]] = (
    (240, 240, 240), (200, 210, 215), (60, 200, 240), (150, 230, 250), (235, 220, 190),
)  # fmt: skip


@cache
def _font(name: str) -> cv2.FontFace:
    found = [file for folder in FONT_FOLDERS for file in folder.rglob(name)]
    if not found:
        raise GlyphError(
            f"the font {name} is not installed; install it by: apt install fonts-noto-cjk"
        )
    return cv2.FontFace(str(found[0]))


def written(text: str, face: str) -> NDArray[np.uint8]:
    """The mask of `text`, `(h, w)` uint8, as high as a line and as wide as its ink."""
    canvas = np.zeros((2 * _LETTER, _LETTER * (len(text) + 2), 3), np.uint8)
    at = (4, int(1.4 * _LETTER))
    cv2.putText(canvas, text, at, (255, 255, 255), _font(face), _LETTER, 0)
    mask = canvas[..., 0]
    inked = np.flatnonzero(mask.any(0))
    end = int(inked[-1]) + 1 if len(inked) else _LETTER
    return np.asarray(mask[6 : 6 + _LINE, 4:end], np.uint8)


def wording(random: Random) -> str:
    """Something that stands on streets and vehicles, and is no plate number."""
    kind = random.random()
    if kind < 0.22:
        return f"0{random.integers(10, 65)}-{random.integers(100, 9999)}-{random.integers(9999):04}"
    if kind < 0.34:
        return f"{random.integers(1500, 1900)}-{random.integers(9999):04}"
    if kind < 0.46:
        return str(random.integers(1, 9999))
    if kind < 0.56:
        day = f"{random.integers(2000, 2030)}-{random.integers(1, 13):02}"
        return f"{day} {random.integers(24):02}:{random.integers(60):02}"
    if kind < 0.62:
        return str(random.choice(BAYS))
    return " ".join(random.choice(WORDS, random.integers(1, 4)))


def board(random: Random) -> Picture:
    """A sign, sticker or shop board: one to three lines on a ground, often with a rim."""
    count = int(random.choice([1, 2, 3], p=[0.62, 0.26, 0.12]))
    face = str(random.choice(_FACES))
    lines = [written(wording(random), face) for _ in range(count)]
    margin = int(random.uniform(3, 28))
    wide = max(line.shape[1] for line in lines) + 2 * margin
    tall = _LINE * count + 2 * int(margin * random.uniform(0.1, 1.0))
    ground, ink = LIGHT[random.integers(len(LIGHT))], DARK[random.integers(len(DARK))]
    if random.random() < 0.45:
        ground, ink = ink, ground
    patch = np.empty((tall, wide, 3), np.float32)
    patch[:] = ground
    for number, line in enumerate(lines):
        top = (tall - _LINE * count) // 2 + _LINE * number
        left = (wide - line.shape[1]) // 2
        part = patch[top : top + _LINE, left : left + line.shape[1]]
        part += (np.array(ink, np.float32) - part) * (line[..., None] / np.float32(255))
    if random.random() < 0.4:
        cv2.rectangle(patch, (1, 1), (wide - 2, tall - 2), ink, int(random.integers(1, 4)))
    return patch.astype(np.uint8)


def lettering(random: Random) -> tuple[Picture, NDArray[np.float32]]:
    """Letters without a ground (an emblem, a clock painted in by the camera), and their mask."""
    line = written(wording(random), str(random.choice(_FACES)))
    colours = (*DARK[:2], *LIGHT[:2])
    patch = np.full((*line.shape, 3), colours[random.integers(4)], np.uint8)
    return patch, np.asarray(line / 255, np.float32)


def grille(random: Random) -> Picture:
    """Slats, bars or mesh in a rim."""
    wide, tall = int(random.uniform(80, 240)), int(random.uniform(20, 90))
    ground, ink = random.integers(5, 60), random.integers(50, 230)
    patch = np.full((tall, wide, 3), ground, np.uint8)
    step, thick = int(random.integers(4, 18)), int(random.integers(1, 5))
    kind, colour = random.random(), (int(ink),) * 3
    if kind < 0.55:
        for y in range(step // 2, tall, step):
            cv2.line(patch, (0, y), (wide, y), colour, thick)
    if kind > 0.4:
        for x in range(step // 2, wide, step):
            cv2.line(patch, (x, 0), (x + int(random.choice([0, 0, 8])), tall), colour, thick)
    if random.random() < 0.6:
        cv2.rectangle(patch, (0, 0), (wide - 1, tall - 1), colour, thick)
    return patch


def blank(random: Random) -> Picture:
    """A plate-like rectangle that says nothing: a reflector, a window, a covered plate."""
    wide, tall = int(random.uniform(40, 200)), int(random.uniform(14, 80))
    colour = random.integers(0, 256) + random.integers(-30, 31, 3)
    patch = np.empty((tall, wide, 3), np.float32)
    patch[:] = colour
    patch += np.linspace(-1, 1, tall, dtype=np.float32)[:, None, None] * random.uniform(0, 50)
    patch += np.linspace(-1, 1, wide, dtype=np.float32)[None, :, None] * random.uniform(0, 50)
    rim = int(random.integers(0, 256))
    cv2.rectangle(patch, (0, 0), (wide - 1, tall - 1), (rim,) * 3, int(random.integers(1, 4)))
    return np.clip(patch, 0, 255).astype(np.uint8)


def decoy(random: Random) -> tuple[Picture, NDArray[np.float32]]:
    """Any of them, with the mask `(h, w)` float32, 0..1, of what is to be laid over a picture."""
    kind = random.random()
    if kind < 0.2:
        return lettering(random)
    patch = board(random) if kind < 0.62 else grille(random) if kind < 0.85 else blank(random)
    tall, wide = patch.shape[0], patch.shape[1]
    mask = np.full((tall, wide), random.uniform(0.75, 1.0), np.float32)
    if random.random() < 0.12:
        mask[:] = 0
        cv2.ellipse(mask, ((wide / 2, tall / 2), (wide, tall), 0.0), 1.0, -1)
    return patch, mask
