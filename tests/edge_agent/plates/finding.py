"""A finder whose reads are given: what stands where is a value of the test."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edge_agent.plates.rectify import Quad
from edge_agent.plates.types import PlateRead
from edge_agent.scene import Box, Image


@dataclass(frozen=True, slots=True)
class Place:
    quad: Quad


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate that is to be found in any part that holds it."""

    place: Place
    read: PlateRead
    crop: Image = field(default_factory=lambda: np.full((24, 104, 3), 180, np.uint8))


def plate_on(vehicle: Box, said: PlateRead) -> Plate:
    """In the middle of the vehicle's lower half, a quarter as wide."""
    left, top = vehicle.x + 0.375 * vehicle.w, vehicle.y + 0.7 * vehicle.h
    right, bottom = left + 0.25 * vehicle.w, top + 0.09 * vehicle.w
    return Plate(Place(((left, top), (right, top), (right, bottom), (left, bottom))), said)


class GivenPlates:
    """Finds `plates`, and spots `spotted` in any picture; notes the pictures in which it was to
    read plates, and on which threads."""

    def __init__(self, *plates: Plate, spotted: Sequence[Box] = ()) -> None:
        self.plates = plates
        self.spotted = spotted
        self.pictures: list[Image] = []
        self.threads: set[str] = set()

    def find(self, image: Image, parts: Sequence[Box]) -> list[Plate]:
        self.pictures.append(image)
        self.threads.add(threading.current_thread().name)
        return [one for one in self.plates if any(_holds(part, one) for part in parts)]

    def spot(self, image: Image) -> Sequence[Box]:
        return self.spotted


def _holds(part: Box, plate: Plate) -> bool:
    x, y = plate.place.quad[0]
    return part.x <= x <= part.right and part.y <= y <= part.bottom
