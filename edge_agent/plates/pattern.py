"""What a witness knows of a plate, and how likely a read in the diary is that plate. Pure.

`?` stands for one unknown character. A pattern without a region also means plates with one, and one
that begins with the letter, or is a serial number alone, any beginning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_agent.plates.confusion import LIKE, LIKENESS
from edge_agent.plates.types import UNREADABLE, PlateRead
from wire.plate_text import normalise

LEAST_KNOWN: Final = 2
"""Characters that must be known: a pattern of fewer asks for everybody."""

SURE: Final = 0.99
"""A place that names no other candidate is at least this sure."""

WIDTH: Final = 12
"""Characters of a text that are compared, from its end; no Korean plate has more."""

OTHERS: Final = 4
"""Other candidates that a passage is looked through for, the likeliest of all its places."""

_ALLOWED: Final = re.compile(r"[0-9A-Z가-힣?]+")
_HANGUL: Final = re.compile(r"[가-힣?]*")
_NO_BEGINNING: Final = re.compile(r"[가-힣]?[0-9?]{1,4}")

Places = Sequence[Sequence[tuple[str, float]]]
"""Every place's candidates, the likeliest first, as the diary keeps them."""


class PatternError(ValueError):
    """A pattern that is none; says why."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """`text` in normal form; with `confusable`, look-alikes and a read's other candidates count."""

    text: str
    confusable: bool

    @classmethod
    def of(cls, text: str, *, confusable: bool) -> Pattern:
        """Raises PatternError."""
        normal = normalise(text)
        if not _ALLOWED.fullmatch(normal) or len(normal) > WIDTH:
            raise PatternError("a plate has letters and digits, and ? for what is not known")
        if sum(one != UNREADABLE for one in normal) < LEAST_KNOWN:
            raise PatternError(f"at least {LEAST_KNOWN} characters must be known")
        return cls(normal, confusable)

    def may_be_read_as(self, asked: str) -> str:
        """Characters of a read at a place where `asked` is known, other candidates aside."""
        like = LIKE.get(asked, ()) if self.confusable else ()
        return "".join((asked, UNREADABLE, *like))

    def chance(self, text: str, places: Places) -> float | None:
        """How likely the plate read as `text` is the one meant, 0..1; None when it cannot be.

        Only the characters that are known count, and of equal ones the read's own doubt.
        """
        skipped = len(text) - len(self.text)
        if skipped < 0 or not self._may_follow(text[:skipped]):
            return None
        doubts = _by_character(text, places)
        chance = 1.0
        for at, asked in enumerate(self.text):
            if asked != UNREADABLE:
                one = self._at(asked, text[skipped + at], doubts[skipped + at])
                if one == 0:
                    return None
                chance *= one
        return chance

    def differs(self, text: str) -> bool:
        """Whether a known character of the pattern is read as another one."""
        end = text[-len(self.text) :]
        return any(a not in (UNREADABLE, b) for a, b in zip(self.text, end, strict=True))

    def _may_follow(self, beginning: str) -> bool:
        return bool(_HANGUL.fullmatch(beginning) or _NO_BEGINNING.fullmatch(self.text))

    def _at(self, asked: str, read: str, doubts: Sequence[tuple[str, float]]) -> float:
        named = next((p for text, p in doubts if text == asked), None)
        if read == asked:
            return SURE if named is None else named
        if read == UNREADABLE:
            return named or LIKENESS
        if not self.confusable:
            return 0.0
        if named:
            return named
        if asked not in LIKE.get(read, ()):
            return 0.0
        doubt = 1.0 - (sum(p for _, p in doubts) or SURE)
        return LIKENESS * max(doubt, 1.0 - SURE)


def places_of(read: PlateRead) -> list[tuple[str, list[tuple[str, float]]]]:
    """Every place that says or doubts something, with its likeliest candidates, as a diary has
    them."""
    return [
        (one.place, [(c.text, round(c.probability, 4)) for c in one.candidates[:OTHERS]])
        for one in read.characters
        if one.best.text or one.best.probability < SURE
    ]


def others_of(places: Places) -> str:
    """The likeliest characters, at most OTHERS, that a read does not say but names."""
    found: dict[str, float] = {}
    for candidates in places:
        for text, chance in candidates[1:]:
            if len(text) == 1 and text != UNREADABLE:
                found[text] = max(found.get(text, 0.0), chance)
    return "".join(sorted(found, key=lambda one: -found[one])[:OTHERS])


def _by_character(text: str, places: Places) -> list[Sequence[tuple[str, float]]]:
    """The candidates of each character; none where the places do not spell the text."""
    spelled = [candidates for candidates in places if candidates and candidates[0][0]]
    if "".join(candidates[0][0] for candidates in spelled) != text:
        return [()] * len(text)
    found: list[Sequence[tuple[str, float]]] = []
    for candidates in spelled:
        best, chance = candidates[0]
        found += [candidates] if len(best) == 1 else [((one, chance),) for one in best]
    return found
