"""Detector, locator and reader put together for single pictures."""

from __future__ import annotations

from typing import Final

from edge_agent.plates.find import FoundPlate, PlateFinder
from edge_agent.plates.locate import WHOLE, PlateLocator, PlatePlace
from edge_agent.plates.parts import vehicle_parts
from edge_agent.plates.reader import PlateReader
from edge_agent.scene import Box, Image
from edge_agent.sight.detector import Detector
from models.registry import Registry

CROP: Final = PlatePlace(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)), 0.0)
_BEYOND: Final = Box(-0.4, -0.4, 1.8, 1.8)
"""The picture in the middle of its own repeated edge: so a plate that fills it is found best."""


class PictureReader:
    """Reads the plates of whole pictures, and of pictures that are one plate."""

    def __init__(self, registry: Registry, *, threads: int = 1) -> None:
        """Load the shipped models. Raises ModelError when one is missing or altered."""
        self.detector = Detector(registry, threads=threads)
        self.locator = PlateLocator(registry, threads=threads)
        self.reader = PlateReader(registry, threads=threads)
        self.finder = PlateFinder(self.locator, self.reader)

    @property
    def models(self) -> str:
        """Name and the beginning of the hash of each network."""
        parts = (self.detector, self.locator, self.reader)
        return ", ".join(f"{part.model.name} {part.model.sha256[:12]}" for part in parts)

    def scene(self, image: Image) -> tuple[FoundPlate, ...]:
        """The plates of the vehicles in `image`, and those that are large in it."""
        parts = vehicle_parts(self.detector.detect(image), image)
        return self.finder.find(image, (WHOLE, _BEYOND, *parts))

    def crop(self, image: Image) -> FoundPlate | None:
        """The one plate that `image` is; None where it is too small to be one.

        A crop is often loose or askew: it is read as it is and from the corners that the locator
        finds in it, and the most confident read is kept.
        """
        places = [CROP, *self.locator.locate(image, _BEYOND, limit=1)]
        found = self.finder.read(image, places)
        return max(found, key=lambda one: one.read.confidence, default=None)
