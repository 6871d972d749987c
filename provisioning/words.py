"""Korean and English of what the tool prints; faults bring their own words."""

from __future__ import annotations

import json
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from wire.language import Language, of_environment

_FOLDER = Path(__file__).parent / "locales"
_chosen: ContextVar[Language | None] = ContextVar("language", default=None)


def choose(wanted: Language | None) -> None:
    """Speak this language; None asks the environment (POLEWATCH_LANG, then the locale)."""
    _chosen.set(wanted)


def language() -> Language:
    """The language of this run."""
    return _chosen.get() or of_environment()


@cache
def words(of: Language) -> dict[str, str]:
    """All texts of one language by key."""
    loaded: dict[str, str] = json.loads((_FOLDER / f"{of}.json").read_text(encoding="utf-8"))
    return loaded


def in_language(of: Language | None, key: str, **values: object) -> str:
    """The text of `key` in that language, or in this run's."""
    return words(of or language())[key].format(**values)


def t(key: str, **values: object) -> str:
    """The text of `key` with its {places} filled; a missing key raises KeyError."""
    return in_language(None, key, **values)
