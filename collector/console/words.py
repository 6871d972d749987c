"""Words of the pages in Korean and English; fault codes bring their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, get_args

from fastapi import Request

from wire.codes import FAULTS

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
COOKIE = "pw_lang"
_FOLDER = Path(__file__).parent / "locales"


def load_words(language: Language) -> Mapping[str, str]:
    """All words of one language by key; `problem.{code}` and `remedy.{code}` of every fault.

    A page's own words lie in a file of its own, `{page}.{language}.json`.
    """
    own: dict[str, str] = {}
    for path in sorted(_FOLDER.glob(f"*{language}.json")):
        more: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        if twice := own.keys() & more.keys():
            raise ValueError(f"{path.name}: {sorted(twice)[0]} stands in another file too")
        own |= more
    words: dict[str, str] = {}
    for code, fault in FAULTS.items():
        korean = language == "ko"
        words[f"problem.{code}"] = fault.title_ko if korean else fault.title_en
        words[f"remedy.{code}"] = fault.remedy_ko if korean else fault.remedy_en
    return words | own


WORDS: Mapping[Language, Mapping[str, str]] = {one: load_words(one) for one in LANGUAGES}


def language_of(request: Request) -> Language:
    """What the person chose; else Korean, the language of the site."""
    chosen = request.cookies.get(COOKIE)
    return next((one for one in LANGUAGES if one == chosen), "ko")


def translator(language: Language) -> Callable[[str], str]:
    """`t("key")` for templates; a missing key raises KeyError, which a test finds first."""
    return WORDS[language].__getitem__
