"""Models that look at each picture once in a run, however many measurements need it.

A model answers the same picture with the same answer, so what it said before may stand for it. The
figures are those of the shipped configuration; only `make accuracy` is faster.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from edge_agent.scene import Box, Detection, Image, Pose
from edge_agent.sight.detector import DEFAULT_MODEL, Detector
from edge_agent.sight.posture import Posture
from models.registry import Registry


class RememberedDetector:
    """A shipped detector, asked once about each picture."""

    def __init__(self, registry: Registry, name: str = DEFAULT_MODEL) -> None:
        """Raises ModelError as Detector does."""
        self._detector = Detector(registry, name)
        self.model = self._detector.model
        self.input_size = self._detector.input_size
        self._said: dict[bytes, tuple[Detection, ...]] = {}

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """What `image` (`(H, W, 3)` uint8 BGR) shows, most confident first, boxes in fractions."""
        key = _key(image)
        said = self._said.get(key)
        if said is None:
            said = self._said[key] = self._detector.detect(image)
        return said


class RememberedPosture(Posture):
    """The shipped posture model, asked once about each box of each picture."""

    def __init__(self, registry: Registry) -> None:
        """Raises ModelError as Posture does."""
        super().__init__(registry)
        self._said: dict[tuple[bytes, Box], Pose | None] = {}

    def estimate(self, image: Image, box: Box) -> Pose | None:
        """The pose of the person in `box`; None when the box covers no pixel of `image`."""
        key = (_key(image), box)
        if key not in self._said:
            self._said[key] = super().estimate(image, box)
        return self._said[key]


def _key(image: Image) -> bytes:
    told = blake2b(np.ascontiguousarray(image).data, digest_size=16)
    told.update(repr(image.shape).encode())
    return told.digest()
