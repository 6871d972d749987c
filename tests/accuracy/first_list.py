"""`python -m tests.accuracy.first_list develop|held|more`: what the rules are developed on.

It takes minutes and is no part of `make accuracy`: the half `develop` of scenes.json and the clips
of development.json (`more`) are what thresholds are made on, the half `held` was measured before.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from tests.support.composition import Scenes, Staging
from tests.support.left_behind import RULES, outcomes

LABELS: Final = Path(__file__).with_name("labels") / "abandonment"


def main(part: str) -> None:
    """Print what each rule found, missed and said wrongly."""
    told = list(outcomes(_list(part)))
    for rule in RULES:
        mine = [one for one in told if one.rule == rule]
        found, missed = (sum(len(getattr(o, kind)) for o in mine) for kind in ("found", "missed"))
        print(f"{rule}: {found} of {found + missed}, {sum(len(o.false_s) for o in mine)} false")
        for one in mine:
            for thing in one.missed:
                print(f"  missed {thing.name}")
            for moment in one.false_s:
                print(f"  false {one.clip.name} at {moment:.1f} s")


def _list(part: str) -> Staging:
    if part == "more":
        text = (LABELS / "development.json").read_text(encoding="utf-8")
        return Staging.model_validate_json(text)
    text = (LABELS / "scenes.json").read_text(encoding="utf-8")
    return Scenes.model_validate_json(text).staging(part)


if __name__ == "__main__":
    main(sys.argv[1])
