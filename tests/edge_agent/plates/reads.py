"""Reads as the reader gives them, built for tests."""

from __future__ import annotations

from math import prod

from edge_agent.plates.types import Candidate, Character, PlateRead

_PLACES = {
    7: ("prefix2", "prefix3", "letter", "serial1", "serial2", "serial3", "serial4"),
    8: ("prefix1", "prefix2", "prefix3", "letter", "serial1", "serial2", "serial3", "serial4"),
}
ALL = (
    "region", "district", "prefix1", "prefix2", "prefix3", "letter", "middle",
    "serial1", "serial2", "serial3", "serial4",
)  # fmt: skip


def read(
    text: str,
    sure: float = 0.999,
    *,
    unsure: dict[int, dict[str, float]] | None = None,
    colour: str = "white",
) -> PlateRead:
    """A seven- or eight-character plate; `unsure` gives whole distributions by position in it."""
    named = dict(zip(_PLACES[len(text)], enumerate(text), strict=True))
    characters = []
    for place in ALL:
        at, best = named.get(place, (-1, ""))
        spread = (unsure or {}).get(at, {best: sure if best else 1.0})
        ranked = sorted(spread.items(), key=lambda item: -item[1])
        characters.append(Character(place, tuple(Candidate(one, p) for one, p in ranked)))
    said = "".join(c.best.text for c in characters)
    confidence = prod(c.best.probability for c in characters)
    kind = "p7" if len(text) == 7 else "p8"
    return PlateRead(said, tuple(characters), confidence, kind, colour)
