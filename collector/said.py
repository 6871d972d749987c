"""What the centre says in sentences, in Korean too: the message catalogue read backwards.

Programs, logs and the store have the English sentence; pages in Korean show the other half of its
pair (`said.*` of the catalogue). Names and numbers are carried over, sentences within are said too.
"""

from __future__ import annotations

import re

from collector.console.words import WORDS

FAMILY = "said."
DEEPEST = 4


def _pattern(english: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", english)
    names = (f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    return re.compile("".join(names), re.DOTALL)


def _most_said_first(key: str) -> int:
    return -len(re.sub(r"\{\w+\}", "", WORDS["en"][key]))


PAIRS = tuple(
    (_pattern(WORDS["en"][key]), WORDS["ko"][key])
    for key in sorted((one for one in WORDS["en"] if one.startswith(FAMILY)), key=_most_said_first)
)


def korean(text: str, depth: int = DEEPEST) -> str | None:
    """A sentence in Korean; None for one that the catalogue does not have."""
    for pattern, said in PAIRS:
        found = pattern.fullmatch(text)
        if found is not None:
            values = {name: _within(value, depth) for name, value in found.groupdict().items()}
            return said.format(**values)
    return None


def _within(text: str, depth: int) -> str:
    if depth == 0:
        return text
    return "; ".join(korean(one, depth - 1) or one for one in text.split("; "))
