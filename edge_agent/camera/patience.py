"""Which changes of a picture are worth opening the gate for. Pure.

Trees sway where they stand; who walks is somewhere else at each look. So a place where the gate
opened for nothing is heeded ever more rarely, and every other one at once: somebody far away whom
the detector knows in few pictures is followed from place to place, however often it saw nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edge_agent.camera.glance import Place

MOST_PATIENT: Final = 5
"""How often the changes that are let pass in a place are doubled, where they were nothing."""

FORGET_S: Final = 600.0
"""A place in which nothing changed for so long is heeded again."""


@dataclass(slots=True)
class _Known:
    """A place where it opened for nothing."""

    times: int = 0
    let_pass: int = 0
    last_s: float = 0.0


class Patience:
    """Of one camera's picture."""

    def __init__(self) -> None:
        self._known: dict[Place, _Known] = {}
        self._due: tuple[Place, ...] = ()
        """Places for which it opened."""
        self._beside: tuple[Place, ...] = ()
        """Others that changed in the same look."""

    def heeds(self, places: Iterable[Place], now_s: float) -> bool:
        """Whether to open for a look that differs in these places."""
        kept = self._known.items()
        self._known = {at: one for at, one in kept if now_s - one.last_s < FORGET_S}
        due, beside = [], []
        for place in places:
            known = self._known.get(place)
            if known is not None:
                known.last_s = now_s
            if known is None or known.let_pass == 0:
                due.append(place)
            else:
                known.let_pass -= 1
                beside.append(place)
        if due:
            self._due, self._beside = tuple(due), tuple(beside)
        return bool(due)

    def was_nothing(self, now_s: float) -> None:
        """It opened, and nothing was to be seen."""
        for place in self._due:
            known = self._known.setdefault(place, _Known())
            known.times = min(known.times + 1, MOST_PATIENT)
            known.let_pass, known.last_s = 2**known.times - 1, now_s
        # What sways together is let pass together, else each leaf of a tree has its turn.
        for place in self._beside:
            if place in self._known:
                self._known[place].let_pass = 2 ** self._known[place].times - 1
        self._due = self._beside = ()

    def was_something(self) -> None:
        """It opened, and something was seen: what changed there is heeded again."""
        for place in (*self._due, *self._beside):
            self._known.pop(place, None)
        self._due = self._beside = ()
