"""Whose gate learns now: decoding everything of all cameras at once is more than a box can do.

Before its gate has learned a camera's sizes, every packet is decoded. Sixteen cameras that begin
together would take both cores of a small box for that, while none is analysed. So only some learn
at a time, and none while pictures wait for their analysis; of the others keyframes are looked at,
until their turn comes or something is seen.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Final

TURN_S: Final = 20.0
"""A camera that has not learned by then goes on without holding others up."""


class LearningTurns:
    """Of one box, by camera; safe from any thread."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        most: int | None = None,
        behind: Callable[[], bool] = lambda: False,
    ) -> None:
        """`most` learn at the same time: as many as there are cores when left out.

        Nobody begins to while `behind()`: the analysis has more than it can do.
        """
        self._monotonic = monotonic
        self._behind = behind
        self._most = most or len(os.sched_getaffinity(0))
        self._until_s: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, camera: str) -> bool:
        """Whether its turn has come; it holds until `give_back`, or for TURN_S."""
        now_s = self._monotonic()
        with self._lock:
            self._until_s = {one: until for one, until in self._until_s.items() if until > now_s}
            if camera in self._until_s:
                return True
            if len(self._until_s) >= self._most or self._behind():
                return False
            self._until_s[camera] = now_s + TURN_S
            return True

    def give_back(self, camera: str) -> None:
        """Its gate has learned, or has to begin anew."""
        with self._lock:
            self._until_s.pop(camera, None)
