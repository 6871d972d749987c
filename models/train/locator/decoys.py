"""What is taken for a plate and is none: boards, stickers, shop fronts, bus numbers, grilles.

Every painter takes a seeded generator and returns a `(h, w, 3)` uint8 BGR patch.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Picture = NDArray[np.uint8]
Random = np.random.Generator
Colour = tuple[int, int, int]

FONTS: Final = Path("/usr/share/fonts/opentype/noto")
"""Of Debian's fonts-noto-cjk; the faces' second index is Korean."""

_FACES: Final = ("NotoSansCJK-Bold.ttc", "NotoSansCJK-Regular.ttc", "NotoSerifCJK-Bold.ttc")

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
def _font(face: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS / face), size, index=1)


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
    lines = [wording(random) for _ in range(int(random.choice([1, 2, 3], p=[0.62, 0.26, 0.12])))]
    font = _font(str(random.choice(_FACES)), 32)
    wide = max(int(font.getlength(line)) for line in lines)
    margin = int(random.uniform(3, 28))
    size = (wide + 2 * margin, 40 * len(lines) + 2 * int(margin * random.uniform(0.2, 1.2)))
    ground, ink = LIGHT[random.integers(len(LIGHT))], DARK[random.integers(len(DARK))]
    if random.random() < 0.45:
        ground, ink = ink, ground
    page = Image.new("RGB", size, ground)
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        top = (size[1] - 40 * len(lines)) / 2 + 40 * number - 6
        pen.text(((size[0] - font.getlength(line)) / 2, top), line, ink, font)
    patch = np.asarray(page, np.uint8).copy()
    if random.random() < 0.4:
        cv2.rectangle(patch, (1, 1), (size[0] - 2, size[1] - 2), ink, int(random.integers(1, 4)))
    return patch


def lettering(random: Random) -> tuple[Picture, NDArray[np.float32]]:
    """Letters without a ground (an emblem, a clock painted in by the camera), and their mask."""
    text = wording(random)
    font = _font(str(random.choice(_FACES)), 30)
    size = (int(font.getlength(text)) + 8, 44)
    page = Image.new("L", size, 0)
    ImageDraw.Draw(page).text((4, -2), text, 255, font)
    mask = np.asarray(np.asarray(page) / 255, np.float32)
    colours = (*DARK[:2], *LIGHT[:2])
    patch = np.full((size[1], size[0], 3), colours[random.integers(4)], np.uint8)
    return patch, mask


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
