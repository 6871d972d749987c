"""A vehicle's colour by plain hue and brightness, and how far that can be trusted.

A search by colour must not lose the vehicle: what the light hides is `unknown`, and colours that
are taken for each other count as one (`paint_may_be`). Pure.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import Box, Image
from wire.plates import Paint

_LIKE: Final[dict[str, tuple[Paint, ...]]] = {
    "white": ("grey",),
    "grey": ("white", "black", "blue"),
    "black": ("grey", "blue"),
    "blue": ("grey", "black"),
}

_ALSO: Final = {"car": ("truck",), "truck": ("car", "bus"), "bus": ("truck",)}

_HUES: Final[tuple[tuple[float, Paint], ...]] = (
    (60, "red"),
    (115, "yellow"),
    (190, "green"),
    (310, "blue"),
)
"""Up to which angle in CIE Lab, in degrees; red again above."""

_LEAST_PX: Final = 24
"""Of the box on either side: below, it is road as much as vehicle."""

_CAST: Final = 14.0
"""Distance of the picture's median from grey in CIE Lab above which its light is coloured: by
night, under lamps."""

_COLOURLESS: Final = 2.0
"""Mean distance from grey below which the picture has no colour: infrared."""

_COLOURED: Final = 12.0
"""A pixel's distance from the picture's own grey from which on it has a colour."""

_SHARE: Final = 0.4
"""Of the body's pixels that must have one."""

_WHITE: Final = 122.0
_BLACK: Final = 87.0
"""Of the body's brightness, 0..255, its 60th percentile."""


def paint_may_be(asked: str) -> frozenset[str]:
    """What a vehicle of the colour `asked` may have been taken for."""
    return frozenset({asked, "unknown", *_LIKE.get(asked, ())})


def kind_may_be(asked: str) -> frozenset[str]:
    """The same of its kind: the detector takes vans for trucks, and trucks for buses."""
    return frozenset({asked, "unknown", *_ALSO.get(asked, ())})


def paint_of(picture: Image, box: Box) -> Paint:
    """The colour of the vehicle at `box` of `picture`, `(H, W, 3)` uint8 BGR."""
    height, width = picture.shape[:2]
    part = picture[
        round((box.y + 0.2 * box.h) * height) : round((box.y + 0.85 * box.h) * height),
        round((box.x + 0.12 * box.w) * width) : round((box.x + 0.88 * box.w) * width),
    ]
    if min(part.shape[:2]) < _LEAST_PX:
        return "unknown"
    _, a, b = _lab(picture, 64)
    if np.hypot(a, b).mean() < _COLOURLESS or np.hypot(np.median(a), np.median(b)) > _CAST:
        return "unknown"
    light, own_a, own_b = _lab(part, 48)
    a, b = own_a - np.median(a), own_b - np.median(b)
    coloured = np.hypot(a, b) >= _COLOURED
    if coloured.mean() >= _SHARE:
        return _hue(float(np.median(a[coloured])), float(np.median(b[coloured])))
    level = float(np.percentile(light, 60))
    return "white" if level >= _WHITE else "black" if level < _BLACK else "grey"


def _hue(a: float, b: float) -> Paint:
    """By the angle in CIE Lab: red lies near a, yellow near b."""
    degrees = np.degrees(np.arctan2(b, a)) % 360
    return next((name for upto, name in _HUES if degrees < upto), "red")


def _lab(picture: Image, edge: int) -> tuple[NDArray[np.float32], ...]:
    """Lightness 0..255, and both colours as distances from grey, of a picture made small."""
    small = cv2.resize(picture, (edge, edge), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32)
    return lab[..., 0], lab[..., 1] - 128, lab[..., 2] - 128
