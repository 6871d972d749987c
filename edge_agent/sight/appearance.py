"""What somebody looks like: how bright and which colours the clothes are, from neck to shins.

Histograms of the three coordinates of CIE Lab in four stripes of the box, pixels in its middle
weighing more than those at its sides, after Comaniciu et al. 2003 ("Kernel-based object tracking");
stripes, because people are told apart by what they wear above and below, after Farenzena et al.
2010 ("Person re-identification by symmetry-driven accumulation of local features"). Good for
seconds within one camera, where light and lens stay the same; no means to know anybody again.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import Box, Image

Look = NDArray[np.float64]
"""`(96,)`, of length 1: the square roots of four stripes' histograms of L, a and b, 8 bins each."""

LEAST_HEIGHT: Final = 24
LEAST_WIDTH: Final = 8
"""Pixels below which a box shows no clothes."""

_ROWS: Final = 48
_COLUMNS: Final = 16
"""What is left of the box after its sides is shrunk to this."""

_SIDE: Final = 0.2
"""The share of the width that is left out on either side: mostly background."""

_STRIPES: Final = (0.15, 0.35, 0.52, 0.72, 0.92)
"""Borders of the stripes in shares of the height: chest, waist, thighs, shins."""

_BINS: Final = 8
_COLOURFUL: Final = 24.0
"""How far from grey, in OpenCV's units of a and b, the outermost bins lie: clothes are seldom
further."""


def _places() -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """For each coordinate and value 0..255 the lower of its two bins, and the upper one's share."""
    values = np.arange(256.0)
    coloured = (values - 128.0 + _COLOURFUL) / (2 * _COLOURFUL)
    at = np.stack([values / 256.0, coloured, coloured]) * _BINS - 0.5
    at = np.clip(at, 0.0, _BINS - 1.0)
    lower = np.minimum(at.astype(np.intp), _BINS - 2)
    return lower, at - lower


def _histograms() -> NDArray[np.intp]:
    """`(rows, 1, 3)` where in a look the histogram begins that a row's coordinate counts for."""
    borders = [round(border * _ROWS) for border in _STRIPES]
    stripe = np.searchsorted(borders[1:], np.arange(borders[0], borders[-1]), side="right")
    return (_BINS * (3 * stripe[:, None] + np.arange(3)))[:, None, :]


_LOWER, _SHARE = _places()
_FIRST: Final = _histograms()
_TOP: Final = round(_STRIPES[0] * _ROWS)
_BOTTOM: Final = round(_STRIPES[-1] * _ROWS)
_LENGTH: Final = 3 * _BINS * (len(_STRIPES) - 1)
_ACROSS: Final = 1.0 - 0.75 * np.linspace(-1.0, 1.0, _COLUMNS) ** 2
_WEIGHT: Final = np.broadcast_to(_ACROSS[None, :, None], (_BOTTOM - _TOP, _COLUMNS, 3)).ravel()


def look(image: Image, box: Box) -> Look | None:
    """What stands in `box` of `image` (`(H, W, 3)` uint8 BGR) looks like.

    None where the box is too small, or not within the picture: a part is not like the whole.
    """
    height, width = image.shape[:2]
    left, right = box.x * width, box.right * width
    top, bottom = box.y * height, box.bottom * height
    # The comparisons are false for NaN.
    if not (left >= -1 and right <= width + 1 and top >= -1 and bottom <= height + 1):
        return None
    if not (bottom - top >= LEAST_HEIGHT and right - left >= LEAST_WIDTH):
        return None
    side = _SIDE * (right - left)
    rows = slice(max(round(top), 0), round(bottom))
    columns = slice(max(round(left + side), 0), round(right - side))
    small = cv2.resize(image[rows, columns], (_COLUMNS, _ROWS), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB)[_TOP:_BOTTOM]
    channel = np.arange(3)
    bins = (_FIRST + _LOWER[channel, lab]).ravel()
    upper = _SHARE[channel, lab].ravel() * _WEIGHT
    counts = np.bincount(bins, _WEIGHT - upper, _LENGTH) + np.bincount(bins + 1, upper, _LENGTH)
    histograms = counts.reshape(-1, _BINS)
    shares = histograms / np.maximum(histograms.sum(axis=1, keepdims=True), 1e-9)
    return _of_length_one(np.sqrt(shares.ravel()))


def unlike(a: Look, b: Look) -> float:
    """Hellinger's distance of two looks, 0 for the same, 1 for looks that share nothing."""
    return float(np.sqrt(max(0.0, 1.0 - float(a @ b))))


def blended(a: Look, b: Look, share: float) -> Look:
    """A look between `a` and `b`, with this share of `b`."""
    return _of_length_one(a + share * (b - a))


def _of_length_one(look: Look) -> Look:
    unit: Look = look / max(float(np.linalg.norm(look)), 1e-9)
    return unit
