"""The posture of one person, seen in a crop; computed only where a rule asks for it."""

from __future__ import annotations

import threading
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import BodyPoint, Box, Image, Pose
from edge_agent.sight.detector import ModelId
from edge_agent.sight.session import open_session
from models.registry import ModelError, Registry

DEFAULT_MODEL: Final = "movenet-lightning-192"

LOOKS_PER_FRAME: Final = 6
"""Crops computed for one frame; further questions go unanswered, so a crowd cannot stall it."""

_MARGIN: Final = 1.25
"""The crop's side over the box's longer side: MoveNet expects a rim around the body."""


class Posture:
    """One loaded posture model. Safe to call from several threads."""

    def __init__(self, registry: Registry, name: str = DEFAULT_MODEL, *, threads: int = 1) -> None:
        """Load the model `name`; one crop may use `threads` cores.

        Raises ModelError when the file is missing, altered, or no posture model.
        """
        entry = registry.entry(name)
        if entry.task != "posture" or entry.decoder != "movenet":
            raise ModelError(
                f"the model {name!r} is for {entry.task} (decoder {entry.decoder}); "
                "the posture needs one for posture with the decoder movenet"
            )
        path = registry.verified_path(name)
        self.model = ModelId(entry.name, entry.sha256)
        self._side = entry.input.height
        self._session = open_session(path, threads)
        self._counting = threading.Lock()
        self.crops = 0
        """Crops computed since the start."""
        self.refused = 0
        """Questions that went unanswered because a frame's looks were spent."""

    def at(self, image: Image) -> FrameLook:
        """The looks at one frame, `(H, W, 3)` uint8 BGR; each box is computed once, on demand."""
        return FrameLook(self, image)

    def estimate(self, image: Image, box: Box) -> Pose | None:
        """The pose of the person in `box`; None when the box covers no pixel of `image`."""
        window = _window(image, box)
        if window is None:
            return None
        left, top, side = window
        crop = cv2.cvtColor(_cut(image, left, top, side, self._side), cv2.COLOR_BGR2RGB)
        (keypoints,) = self._session.run(["keypoints"], {"image": crop[None].astype(np.int32)})
        with self._counting:
            self.crops += 1
        height, width = image.shape[:2]
        return Pose(
            tuple(
                BodyPoint((left + x * side) / width, (top + y * side) / height, confidence)
                for y, x, confidence in keypoints[0, 0].tolist()
            )
        )

    def refuse(self) -> None:
        """Count a question that goes unanswered."""
        with self._counting:
            self.refused += 1


class FrameLook:
    """The looks at one frame that rules have asked for so far."""

    def __init__(self, posture: Posture, image: Image) -> None:
        self._posture = posture
        self._image = image
        self._known: dict[Box, Pose | None] = {}

    def pose(self, box: Box) -> Pose | None:
        """The posture of the person in `box`; None when this frame's looks are spent."""
        if box not in self._known:
            if len(self._known) >= LOOKS_PER_FRAME:
                self._posture.refuse()
                return None
            self._known[box] = self._posture.estimate(self._image, box)
        return self._known[box]


def _window(image: Image, box: Box) -> tuple[float, float, float] | None:
    """Left, top and side in pixels of the square around `box`; it may reach over the rim."""
    height, width = image.shape[:2]
    numbers = (box.x, box.y, box.w, box.h)
    if not np.isfinite(numbers).all() or max(map(abs, numbers)) > 10:
        return None
    side = _MARGIN * max(box.w * width, box.h * height)
    if side < 2 or box.w <= 0 or box.h <= 0:
        return None
    left = (box.x + box.w / 2) * width - side / 2
    top = (box.y + box.h / 2) * height - side / 2
    if left >= width or top >= height or left + side <= 0 or top + side <= 0:
        return None
    return left, top, side


def _cut(image: Image, left: float, top: float, side: float, size: int) -> NDArray[np.uint8]:
    """The square as `(size, size, 3)`, black where it reaches over the picture's rim."""
    height, width = image.shape[:2]
    x0, y0 = max(0, int(left)), max(0, int(top))
    x1 = min(width, int(np.ceil(left + side)))
    y1 = min(height, int(np.ceil(top + side)))
    scale = size / side
    shift = np.array(
        [[scale, 0.0, (x0 - left) * scale], [0.0, scale, (y0 - top) * scale]], np.float32
    )
    part = image[y0:y1, x0:x1]
    if scale < 0.5:
        # Far larger than the model's input: shrunk by averaging first, or the warp would alias.
        twice = 2 * scale
        small = cv2.resize(part, None, fx=twice, fy=twice, interpolation=cv2.INTER_AREA)
        part = small.astype(np.uint8, copy=False)
        shift[:, :2] /= twice
    cut = cv2.warpAffine(part, shift, (size, size), flags=cv2.INTER_LINEAR)
    return cut.astype(np.uint8, copy=False)
