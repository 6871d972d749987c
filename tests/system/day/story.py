"""What happened, in plain words with the seconds since the day began."""

from __future__ import annotations

import time
from collections.abc import Callable

Say = Callable[[str], None]


class Story:
    """One day's timeline; `say` prints a line."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the day began."""
        return time.monotonic() - self._began

    def scene(self, title: str) -> None:
        """What follows is about this."""
        self._say(f"\n{title}")

    def tell(self, what: str) -> None:
        """It happened, just now."""
        self._say(f"{self.seconds:6.1f} s  {what}")

    def line(self, text: str) -> None:
        """A line of the books."""
        self._say(text)
