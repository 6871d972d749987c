"""Whether a picture differs from the one before it that was analysed: small, grey, and cheap."""

from __future__ import annotations

from typing import Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH: Final = 960
"""Pixels across: a person of 25 pixels in 1080p still covers 12 by 4."""

LEAST_STEP: Final = 10.0
"""Grey levels, blurred over three pixels, by which a pixel must differ."""

NOISE_FACTOR: Final = 5.0
"""... or this many times the median difference of the whole picture."""

LEAST_PIXELS: Final = 5
"""Pixels side by side that must differ."""


class Glance:
    """Remembers the newest picture that was analysed."""

    def __init__(self) -> None:
        self._known: NDArray[np.uint8] | None = None

    def differs(self, picture: av.VideoFrame) -> bool:
        """Whether something changed since the last picture that did; the first one does."""
        grey = _small(picture)
        known = self._known
        if known is None or known.shape != grey.shape:
            self._known = grey
            return True
        away = cv2.absdiff(grey, known)
        step = max(LEAST_STEP, NOISE_FACTOR * float(np.median(away[::4, ::4])))
        mask = (away > step).astype(np.uint8)
        if not mask.any():
            return False
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        if int(stats[1:, cv2.CC_STAT_AREA].max()) < LEAST_PIXELS:
            return False
        self._known = grey
        return True


def _small(picture: av.VideoFrame) -> NDArray[np.uint8]:
    width = min(WIDTH, picture.width)
    height = max(2, round(picture.height * width / picture.width))
    grey = picture.reformat(width=width, height=height, format="gray8", interpolation="AREA")
    return np.asarray(cv2.blur(grey.to_ndarray(), (3, 3)), np.uint8)
