"""Whose turn it is when several cameras wait for the detector. Pure: time comes as a parameter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

LATE_TURNS: Final = 1.0
"""Turns that a camera may catch up on after having been held back by the others."""


@dataclass(slots=True)
class _Claim:
    interval_s: float
    due_s: float = 0.0
    used_s: float = 0.0
    """The detector's time it has had, on the common count."""
    idle_since_s: float = -math.inf
    waiting: bool = False
    running: bool = False


class Fairness:
    """Start-time fair queuing: the waiting camera that has had the least of the detector goes next.

    What is shared is the detector's time, not the number of pictures: a camera whose pictures need
    four tiles does not take four times its part. A camera that was idle does not save up its part,
    and none is served more often than its budget of analyses a second.
    """

    def __init__(self) -> None:
        self._claims: dict[str, _Claim] = {}

    def add(self, camera: str, per_second: float) -> None:
        """A camera with its budget in analyses a second (> 0)."""
        self._claims[camera] = _Claim(1.0 / per_second, used_s=self._floor())

    def wants(self, camera: str, now_s: float) -> None:
        """The camera has something to analyse."""
        claim = self._claims[camera]
        idle = not claim.waiting and not claim.running
        if idle and now_s - claim.idle_since_s > claim.interval_s:
            claim.used_s = max(claim.used_s, self._floor())
        claim.waiting = True

    def next(self, now_s: float) -> str | None:
        """Give the turn to a waiting camera; None when nobody's turn has come."""
        ready = [
            name
            for name, claim in self._claims.items()
            if claim.waiting and not claim.running and claim.due_s <= now_s
        ]
        if not ready:
            return None
        chosen = min(ready, key=lambda name: (self._claims[name].used_s, self._claims[name].due_s))
        claim = self._claims[chosen]
        claim.waiting, claim.running = False, True
        latest = now_s - LATE_TURNS * claim.interval_s
        claim.due_s = max(claim.due_s, latest) + claim.interval_s
        return chosen

    def done(self, camera: str, took_s: float, now_s: float) -> None:
        """The camera's turn is over; it took `took_s` seconds."""
        claim = self._claims[camera]
        claim.running, claim.idle_since_s = False, now_s
        claim.used_s += max(took_s, 0.0)

    def wakes_in(self, now_s: float) -> float | None:
        """Seconds until the next waiting camera's turn may come; None while nobody waits."""
        waits = [
            claim.due_s - now_s
            for claim in self._claims.values()
            if claim.waiting and not claim.running
        ]
        return max(min(waits), 0.0) if waits else None

    def _floor(self) -> float:
        """The least that any busy camera has had; who comes to wait starts from there."""
        busy = [c.used_s for c in self._claims.values() if c.waiting or c.running]
        everyone = [c.used_s for c in self._claims.values()]
        return min(busy) if busy else max(everyone, default=0.0)
