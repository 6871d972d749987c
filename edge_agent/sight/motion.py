"""Where the picture changes: a background that learns slowly, and what differs from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import Box, Image
from edge_agent.sight.letterbox import shrink

WIDTH: Final = 480
"""Pixels across in which motion is looked for: a person of 25 pixels in 1080p still covers 6."""

_LEARN: Final = 1.0
"""Grey levels by which the background follows each picture (sigma-delta: Manzanera and Richefeu
2007). An average would be dragged along behind everybody who passes; this forgets a parked car in
about half a minute at five pictures a second, and keeps no trails."""

_LEAST_STEP: Final = 12.0
"""Grey levels that a pixel must differ by; noise of the sensor stays below."""

_NOISE_FACTOR: Final = 5.0
"""... or this many times the picture's own noise, at night."""

_MOST_STEP: Final = 40.0
"""... but no more than this: what shakes or flickers all over must show as motion all over."""

_LEAST_PIXELS: Final = 8
_MOST_BOXES: Final = 64


@dataclass(frozen=True, slots=True)
class Motion:
    """What changed in one picture."""

    boxes: tuple[Box, ...]
    """Connected changes, largest first, in fractions of the frame."""
    share: float
    """Share of the picture that changed, 0..1."""

    def touches(self, box: Box) -> bool:
        """Whether something changed within `box`."""
        return any(
            other.x < box.right
            and box.x < other.right
            and other.y < box.bottom
            and box.y < other.bottom
            for other in self.boxes
        )


class MotionMap:
    """The background of one camera. Pictures must come in order; a new size starts afresh."""

    def __init__(self) -> None:
        self._background: NDArray[np.float32] | None = None
        self._before: NDArray[np.uint8] | None = None

    def update(self, image: Image) -> Motion | None:
        """What changed in `image`; None for the first picture, which has nothing to differ from."""
        grey = _grey(image)
        background, before = self._background, self._before
        self._before = grey
        if background is None or before is None or background.shape != grey.shape:
            self._background = grey.astype(np.float32)
            return None
        against_background = cv2.absdiff(grey, cv2.convertScaleAbs(background))
        against_before = cv2.absdiff(grey, before)
        # The median difference between two pictures is the sensor's noise: most of it stands still.
        noise = float(np.median(against_before[::4, ::4]))
        step = min(max(_LEAST_STEP, _NOISE_FACTOR * noise), _MOST_STEP)
        background += np.clip(grey - background, -_LEARN, _LEARN)
        return _motion(against_background > step, against_before > step)


def _grey(image: Image) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    if width > WIDTH:
        size = (WIDTH, max(1, round(height * WIDTH / width)))
        image = shrink(image, *size)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.blur(grey, (3, 3)), np.uint8)


def _motion(foreign: NDArray[np.bool_], changed: NDArray[np.bool_]) -> Motion:
    """`foreign` differs from the background, `changed` from the picture before.

    A place is reported that is foreign and changes somewhere: what only changes was just uncovered,
    and what is only foreign stands still, or is the hole that a parked car left.
    """
    height, width = foreign.shape
    # Opened, single pixels go; closed, the parts of one walking person come together.
    mask = cv2.morphologyEx(foreign.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 5), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    alive = np.bincount(labels[changed], minlength=len(stats)) > 0
    alive[0] = False
    parts = stats[alive & (stats[:, cv2.CC_STAT_AREA] >= _LEAST_PIXELS)]
    order = np.argsort(-parts[:, cv2.CC_STAT_AREA], kind="stable")[:_MOST_BOXES]
    boxes = tuple(
        Box(int(x) / width, int(y) / height, int(w) / width, int(h) / height)
        for x, y, w, h, _ in parts[order]
    )
    return Motion(boxes, float(np.count_nonzero(mask)) / mask.size)
