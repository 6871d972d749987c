"""Rules that people reject often: counted, and shown as a suggestion. Nothing changes by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How people decided on the incidents of one rule of one camera; drills are not counted."""

    device: str
    camera: str
    rule: str
    decided: int
    """Confirmed or rejected."""
    rejected: int


def suggested(counts: Iterable[RuleCount], *, after: int, share: float) -> tuple[RuleCount, ...]:
    """Rules worth a look: `after` rejected incidents or more, and at least `share` of the decided.

    The most rejected first.
    """
    fitting = [
        one for one in counts if one.rejected >= after and one.rejected >= share * one.decided
    ]
    return tuple(sorted(fitting, key=lambda one: (-one.rejected, one.device, one.camera, one.rule)))
