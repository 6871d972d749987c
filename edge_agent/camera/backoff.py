"""Growing, jittered pauses between tries."""

from __future__ import annotations

import random


class Backoff:
    """Doubles from `first_s` up to `limit_s`; each pause is drawn from its upper half."""

    def __init__(
        self, first_s: float, limit_s: float, rng: random.Random, patient: int = 0
    ) -> None:
        """The first `patient` pauses in a row that should be the longest grow like any other."""
        self._first_s = first_s
        self._limit_s = limit_s
        self._rng = rng
        self._next_s = first_s
        self._patient = patient
        self._pointless = 0

    def pause(self, *, longest: bool = False) -> float:
        """Seconds to wait before the next try; `longest` where trying soon is pointless."""
        self._pointless = self._pointless + 1 if longest else 0
        ceiling = self._limit_s if self._pointless > self._patient else self._next_s
        self._next_s = min(self._limit_s, self._next_s * 2)
        # Jitter, lest every camera behind one failed switch comes back in the same instant.
        return ceiling * self._rng.uniform(0.5, 1.0)

    def reset(self) -> None:
        """After a success that lasted."""
        self._next_s = self._first_s
        self._pointless = 0
