"""Fitting a picture of any shape into a model's input without distorting it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.scene import Image


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a picture of `width` x `height` pixels lies inside an input of another shape."""

    scale: float
    left: int
    top: int
    inner_width: int
    inner_height: int

    @classmethod
    def fit(cls, height: int, width: int, input_height: int, input_width: int) -> Letterbox:
        """The largest centred placement that keeps the picture's proportions."""
        scale = min(input_height / height, input_width / width)
        inner_width = max(1, round(width * scale))
        inner_height = max(1, round(height * scale))
        return cls(
            scale,
            (input_width - inner_width) // 2,
            (input_height - inner_height) // 2,
            inner_width,
            inner_height,
        )

    def to_fractions(self, corners: NDArray[np.float32]) -> NDArray[np.float32]:
        """`(n, 4)` left, top, right, bottom in input pixels to clipped fractions of the picture."""
        offset = np.array([self.left, self.top] * 2, np.float32)
        size = np.array([self.inner_width, self.inner_height] * 2, np.float32)
        fractions: NDArray[np.float32] = np.clip((corners - offset) / size, 0.0, 1.0)
        return fractions


class Normalizer:
    """Turns a picture into a normalized `(1, 3, height, width)` float32 tensor.

    The picture is resized once, in 8 bits, before anything else touches it: at 1080p the resize is
    most of the cost. The arithmetic is a table of 256 values for each channel.
    """

    def __init__(
        self,
        height: int,
        width: int,
        fill: int,
        mean: tuple[float, ...],
        std: tuple[float, ...],
    ) -> None:
        """`mean` and `std` are in the picture's own channel order."""
        self._shape = (height, width)
        levels = np.arange(256, dtype=np.float32)
        self._tables = [
            ((levels - np.float32(m)) / np.float32(s)).astype(np.float32)
            for m, s in zip(mean, std, strict=True)
        ]
        self._bars = [table[fill] for table in self._tables]

    def __call__(self, image: Image) -> tuple[NDArray[np.float32], Letterbox]:
        """The tensor of `image` (`(H, W, 3)` uint8) and where the picture lies in it."""
        box = Letterbox.fit(image.shape[0], image.shape[1], *self._shape)
        small = shrink(image, box.inner_width, box.inner_height)
        tensor = np.empty((1, len(self._tables), *self._shape), np.float32)
        rows = slice(box.top, box.top + box.inner_height)
        columns = slice(box.left, box.left + box.inner_width)
        whole = (box.inner_height, box.inner_width) == self._shape
        for plane, channel, table, bar in zip(
            tensor[0], cv2.split(small), self._tables, self._bars, strict=True
        ):
            if not whole:
                plane.fill(bar)
            plane[rows, columns] = cv2.LUT(channel, table)
        return tensor, box


def shrink(image: Image, width: int, height: int) -> Image:
    """`image` at another size.

    Far smaller, it goes through twice the target size: halving by linear interpolation is an exact
    average of four pixels, so small people do not alias away, at a tenth of the cost of INTER_AREA.
    """
    if image.shape[0] > 2 * height and image.shape[1] > 2 * width:
        image = _resized(image, 2 * width, 2 * height)
    return _resized(image, width, height)


def _resized(image: Image, width: int, height: int) -> Image:
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    return cast(Image, small)
