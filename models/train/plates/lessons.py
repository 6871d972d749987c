"""What the reader is taught more of than the street shows: what it was seen to fail at.

Only the training draws lessons; validation, calibration and the reported drawn plates keep the
street's own mixture, so that their figures stay comparable.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from models.plates import RENTAL
from models.train.plates.degrade import StreetCrop
from models.train.plates.draw import DrawnPlate, Shapes, draw_plate
from models.train.plates.layout import LAYOUTS
from models.train.plates.wear import Wear

Random = np.random.Generator

SHARE: Final = 0.15
"""How many of the drawn plates of a training are lessons."""
MASKED: Final = 0.3
"""How many crops of lessons get a character smoothed away after the camera, as publishers do."""

_WEIGHTS: Final = {
    "moto-old": 0.22,
    "cons-two": 0.15,
    "cons-old": 0.1,
    "old": 0.1,
    "comm": 0.07,
    "moto": 0.05,
    "p7": 0.08,
    "p8": 0.06,
    "p8-film": 0.08,
    "p7-short": 0.03,
    "p8-short": 0.04,
    "mil": 0.02,
}
"""Small Hangul of upper lines, regions one above the other, and plates of one line for the rest."""

_STROKES: Final = tuple("어허하호아머더거가나너누두수우주무바배라")
"""Letters that differ from another by one stroke."""
_ONE_STROKE: Final = 0.6
_RENTAL: Final = 0.4
"""Of these, how many are 하, 허 and 호: the rarest letters otherwise."""

_WEAR: Final = Wear(film=0.15, covered=0.25, barred=0.12)
_FAINT: Final = Wear(film=0.1, covered=0.25, barred=0.12, faint=0.35)


def lesson(random: Random, shapes: Shapes, *, worn: bool = True) -> DrawnPlate:
    """One plate of a kind, with letters and wear, that was read badly."""
    names = list(_WEIGHTS)
    weights = np.array(list(_WEIGHTS.values()))
    name = names[int(random.choice(len(names), p=weights / weights.sum()))]
    layout = next(layout for layout in LAYOUTS if layout.name == name)
    letter = None
    if layout.type in ("p7", "p8") and random.random() < _ONE_STROKE:
        choices = RENTAL if random.random() < _RENTAL else _STROKES
        letter = choices[int(random.integers(len(choices)))]
    wear = _FAINT if layout.type in ("cons", "moto") else _WEAR
    return draw_plate(random, layout, shapes=shapes, worn=worn, letter=letter, wear=wear)


def masked(crop: StreetCrop, random: Random) -> StreetCrop:
    """`crop` with one digit under a smooth patch of about what lies around it."""
    digits = [name for name in crop.centres if name.startswith(("prefix", "middle", "serial"))]
    height, width = crop.image.shape[:2]
    size = np.array((width, height))
    centres = {name: np.array(crop.centres[name]) * size for name in digits}
    name = digits[int(random.integers(len(digits)))]
    near = min(float(np.hypot(*(centres[name] - centres[n]))) for n in digits if n != name)
    wide = max(2.0, near * random.uniform(0.38, 0.62))
    tall = wide * random.uniform(1.0, 1.9)
    x, y = centres[name]
    mask = np.zeros((height, width), np.uint8)
    reach = round(wide), round(tall)
    cv2.ellipse(mask, (round(x), round(y)), reach, random.normal(0, 6), 0, 360, 255, -1)
    if not mask.any():
        return crop
    around = crop.image[mask > 0].mean(0) * random.uniform(0.75, 1.25)
    fall = np.linspace(random.uniform(0.75, 1.1), random.uniform(0.9, 1.25), height)[:, None, None]
    soft = cv2.GaussianBlur(mask, (0, 0), random.uniform(0.4, 0.12 * wide + 0.5))
    alpha = (soft / np.float32(255))[..., None]
    image = crop.image + (around * fall - crop.image) * alpha
    patched = np.clip(image, 0, 255).astype(np.uint8)
    return replace(crop, image=patched, places={**crop.places, name: "?"})
