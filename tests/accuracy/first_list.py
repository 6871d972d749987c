"""`python -m tests.accuracy.first_list develop|held`: the first list of things left behind.

It takes minutes and is no part of `make accuracy`: its half `develop` is what thresholds are made
on, its half `held` has been measured before.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from tests.support.composition import Scenes
from tests.support.left_behind import RULES, outcomes

LIST: Final = Path(__file__).with_name("labels") / "abandonment" / "scenes.json"


def main(part: str) -> None:
    """Print what each rule found, missed and said wrongly."""
    staging = Scenes.model_validate_json(LIST.read_text(encoding="utf-8")).staging(part)
    told = list(outcomes(staging))
    for rule in RULES:
        mine = [one for one in told if one.rule == rule]
        found, missed = (sum(len(getattr(o, kind)) for o in mine) for kind in ("found", "missed"))
        print(f"{rule}: {found} of {found + missed}, {sum(len(o.false_s) for o in mine)} false")
        for one in mine:
            for thing in one.missed:
                print(f"  missed {thing.name}")
            for moment in one.false_s:
                print(f"  false {one.clip.name} at {moment:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1])
