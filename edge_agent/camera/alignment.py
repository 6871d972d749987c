"""One moment on the time lines of two streams of one camera.

Each stream counts from its own beginning; what they share is the box's monotonic clock at arrival.
A packet is never early, so the least delay of the last while tells where a line lies on the clock,
whatever the network adds to single packets. What remains is the difference between the camera's
two encoders, some tens of milliseconds. Pure.
"""

from __future__ import annotations

import math
from typing import Final

WHILE_S: Final = 30.0
"""The least delay is sought among the packets of one to two times this long."""

RESET_S: Final = 1.0
"""A delay that is larger by this at once is a line that was begun anew."""

_RESETS_AFTER: Final = 25


class TimeLine:
    """Where a stream's media time lies on the monotonic clock."""

    def __init__(self) -> None:
        self._current = math.inf
        self._before = math.inf
        self._since = -math.inf
        self._late = 0

    def note(self, media_s: float, mono_s: float) -> None:
        """A packet or picture of `media_s` arrived at `mono_s`."""
        delay = mono_s - media_s
        self._late = self._late + 1 if delay > self.offset_s + RESET_S else 0
        if self._late >= _RESETS_AFTER:
            self._current = self._before = math.inf
            self._late = 0
        if mono_s - self._since >= WHILE_S:
            self._before, self._current, self._since = self._current, delay, mono_s
        self._current = min(self._current, delay)

    @property
    def offset_s(self) -> float:
        """Monotonic time minus media time; infinite before anything arrived."""
        return min(self._current, self._before)

    def mono(self, media_s: float) -> float:
        """The monotonic time of a moment on this line."""
        return media_s + self.offset_s

    def media(self, mono_s: float) -> float:
        """The moment on this line at a monotonic time."""
        return mono_s - self.offset_s
