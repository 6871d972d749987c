"""Refusals are reported, but whoever sends nonsense cannot fill the outbox with reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import structlog

from wire.clock import Clock

BURST = 10
ONE_EVERY_S = 30.0

log = structlog.get_logger()

Audit = Callable[[str, str], None]
"""Takes a code of wire.codes and a detail; must not block."""


class Refusals:
    """Counts every refusal; reports the first few at once, then one in a while with the count."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock
        self._credit = float(BURST)
        self._at = clock.monotonic()
        self._unreported = 0
        self.by_code: Counter[str] = Counter()

    def refused(self, code: str, detail: str) -> None:
        """Something that came in is not believed or not obeyed."""
        self.by_code[code] += 1
        now = self._clock.monotonic()
        self._credit = min(float(BURST), self._credit + (now - self._at) / ONE_EVERY_S)
        self._at = now
        if self._credit < 1:
            self._unreported += 1
            return
        self._credit -= 1
        more = f"; {self._unreported} more since the last report" if self._unreported else ""
        self._unreported = 0
        log.warning("command.refused", code=code, detail=detail)
        self._audit(code, f"{detail}{more}"[:500])
