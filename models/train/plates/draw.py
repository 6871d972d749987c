"""A synthetic Korean plate seen from the front, clean or worn, and all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.plates import text_of
from models.train.plates import wear
from models.train.plates.glyphs import Font, Mask, Typeface, drawings, fonts
from models.train.plates.ground import GROUND_COLOURS, Ground, ground, ink_colour
from models.train.plates.layout import LAYOUTS, Layout, Spot
from models.train.plates.numbers import number
from models.train.plates.wear import STREET, Wear

Picture = NDArray[np.uint8]
Random = np.random.Generator

DATA: Final = Path("../shared/data")

_DRAWN: Final = 0.7
"""How often the official drawings are used; else a font, for variety."""


@dataclass(frozen=True, slots=True)
class DrawnPlate:
    """One plate and its truth."""

    image: Picture
    """`(H, W, 3)` uint8 BGR; the plate fills it."""
    text: str
    """What is to be read, "?" for a character that is covered."""
    places: Mapping[str, str]
    """The same place by place (see alphabet.PLACES); places without use are left out."""
    centres: Mapping[str, tuple[float, float]]
    """Centre of each place's ink, in fractions of the picture."""
    type: str
    colour: str
    layout: str


@dataclass(frozen=True, slots=True)
class Shapes:
    """Where the characters' shapes come from."""

    drawings: Mapping[str, Typeface]
    fonts: Sequence[Font]


@cache
def default_shapes(data: Path = DATA) -> Shapes:
    """The drawings under `data` and this machine's fonts. Raises GlyphError without them."""
    return Shapes(drawings(data), fonts())


_WEIGHTS: Final = np.array([layout.weight for layout in LAYOUTS])


def draw_plate(
    random: Random,
    layout: Layout | None = None,
    *,
    shapes: Shapes | None = None,
    worn: bool = True,
    letter: str | None = None,
    wear: Wear = STREET,
) -> DrawnPlate:
    """One plate, the same for the same state of `random`; `layout` None draws the street's mixture.

    `letter` None draws one, `wear` is what the years do to a `worn` plate. Raises GlyphError when
    neither `shapes` nor the default data folder is there.
    """
    chosen = layout or LAYOUTS[int(random.choice(len(LAYOUTS), p=_WEIGHTS / _WEIGHTS.sum()))]
    return _Drawing(random, chosen, shapes or default_shapes()).plate(worn, letter, wear)


