"""The language that a person at a terminal reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, get_args

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def of_environment(environment: Mapping[str, str] = os.environ) -> Language:
    """POLEWATCH_LANG when it is one of ours, else Korean under a Korean locale, else English."""
    asked = environment.get("POLEWATCH_LANG", "")
    for one in LANGUAGES:
        if asked == one:
            return one
    locale = next(
        (environment[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(key)), ""
    )
    return "ko" if locale.startswith("ko") else "en"
