"""Where a picture differs from the one before it that was analysed: small, grey, and cheap."""

from __future__ import annotations

from typing import Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH: Final = 960
"""Pixels across: a person of 25 pixels in 1080p still covers 12 by 4."""

LEAST_STEP: Final = 8.5
"""Levels of luma, blurred over three pixels, by which a pixel must differ."""

NOISE_FACTOR: Final = 5.0
"""... or this many times the median difference of the whole picture."""

LEAST_PIXELS: Final = 5
"""Pixels side by side that must differ."""

PLACE: Final = 32
"""Pixels of a place's sides: about as far as somebody walks in a second who is as tall as that."""

DRIFT: Final = 3
"""Levels by which the whole picture grew lighter or darker, from which on it is remembered anew."""

_SAMPLE: Final = 8
"""One pixel in so many of each line and column tells of the whole picture's light and noise."""

_EIGHT_BITS: Final = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "nv12")
"""Formats whose first plane is the luma, a byte a pixel."""

Place = tuple[int, int]
"""Row and column of a part of the picture, PLACE pixels high and wide."""


EVERYWHERE: Final[Place] = (-1, -1)
"""One place for all of them where many change at once: a lamp, a cloud, rain. What comes of it
tells nothing of any single one."""

MANY: Final = 0.25
"""Of all places."""


class Glance:
    """Remembers the newest picture that was analysed."""

    def __init__(self) -> None:
        self._known: NDArray[np.uint8] | None = None

    def differs(self, picture: av.VideoFrame) -> frozenset[Place]:
        """Where something changed since the last picture in which it did; everywhere in the
        first."""
        grey = _small(picture)
        known = self._known
        if known is None or known.shape != grey.shape:
            self._known = grey
            return frozenset({EVERYWHERE})
        sample = grey[::_SAMPLE, ::_SAMPLE].astype(np.int16) - known[::_SAMPLE, ::_SAMPLE]
        # Dusk and exposure move all of it, by which nothing in it is hidden or shown.
        shift = int(np.median(sample))
        step = max(LEAST_STEP, NOISE_FACTOR * float(np.median(np.abs(sample - shift))))
        away = cv2.absdiff(grey, known if shift == 0 else _lighter(known, shift))
        if abs(shift) >= DRIFT or step > 2 * LEAST_STEP:
            # Else it would drift away until the noise seems so large that nothing stands out.
            self._known = grey
        mask = (away > step).astype(np.uint8)
        if not mask.any():
            return frozenset()
        _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        large = stats[:, cv2.CC_STAT_AREA] >= LEAST_PIXELS
        large[0] = False
        if not large.any():
            return frozenset()
        self._known = grey
        return _places(large[labels])


def _small(picture: av.VideoFrame) -> NDArray[np.uint8]:
    width = min(WIDTH, picture.width)
    height = max(2, round(picture.height * width / picture.width))
    grey = cv2.resize(_luma(picture), (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(grey, (3, 3)), np.uint8)


def _lighter(grey: NDArray[np.uint8], by: int) -> NDArray[np.uint8]:
    return np.asarray(np.clip(grey + np.int16(by), 0, 255), np.uint8)


def _luma(picture: av.VideoFrame) -> NDArray[np.uint8]:
    """As it was decoded, where that has eight bits: a conversion would cost three times as much."""
    if picture.format.name not in _EIGHT_BITS:
        return np.asarray(picture.to_ndarray(format="gray8"), np.uint8)
    plane = picture.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return np.asarray(rows[: picture.height, : picture.width], np.uint8)


def _places(mask: NDArray[np.bool_]) -> frozenset[Place]:
    across, down = (-(-side // PLACE) for side in mask.shape)
    rows, columns = np.nonzero(mask)
    codes = np.unique((rows // PLACE) << 16 | columns // PLACE)
    if len(codes) > MANY * across * down:
        return frozenset({EVERYWHERE})
    return frozenset((int(code) >> 16, int(code) & 0xFFFF) for code in codes)
