"""The plate finder as it ships: locator and reader, on the models of the registry."""

from __future__ import annotations

from typing import Final

from edge_agent.plates.find import PlateFinder
from edge_agent.plates.locate import PlateLocator
from edge_agent.plates.reader import PlateReader
from edge_agent.plates.stage import NamedFinder
from models.registry import Registry

LEAST: Final = 0.02
"""Reads less sure than this are left out; low, because a vote makes much of unsure looks."""


def shipped_finder(registry: Registry, threads: int = 1) -> NamedFinder:
    """Load both models. Raises ModelError."""
    reader = PlateReader(registry, threads=threads)
    locator = PlateLocator(registry, threads=threads)
    finder = PlateFinder(locator, reader, least=LEAST)
    return NamedFinder(finder, reader.model, (locator.model,))
