"""What the stages of plate reading hand to each other: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models import plates

PLATE_TYPES: Final = plates.TYPES
"""How a plate is laid out: three digits first, two digits first, commercial with region, old with
region, diplomatic, military, construction, motorcycle, temporary, of another country, no plate."""

PLATE_COLOURS: Final = plates.COLOURS
"""The ground: light blue is electric, light green corporate, green the old private plate, navy
diplomatic, orange construction; unknown where the picture has no colour (infrared)."""

UNREADABLE: Final = plates.UNREADABLE
"""Stands in a text for a character that is there and cannot be read."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reading of one place: a character, a region or district as one word, "" for nothing
    there, or UNREADABLE."""

    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Character:
    """One place of a plate. Every read has the same places in the same order, so that reads of one
    plate can be fused place by place."""

    place: str
    """region, district, prefix1..prefix3, letter, middle, serial1..serial4."""
    candidates: tuple[Candidate, ...]
    """The most probable first; at least one."""

    @property
    def best(self) -> Candidate:
        return self.candidates[0]


@dataclass(frozen=True, slots=True)
class PlateRead:
    """What one picture of a plate says."""

    text: str
    """The best candidates put together, such as 12가3456; UNREADABLE where one is not readable."""
    characters: tuple[Character, ...]
    confidence: float
    """The chance that the whole text is right, 0..1, calibrated on synthetic plates."""
    type: str
    """One of PLATE_TYPES."""
    colour: str
    """One of PLATE_COLOURS."""
