"""When one facility is on: pure, with the time as a parameter (monotonic seconds)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

MINUTE_S = 60.0


class SwitchError(Exception):
    """It is not switched on now, and why."""


@dataclass
class Switch:
    """What is wanted of one facility. It is never on for longer than `longest_on_s` at a stretch,
    rests for `rest_s` in between, and is switched on at most `most_a_minute` times a minute."""

    longest_on_s: float
    rest_s: float
    most_a_minute: int
    on_since: float | None = None
    ends_at: float = 0.0
    off_since: float | None = None
    by: str | None = None
    _begun: deque[float] = field(default_factory=deque)

    def on(self, now: float, seconds: float | None, by: str) -> bool:
        """Have it on until then; whether it must be switched now. Raises SwitchError.

        One that is on goes on for longer, and never for longer than it may at a stretch.
        """
        wanted = min(seconds or self.longest_on_s, self.longest_on_s)
        if self.on_since is not None:
            end = min(now + wanted, self.on_since + self.longest_on_s)
            self.ends_at = max(self.ends_at, end)
            return False
        while self._begun and self._begun[0] <= now - MINUTE_S:
            self._begun.popleft()
        if self.off_since is not None and now - self.off_since < self.rest_s:
            raise SwitchError(f"it rests for {self.rest_s:g} s between two times")
        if len(self._begun) >= self.most_a_minute:
            raise SwitchError(f"it was switched on {self.most_a_minute} times within a minute")
        self._begun.append(now)
        self.on_since, self.ends_at, self.by = now, now + wanted, by
        return True

    def off(self, now: float) -> bool:
        """Have it off; whether it was on."""
        if self.on_since is None:
            return False
        self.on_since, self.off_since = None, now
        return True

    def over(self, now: float) -> bool:
        """Whether its time is over."""
        return self.on_since is not None and now >= self.ends_at

    def left(self, now: float) -> float | None:
        """Until it goes off by itself; None when it is off."""
        return None if self.on_since is None else max(0.0, self.ends_at - now)
