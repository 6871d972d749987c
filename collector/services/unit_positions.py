"""Where units are, if they say so: each link's newest point, in memory alone, gone with the link.

No copy, backup or case file ever holds one: a restart forgets them all, and phones tell them anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from collector.problems import ProblemError
from collector.services.place import Point
from wire.clock import Clock
from wire.grant import PersonToken
from wire.names import Id

MOST = 2_000
EVERY_S = 1.0
"""A link tells its place at most so often."""


@dataclass(frozen=True, slots=True)
class UnitPosition:
    """One unit's newest point, WGS84, within `accuracy_m` metres."""

    token_id: Id
    permit_id: Id
    unit: str
    at: Point
    accuracy_m: float
    heard_s: float
    """On the centre's monotonic clock."""
    ends_at: datetime


class UnitPositions:
    """Safe from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._newest: OrderedDict[str, UnitPosition] = OrderedDict()
        self._heard: dict[str, float] = {}

    def put(self, unit: PersonToken, at: Point, accuracy_m: float) -> None:
        """Take a point in place of the one before; raises ProblemError when it comes too soon."""
        assert unit.permit_id is not None, "only a unit's token tells a place"
        now = self._clock.monotonic()
        with self._lock:
            if now - self._heard.get(unit.token_id, float("-inf")) < EVERY_S:
                said = f"a position every {EVERY_S:.0f} s is enough"
                raise ProblemError("auth.locked", said, headers={"Retry-After": "1"})
            self._heard[unit.token_id] = now
            self._newest[unit.token_id] = UnitPosition(
                unit.token_id, unit.permit_id, unit.person, at, accuracy_m, now, unit.expires_at
            )
            self._newest.move_to_end(unit.token_id)
            while len(self._newest) > MOST:
                self._newest.popitem(last=False)
            self._heard = {one: at for one, at in self._heard.items() if now - at < EVERY_S}

    def forget(self, token_id: Id) -> None:
        """The unit tells it no more."""
        with self._lock:
            self._newest.pop(token_id, None)

    def of(self, permits: Collection[Id]) -> tuple[UnitPosition, ...]:
        """Those of links that last, under one of these permits, by name."""
        now = self._clock.now()
        with self._lock:
            found = [one for one in self._newest.values() if one.permit_id in permits]
        return tuple(sorted((one for one in found if one.ends_at > now), key=lambda one: one.unit))

    def keep(self, permits: Collection[Id]) -> None:
        """Forget those whose link has ended: these permits are in force, no others."""
        now = self._clock.now()
        with self._lock:
            for token_id, one in [*self._newest.items()]:
                if one.ends_at <= now or one.permit_id not in permits:
                    del self._newest[token_id]
