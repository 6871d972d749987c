"""The cameras of `bench budget`: a street with as many people as asked for, in any size.

The demo's street without its people, over which cut-outs of them glide. So the number in the
picture is known; they do not walk, which costs the analysis nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_agent.recording import Recording
from edge_agent.scene import Box, Image
from edge_agent.sight.two_scales import SeesAtSize, TwoScales
from polewatch.bench.gate_clips import encode

FPS: Final = 20
CLIP_S: Final = 8
EVERY: Final = 6
"""Of the demo's pictures one in so many is searched for people."""
SURE: Final = 0.5
GROWN: Final = 0.15
"""Of a box's sides, that is cut out around it."""
SPEED: Final = 0.05
"""Widths of the picture a second."""


class Stage:
    """The empty street, and people of it to put there."""

    def __init__(self, detector: SeesAtSize | TwoScales) -> None:
        """Raises OSError when nobody is found in the demo's clip."""
        path = Path(str(files("polewatch.demo_data"))) / "street.mp4"
        with Recording(path) as recording:
            pictures = [frame.image for frame in recording.frames(30)]
        sample = pictures[::EVERY]
        self._empty: Image = np.median(np.stack(sample), axis=0).astype(np.uint8)
        found = [
            (one.confidence, one.box, picture)
            for picture in sample
            for one in detector.detect(picture)
            if one.label == "person" and one.confidence >= SURE
        ]
        if not found:
            raise OSError(f"{path}: no person was detected in it")
        found.sort(key=lambda one: -one[0])
        self._people = [(box, picture) for _, box, picture in found]

    def write(self, people: int, size: tuple[int, int], into: Path) -> Path:
        """A clip of CLIP_S with so many people, `size` (width, height) pixels large."""
        encode(self._pictures(people, size), FPS, into, 26)
        return into

    def _pictures(self, people: int, size: tuple[int, int]) -> Iterator[Image]:
        dice = np.random.default_rng(1)
        for number in range(CLIP_S * FPS):
            image = self._empty.copy()
            for one in range(people):
                box, picture = self._people[one % len(self._people)]
                start, way = (one + 0.5) / people, SPEED * number / FPS * (1 if one % 2 else -1)
                image = _pasted(image, picture, box, (start + way) % 1.0)
            image = np.asarray(cv2.resize(image, size), np.uint8)
            noise = dice.integers(0, 4, (size[1], size[0], 1), dtype=np.uint8)
            yield np.asarray(cv2.add(image, np.repeat(noise, 3, axis=2)), np.uint8)


def _pasted(image: Image, of: Image, box: Box, middle: float) -> Image:
    """`image` with what is in `box` of the other picture, at its height, around `middle`."""
    height, width = image.shape[:2]
    grown_x, grown_y = GROWN * box.w, GROWN * box.h
    left, right = round((box.x - grown_x) * width), round((box.right + grown_x) * width)
    top, bottom = round((box.y - grown_y) * height), round((box.bottom + grown_y) * height)
    left, right, top, bottom = max(0, left), min(width, right), max(0, top), min(height, bottom)
    cut = of[top:bottom, left:right]
    x = min(max(0, round(middle * width) - cut.shape[1] // 2), width - cut.shape[1])
    mask = np.zeros(cut.shape[:2], np.float32)
    edge = max(2, cut.shape[1] // 8)
    mask[edge:-edge, edge:-edge] = 1.0
    mask = np.asarray(cv2.blur(mask, (edge, edge)), np.float32)[..., None]
    under = image[top:bottom, x : x + cut.shape[1]]
    image[top:bottom, x : x + cut.shape[1]] = (cut * mask + under * (1 - mask)).astype(np.uint8)
    return image
