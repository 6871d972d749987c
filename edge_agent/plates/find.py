"""Plates in a picture, read: locate in each part, rectify, read, look again at the unsure, refuse.

The locator is generous and the reader strict: what the reader takes for no plate is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from edge_agent.plates.locate import WHOLE, PlateLocator, PlatePlace, same_place
from edge_agent.plates.rectify import rectify
from edge_agent.plates.types import PlateRead
from edge_agent.scene import Box, Image
from models.plate_grid import HEIGHT, WIDTH

_AROUND: Final = 2.5
"""Widths of a plate that the second look shows: there its corners are found best."""

LEAST_CONFIDENCE: Final = 0.5
"""A read less sure than this says nothing: more likely than not it is wrong. Chosen on development
data: it refuses all of 54 plates of another country (0.3 told 5 of them as ours) and loses none of
98 readable Korean ones; of exact reads of drawn plates, which are harder, it loses 3 of 100."""

LEAST_FOREIGN: Final = 0.3
"""The same of a plate that is marked as another country's: such a read has 0.5 at the most."""

_NONE: Final = "none"
_FOREIGN: Final = "foreign"

_SURE: Final = 0.9
"""A read more confident than this needs no second look."""


class Reads(Protocol):
    """What reads plates: edge_agent.plates.reader.PlateReader."""

    def read(self, crops: Sequence[Image]) -> Sequence[PlateRead]:
        """One read for each rectified plate."""
        ...


@dataclass(frozen=True, slots=True)
class FoundPlate:
    """A plate that was found and read."""

    place: PlatePlace
    read: PlateRead
    crop: Image
    """The plate seen from the front, `(h, w, 3)` uint8 BGR."""


class PlateFinder:
    """Locator and reader together. Safe to call from several threads when both are."""

    def __init__(
        self, locator: PlateLocator, reader: Reads, *, least: float = LEAST_CONFIDENCE
    ) -> None:
        """Reads less confident than `least` are not reported."""
        self._locator = locator
        self._reader = reader
        self._least = least

    def find(self, image: Image, parts: Sequence[Box] = (WHOLE,)) -> tuple[FoundPlate, ...]:
        """The plates in `parts` of `image` (`(H, W, 3)` uint8 BGR), the most confident first.

        `parts` are vehicles, and the whole picture where plates are large in it. Places of several
        parts that overlap are one plate: its most confident read is kept.
        """
        places: list[PlatePlace] = []
        for part in parts:
            places += self._locator.locate(image, part)
        places.sort(key=lambda one: -one.score)
        apart: list[PlatePlace] = []
        for place in places:
            if not any(same_place(place, other) for other in apart):
                apart.append(place)
        first = self.read(image, apart)
        unsure = [one.place for one in first if one.read.confidence < _SURE]
        closer = [self.closer(image, place) for place in unsure]
        again = self.read(image, [place for place in closer if place is not None])
        return self._kept([*first, *again])

    def spot(self, image: Image) -> tuple[Box, ...]:
        """Where a plate may be in the whole of `image`, unread; small ones are not seen."""
        return tuple(place.box for place in self._locator.locate(image))

    def closer(self, image: Image, place: PlatePlace) -> PlatePlace | None:
        """The same place with the corners that a look at its surroundings alone finds."""
        seen = self._locator.locate(image, around(place, image), limit=3)
        again = [one for one in seen if same_place(one, place)]
        return max(again, key=lambda one: one.box.iou(place.box), default=None)

    def read(self, image: Image, places: Sequence[PlatePlace]) -> list[FoundPlate]:
        """What the reader says of each of `places` that encloses something, plate or not."""
        crops, kept = [], []
        for place in places:
            try:
                crops.append(rectify(image, place.quad))
            except ValueError:
                continue
            kept.append(place)
        reads = self._reader.read(crops) if crops else ()
        return [FoundPlate(*one) for one in zip(kept, reads, crops, strict=True)]

    def _kept(self, found: Sequence[FoundPlate]) -> tuple[FoundPlate, ...]:
        """The plates among `found`, each once, the most confident first."""
        apart: list[FoundPlate] = []
        for one in sorted(found, key=lambda one: -one.read.confidence):
            if confident(one.read, self._least) and not any(
                same_place(one.place, other.place) for other in apart
            ):
                apart.append(one)
        return tuple(apart)


def confident(read: PlateRead, least: float = LEAST_CONFIDENCE) -> bool:
    """Whether a read is one of a plate, and sure enough to be reported."""
    if read.type == _FOREIGN:
        least = min(least, LEAST_FOREIGN)
    return read.type != _NONE and read.confidence >= least


def around(place: PlatePlace, image: Image) -> Box:
    """The part of `image` that a second look at `place` shows; it may reach beyond the picture."""
    height, width = image.shape[:2]
    box = place.box
    across = max(box.w * width, 2 * box.h * height) * _AROUND
    down = across * HEIGHT / WIDTH
    x, y = (box.x + box.w / 2) * width, (box.y + box.h / 2) * height
    return Box((x - across / 2) / width, (y - down / 2) / height, across / width, down / height)
