"""Which reads of listed plates a person confirms before a unit is sent. Pure."""

from __future__ import annotations

from typing import Final

from wire.event import PlatePart
from wire.plate_text import UNREADABLE

AT_ONCE_FROM: Final = 0.9
"""Where a list's owner says nothing: reads below it were wrong now and then on labelled footage
(docs/reference/accuracy.md), foreign plates among them."""

OURS: Final = frozenset({"p8", "p7", "comm", "old", "dipl", "mil", "cons", "moto", "temp"})
"""Layouts that the reader knows; of any other it cannot say how sure it is."""


def is_sure(plate: PlatePart, at_once_from: float | None) -> bool:
    """Whether agencies may be told at once: it says what is listed, surely, in a layout of ours.

    `at_once_from`: the certainty that the list's owner asks for; None: a person looks at each.
    """
    if at_once_from is None or plate.near_match or plate.type not in OURS:
        return False
    certainty = plate.confidence if plate.certainty is None else plate.certainty
    return UNREADABLE not in plate.text and certainty >= at_once_from


def entry(plate: PlatePart) -> tuple[str | None, str]:
    """The list and its entry: another one is another incident, with other receivers."""
    return plate.list_id, plate.listed or plate.text
