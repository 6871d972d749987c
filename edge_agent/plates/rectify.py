"""From a plate's four corners in a picture to the plate seen from the front."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import Image, Point

Quad = tuple[Point, Point, Point, Point]
"""A plate's corners: top left, top right, bottom right, bottom left, as the plate is read."""

_WIDEST: Final = 512
"""Pixels; a plate seen larger is scaled down: the reader's own picture is 192 wide."""

_SMALLEST: Final = 4
"""Pixels; a side shorter than this shows no character."""


MARGIN: Final = 0.08
"""Of the plate's width and height: what is kept around it, for corners are never exact. Of 0.04,
0.08 and 0.12 the surest on the development half of the real pictures; on 300 rendered passages to
develop on they gave the same within chance."""


def rectify(image: Image, quad: Quad, margin: float = MARGIN) -> Image:
    """The plate inside `quad` (fractions of `image`) upright, `(h, w, 3)` uint8 BGR.

    `margin` (of the plate's width and height) is kept around it. What lies outside the picture
    repeats its edge. Raises ValueError for a quad that encloses nothing.
    """
    height, width = image.shape[:2]
    corners = np.array(quad, np.float64) * (width, height)
    if not np.isfinite(corners).all():
        raise ValueError(f"a plate's corners must be numbers, not {quad}")
    across = max(_length(corners[0], corners[1]), _length(corners[3], corners[2]))
    down = max(_length(corners[0], corners[3]), _length(corners[1], corners[2]))
    if min(across, down) < _SMALLEST or _area(corners) < _SMALLEST**2:
        raise ValueError(f"the corners {quad} enclose no plate of at least {_SMALLEST} pixels")
    scale = min(1.0, _WIDEST / across, _WIDEST / down)
    plate_w, plate_h = across * scale, down * scale
    left, top = margin * plate_w, margin * plate_h
    target = np.array([[0, 0], [plate_w, 0], [plate_w, plate_h], [0, plate_h]])
    target += np.array([left, top])
    transform = cv2.getPerspectiveTransform(corners.astype(np.float32), target.astype(np.float32))
    size = (round(plate_w + 2 * left), round(plate_h + 2 * top))
    seen = cv2.warpPerspective(image, transform, size, borderMode=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(seen, np.uint8)


def _length(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.hypot(*(one - other)))


def _area(corners: NDArray[np.float64]) -> float:
    x, y = corners[:, 0], corners[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
