"""Which texts a read may stand for besides the one it says: near matches are expanded from here.

The read's own candidates come first. Pairs that are known to be confused are added where the reader
was not sure of a character: a sure read of 50,000 entries would otherwise meet one of them by
chance at every twentieth car. Pure.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from edge_agent.plates.grammar import LETTERS
from edge_agent.plates.types import UNREADABLE, Character, PlateRead

_GROUPS: Final = (
    "가거", "나너", "다더", "라러", "마머", "바버", "사서", "아어", "자저",
    "더머", "서저", "로보노도모", "고오호", "소조", "수우주무", "누두루", "구우", "부무",
    "어허하호", "17", "38", "68", "56", "08", "27", "49",
)  # fmt: skip
"""DOMAIN §3, with the vowel pairs of every consonant, and 0/8, 2/7, 4/9 for blurred digits."""

SURE: Final = 0.98
"""A character this probable is not taken for its likeness: chosen so that the reader's calibrated
errors (about 4 in 1,000 characters) lie below."""

LIKENESS: Final = 0.1
"""What a confusable character gets of the doubt in a character that does not name it itself."""

LEAST: Final = 0.01
"""Readings less probable than this beside the read itself are left out."""

LEAST_SURE: Final = 0.05
"""A read less sure than this as a whole accuses nobody by likeness."""

MOST: Final = 48
"""Readings of one read at the most: bounds the time of a match."""

_MOST_UNREADABLE: Final = 1
"""A read with more unread places stands for too many plates to accuse one."""


def _likenesses() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for group in _GROUPS:
        for one in group:
            found.setdefault(one, []).extend(other for other in group if other != one)
    return {one: tuple(dict.fromkeys(others)) for one, others in found.items()}


LIKE: Final = _likenesses()
"""Every confusable character and what it is taken for."""


class Reading(NamedTuple):
    """A text that the plate may bear."""

    text: str
    probability: float
    """Relative to the read's own text, which has 1.0."""


def readings(read: PlateRead) -> tuple[Reading, ...]:
    """The read's own text first, then others, the likelier first, MOST in all."""
    unread = [c for c in read.characters if c.best.text == UNREADABLE]
    own = "".join(c.best.text for c in read.characters)
    if len(unread) > _MOST_UNREADABLE:
        return ()
    if read.confidence < LEAST_SURE and not unread:
        return (Reading(own, 1.0),)
    choices = [_choices(character) for character in read.characters]
    found = [Reading(text, p) for p, text in _likeliest(choices) if UNREADABLE not in text]
    return tuple(sorted(found, key=lambda one: one.text != own))


def _choices(character: Character) -> tuple[tuple[str, float], ...]:
    """What may stand at one place, the best with 1.0, the likelier first."""
    best = character.best
    if best.probability >= SURE and best.text != UNREADABLE:
        return ((best.text, 1.0),)
    floor = max(best.probability, 1e-6)
    found = {c.text: c.probability / floor for c in character.candidates[1:]}
    doubt = max(0.0, 1.0 - sum(c.probability for c in character.candidates))
    if best.text == UNREADABLE:
        for one in _anything(character.place):
            found.setdefault(one, 0.5)
    else:
        doubt = max(doubt, 1.0 - best.probability)
        for one in LIKE.get(best.text, ()):
            found[one] = max(found.get(one, 0.0), LIKENESS * doubt / floor)
    others = [(text, min(p, 1.0)) for text, p in found.items() if p >= LEAST and text != best.text]
    return ((best.text, 1.0), *sorted(others, key=lambda pair: -pair[1]))


def _anything(place: str) -> str:
    if place == "letter":
        return LETTERS
    return "" if place in ("region", "district") else "0123456789"


def _likeliest(choices: list[tuple[tuple[str, float], ...]]) -> list[tuple[float, str]]:
    """Combinations of the choices, down to LEAST, place by place; at most MOST are carried on."""
    carried = [(1.0, "")]
    for one in choices:
        if len(one) == 1:
            carried = [(p, text + one[0][0]) for p, text in carried]
            continue
        carried = [
            (p * q, text + added) for p, text in carried for added, q in one if p * q >= LEAST
        ]
        if len(carried) > MOST:
            carried = sorted(carried, reverse=True)[:MOST]
    return sorted(carried, reverse=True)
