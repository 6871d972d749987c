"""Where plates are in a picture or a part of it: four corners each.

The network sees 320 x 224 pixels, so that a plate must be about a twentieth of the part's width:
give it vehicles, and the whole picture only for plates that are large in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.plates.rectify import Quad
from edge_agent.scene import Box, Image
from edge_agent.sight.detector import ModelId
from edge_agent.sight.letterbox import shrink
from edge_agent.sight.session import open_session
from models.plate_grid import REACH, STRIDE
from models.registry import ModelError, ModelInput, Registry

DEFAULT_MODEL: Final = "plate-locator-320x224"

WHOLE: Final = Box(0.0, 0.0, 1.0, 1.0)

_SAME: Final = 0.3
"""Two places whose boxes overlap by more (IoU) are one plate."""

_LEAST_SIDE: Final = 8
"""Pixels; a part smaller than this shows no plate."""


@dataclass(frozen=True, slots=True)
class PlatePlace:
    """Where a plate may be."""

    quad: Quad
    """In fractions of the whole picture; a corner may lie a little outside of it."""
    score: float
    """How sure the network is, 0..1; not calibrated."""

    @property
    def box(self) -> Box:
        """The upright box around it, within the picture."""
        xs, ys = [x for x, _ in self.quad], [y for _, y in self.quad]
        left, top = max(0.0, min(xs)), max(0.0, min(ys))
        right, bottom = min(1.0, max(xs)), min(1.0, max(ys))
        return Box(left, top, max(0.0, right - left), max(0.0, bottom - top))


class PlateLocator:
    """One loaded locator for all cameras. Safe to call from several threads."""

    def __init__(
        self,
        registry: Registry,
        name: str = DEFAULT_MODEL,
        *,
        threads: int = 1,
        threshold: float = 0.3,
    ) -> None:
        """Load the model `name`; one look may use `threads` cores. Places less sure than
        `threshold` are not reported: low, because the reader refuses what is no plate.

        Raises ModelError when the file is missing, altered, or no plate locator.
        """
        entry = registry.entry(name)
        if entry.task != "plate-locator" or entry.decoder != "plate-corners":
            raise ModelError(
                f"the model {name!r} is for {entry.task} (decoder {entry.decoder}); "
                "locating plates needs a plate-locator with the decoder plate-corners"
            )
        path = registry.verified_path(name)
        self.model = ModelId(entry.name, entry.sha256)
        self.threshold = threshold
        self._input = entry.input
        self._session = open_session(path, threads)

    def locate(self, image: Image, part: Box = WHOLE, limit: int = 4) -> tuple[PlatePlace, ...]:
        """At most `limit` places in `part` of `image` (`(H, W, 3)` uint8 BGR), the surest first.

        A part may reach beyond the picture, whose edge is repeated there: a plate that fills a
        picture is found best that way.
        """
        view = _view(image, part, self._input)
        if view is None:
            return ()
        (cells,) = self._session.run(["cells"], {"image": view.tensor})
        size = np.array([image.shape[1], image.shape[0]])
        places: list[PlatePlace] = []
        for score, corners in _peaks(cells[0], self.threshold):
            fractions = (corners - view.origin) / view.scale / size
            place = PlatePlace(_quad(fractions), score)
            if _plausible(corners) and not any(same_place(place, other) for other in places):
                places.append(place)
            if len(places) == limit:
                break
        return tuple(places)


@dataclass(frozen=True, slots=True)
class _View:
    """What the network sees of a part."""

    tensor: NDArray[np.float32]
    """`(1, 3, height, width)`."""
    scale: float
    """Its pixels for one of the picture's."""
    origin: NDArray[np.float64]
    """Where the picture's own corner lies in it, x and y in its pixels."""


def _view(image: Image, part: Box, size: ModelInput) -> _View | None:
    """`part` of `image` as the network wants it; None when it shows nothing of the picture."""
    height, width = image.shape[:2]
    left, top = max(0, math.floor(part.x * width)), max(0, math.floor(part.y * height))
    right = min(width, math.ceil(part.right * width))
    bottom = min(height, math.ceil(part.bottom * height))
    if min(right - left, bottom - top) < _LEAST_SIDE:
        return None
    across, down = part.w * width, part.h * height
    scale = min(size.width / across, size.height / down)
    bar_x, bar_y = (size.width - across * scale) / 2, (size.height - down * scale) / 2
    inner = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    small = shrink(np.ascontiguousarray(image[top:bottom, left:right]), *inner)
    x = round(bar_x + (left - part.x * width) * scale)
    y = round(bar_y + (top - part.y * height) * scale)
    move = np.array([[1, 0, x], [0, 1, y]], np.float64)
    shape, repeated = (size.width, size.height), cv2.BORDER_REPLICATE
    canvas = cv2.warpAffine(small, move, shape, flags=cv2.INTER_NEAREST, borderMode=repeated)
    for beyond in (canvas[:, : round(bar_x)], canvas[:, size.width - round(bar_x) :],
                   canvas[: round(bar_y)], canvas[size.height - round(bar_y) :]):  # fmt: skip
        beyond[:] = size.fill
    tensor = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32)
    return _View(tensor, scale, np.array([x - left * scale, y - top * scale]))


def _quad(fractions: NDArray[np.float64]) -> Quad:
    a, b, c, d = ((float(x), float(y)) for x, y in fractions)
    return a, b, c, d


def same_place(one: PlatePlace, other: PlatePlace) -> bool:
    """Whether both are one plate."""
    return one.box.iou(other.box) > _SAME


def _peaks(cells: NDArray[np.float32], threshold: float) -> list[tuple[float, NDArray[np.float32]]]:
    """Scores and `(4, 2)` corners in input pixels of the cells that are surer than their
    neighbours, the surest first; `cells` is `(9, rows, columns)`."""
    sure = 1 / (1 + np.exp(-cells[0]))
    top = sure >= cv2.dilate(sure, np.ones((3, 3), np.uint8))
    rows, columns = np.nonzero(top & (sure > threshold))
    order = np.argsort(-sure[rows, columns], kind="stable")
    found = []
    for row, column in zip(rows[order], columns[order], strict=True):
        middle = (np.array([column, row], np.float32) + 0.5) * STRIDE
        corners = cells[1:, row, column].reshape(4, 2) * np.float32(REACH) + middle
        found.append((float(sure[row, column]), corners.astype(np.float32)))
    return found


def _plausible(corners: NDArray[np.float32]) -> bool:
    """Whether they go around clockwise, and the shape is no line."""
    x, y = corners[:, 0].astype(float), corners[:, 1].astype(float)
    turns = (np.roll(x, -1) - x) * (np.roll(y, -2) - np.roll(y, -1)) - (np.roll(y, -1) - y) * (
        np.roll(x, -2) - np.roll(x, -1)
    )
    return bool((turns > 0).all()) and bool(np.ptp(x) > 4 and np.ptp(y) > 2)