class _Drawing:
    """One plate in the making; `self._k` is pixels a millimetre."""

    def __init__(self, random: Random, layout: Layout, shapes: Shapes) -> None:
        self._random = random
        self._layout = layout
        self._k = float(random.uniform(270, 330)) / max(layout.width, 1.45 * layout.height)
        self._size = round(layout.width * self._k), round(layout.height * self._k)
        self._font = shapes.fonts[int(random.integers(len(shapes.fonts)))]
        self._faces: tuple[Typeface, ...] = ()
        if layout.drawings and random.random() < _DRAWN:
            first = layout.drawings[int(random.integers(len(layout.drawings)))]
            self._faces = (shapes.drawings[first], shapes.drawings["P1-1"])
        self._mask = np.zeros((self._size[1], self._size[0]), np.uint8)
        self._shift = random.uniform(-1, 1, 2) * (0.012, 0.025) * (layout.width, layout.height)
        self._stretch = random.uniform(0.93, 1.07), random.uniform(0.95, 1.04)

    def plate(self, worn: bool, letter: str | None, years: Wear) -> DrawnPlate:
        random, layout = self._random, self._layout
        places = number(layout, random)
        if letter is not None:
            places["letter"] = letter
        boxes = {}
        for spot in layout.spots:
            if spot.place in places:
                boxes[spot.place] = self._put(spot, places[spot.place])
        colours, weights = zip(*layout.colours, strict=True)
        colour = str(random.choice(colours, p=np.array(weights) / sum(weights)))
        base = ground(Ground(layout, colour, self._size, self._k), random)
        if layout.type == "dipl":
            self._hyphen()
        if layout.type == "temp":
            self._issuer(base)
        tone = ink_colour(layout.type, colour, random)
        ink = wear.inked(base, self._mask, tone, random, years.faint)
        wear.furniture(ink, layout, self._k, random)
        if worn:
            ink, covered = wear.worn(ink, boxes, GROUND_COLOURS[colour], random, years)
            places |= dict.fromkeys(covered, "?")
        width, height = self._size
        centres = {
            place: ((box[0] + box[2]) / 2 / width, (box[1] + box[3]) / 2 / height)
            for place, box in boxes.items()
        }
        image = np.clip(ink * 255, 0, 255).astype(np.uint8)
        return DrawnPlate(image, text_of(places), places, centres, layout.type, colour, layout.name)

    def _put(self, spot: Spot, text: str) -> tuple[float, float, float, float]:
        """Ink `text` at `spot`; its box in pixels (left, top, right, bottom)."""
        random, k = self._random, self._k
        x = spot.x + self._shift[0] + random.normal(0, 0.0015) * self._layout.width
        y = spot.y + self._shift[1] + random.normal(0, 0.003) * self._layout.height
        w, h = spot.w * self._stretch[0], spot.h * self._stretch[1]
        if spot.kind in ("row", "stack", "spaced"):
            self._word(spot, text, x, y, w, h)
        elif spot.kind == "letter":
            w, h = w * random.uniform(0.9, 1.08), h * random.uniform(0.92, 1.05)
            x += (spot.w - w) / 2
            self._ink(self._letter(text), x, y, w, h)
        else:
            shape, zero = self._digit(text, small=spot.kind == "small")
            wide = min(w * shape.shape[1] / zero.shape[1], 1.15 * w)
            self._ink(shape, x + (spot.w - wide) / 2, y, wide, h)
        return x * k, y * k, (x + w) * k, (y + h) * k

    def _word(self, spot: Spot, text: str, x: float, y: float, w: float, h: float) -> None:
        drawn = self._faces[0].words.get(text) if self._faces and spot.kind != "spaced" else None
        if drawn is not None:
            self._ink(drawn, x, y, w, h)
            return
        n = len(text)
        for i, syllable in enumerate(text):
            shape = self._font.shape(syllable)
            if spot.kind == "stack":
                self._ink(shape, x, y + i * h * 0.51, w, h * 0.47)
            elif spot.kind == "spaced":
                side = h * 0.95
                self._ink(shape, x + i * (w - side) / max(1, n - 1), y, side, h)
            else:
                self._ink(shape, x + i * w * 1.04 / n, y, w * 0.94 / n, h)

    def _letter(self, text: str) -> Mask:
        for face in self._faces:
            if text in face.letters:
                return face.letters[text]
        return self._font.shape(text)

    def _digit(self, text: str, *, small: bool) -> tuple[Mask, Mask]:
        """The digit's shape, and that of the same source's zero, which fills the spot."""
        for face in self._faces[:1]:
            shapes = face.small if small and face.small else face.digits
            if text in shapes and "0" in shapes:
                return shapes[text], shapes["0"]
        return self._font.shape(text), self._font.shape("0")

    def _hyphen(self) -> None:
        before, after = (self._spot("prefix3"), self._spot("serial2"))
        gap = after.x - before.x - before.w
        bar = np.full((8, 8), 255, np.uint8)
        y = before.y + 0.46 * before.h
        self._ink(bar, before.x + before.w + 0.25 * gap, y, 0.5 * gap, 0.1 * before.h)

    def _spot(self, place: str) -> Spot:
        return next(spot for spot in self._layout.spots if spot.place == place)

    def _issuer(self, base: NDArray[np.float32]) -> None:
        """The office that gave a temporary plate, in small print that is not to be read."""
        random = self._random
        city = str(random.choice(["광주", "서울", "부산", "수원", "성남", "인천", "대전", "창원"]))
        for i, syllable in enumerate(f"{city}{random.choice(['광역시장', '시장', '구청장'])}"):
            self._ink(self._font.shape(syllable), 40 + 19 * i, 70, 16, 17)
        wear.slashes(base, self._k, random)

    def _ink(self, shape: Mask, x: float, y: float, w: float, h: float) -> None:
        k = self._k
        left, top = round(x * k), round(y * k)
        size = max(2, round(w * k)), max(2, round(h * k))
        fitted = cv2.resize(shape, size, interpolation=cv2.INTER_AREA)
        rows, columns = self._mask.shape
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(columns, left + size[0]), min(rows, top + size[1])
        if x1 > x0 and y1 > y0:
            part = self._mask[y0:y1, x0:x1]
            np.maximum(part, fitted[y0 - top : y1 - top, x0 - left : x1 - left], out=part)
