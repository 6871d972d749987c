"""Things of the city on the map beside cameras, such as boards: what, where, how they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ThingKind = Literal["board", "asset"]
ThingState = Literal["up", "degraded", "down", "unknown"]


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that stands somewhere; `key` names it within its kind."""

    kind: ThingKind
    key: str
    title: str
    lat: float
    lon: float
    state: ThingState
    title_en: str = ""
    said: str = ""
    """One line of what it does now: the words that a board shows."""
    said_en: str = ""
    link: str | None = None
    """Path of its page in the console."""
