"""Whether a position can be one in Korea, and which mistake it looks like when not."""

from __future__ import annotations

from typing import Literal

LATITUDES = (33.0, 38.7)
LONGITUDES = (124.5, 132.0)
"""From Marado to the north of Goseong, from Baengnyeongdo to Dokdo."""
GRID = 80_000.0
"""Metres; eastings and northings of the Korean plane grids (EPSG:5179 to 5187) are larger."""

PositionFlaw = Literal["swapped", "grid", "zero", "elsewhere"]


def position_flaw(latitude: float, longitude: float) -> PositionFlaw | None:
    """What is wrong with a position, in degrees."""
    if _within(latitude, LATITUDES) and _within(longitude, LONGITUDES):
        return None
    if _within(latitude, LONGITUDES) and _within(longitude, LATITUDES):
        return "swapped"
    if latitude == 0 or longitude == 0:
        return "zero"
    if latitude >= GRID and longitude >= GRID:
        return "grid"
    return "elsewhere"


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]
