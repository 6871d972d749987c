"""How a plate is written down: one normal form on poles, in lists and in questions."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 24
"""Characters; no plate of any country has more."""
UNREADABLE: Final = "?"
"""Stands for a character that is there and cannot be read, or is not known."""
_LEFT_OUT: Final = re.compile(r"[\s\-_.·:,/]+")


def normalise(text: str) -> str:
    """Composed syllables, plain digits, Latin capitals; without spaces, hyphens and dots."""
    plain = unicodedata.normalize("NFKC", text)
    return _LEFT_OUT.sub("", plain).upper()


def can_be_listed(text: str) -> bool:
    """Whether a text in normal form can be a plate of any country, wholly known."""
    known = text.isalnum() and UNREADABLE not in text
    return 4 <= len(text) <= LONGEST and known and any(one.isdigit() for one in text)
