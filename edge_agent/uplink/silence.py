"""Noticing that the centre says nothing, and that it speaks again.

What is published while no collector listens is gone, though the broker confirmed it. Repeating
everything soon would drown a collector that is merely slow; so a few items are repeated while
there is silence, and everything once it has ended.
"""

from __future__ import annotations

SILENCE_S = 15.0
"""No receipt for so long, with items on their way, is silence."""

PROBE_EVERY_S = 10.0
PROBE_ITEMS = 4


class Silence:
    """Times are the monotonic clock's, in seconds."""

    def __init__(
        self, now_s: float, silence_s: float = SILENCE_S, probe_every_s: float = PROBE_EVERY_S
    ) -> None:
        self._silence_s = silence_s
        self._probe_every_s = probe_every_s
        self._heard_s = now_s
        self._probed_s = now_s

    def probe_due(self, now_s: float, in_flight: int) -> bool:
        """Whether to repeat a few items now; nothing on its way is no silence."""
        if in_flight == 0:
            self._heard_s = now_s
            return False
        if now_s - self._heard_s < self._silence_s or now_s - self._probed_s < self._probe_every_s:
            return False
        self._probed_s = now_s
        return True

    def heard(self, now_s: float) -> bool:
        """A receipt or a gap request came; true when that ends a silence."""
        ended = now_s - self._heard_s >= self._silence_s
        self._heard_s = now_s
        return ended
