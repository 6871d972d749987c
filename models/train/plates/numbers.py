"""Random plate numbers: what the law lets stand on each kind of plate."""

from __future__ import annotations

from typing import Final

import numpy as np

from models import plates as alphabet
from models.train.plates.layout import Layout

_HARD_REGIONS: Final = (
    "서울",
    "서울",
    "경기",
    "인천",
    "세종",
    "울산",
    "충북",
    "충남",
    "전북",
    "전남",
)
"""Drawn more often: the commonest, and those that were confused with each other."""

Random = np.random.Generator


def number(layout: Layout, random: Random) -> dict[str, str]:
    """What stands at each place of one plate of this kind."""
    places = {spot.place: str(random.integers(10)) for spot in layout.spots}
    if "prefix1" in places:
        places["prefix1"] = _first_of_three(layout, random)
    if "region" in places:
        places["region"] = _region(layout, random)
    if "district" in places:
        places["district"] = _one(alphabet.DISTRICTS, random)
    if "letter" in places:
        places["letter"] = _letter(layout, random)
    if layout.name == "old" and random.random() < 0.4:
        del places["prefix2"]
    if layout.name in ("cons-old", "cons-two") and random.random() < 0.8:
        places["prefix2"] = "0"
    return places


def _one(choices: tuple[str, ...], random: Random) -> str:
    return choices[int(random.integers(len(choices)))]


def _first_of_three(layout: Layout, random: Random) -> str:
    if layout.type == "cons":
        return "0"
    first = 0 if layout.type == "dipl" else 1
    return str(random.integers(first, 10))


def _region(layout: Layout, random: Random) -> str:
    if layout.type == "dipl":
        return _one(alphabet.DIPLOMATIC, random)
    return _one(_HARD_REGIONS if random.random() < 0.35 else alphabet.REGIONS, random)


def _letter(layout: Layout, random: Random) -> str:
    if layout.type == "mil":
        return _one(alphabet.MILITARY, random)
    if layout.type == "temp":
        return alphabet.TEMPORARY
    if layout.type == "comm":
        return _one(alphabet.COMMERCIAL, random)
    if layout.type in ("old", "moto") or layout.name in ("cons-old", "cons-two"):
        common = random.random() < 0.45
        return _one((*alphabet.PRIVATE, *alphabet.COMMERCIAL) if common else alphabet.OLD, random)
    if layout.name in ("p7", "p7-short") and random.random() < 0.03:
        return "배"
    return _one((*alphabet.PRIVATE, *alphabet.RENTAL), random)
