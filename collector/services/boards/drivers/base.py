"""What every board does, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol

from collector.services.boards.record import Standing

Why = Literal[
    "silent", "credentials", "local", "priority", "syntax", "memory", "object", "answer", "screen"
]
"""silent: nothing came; credentials: it does not know us; local: somebody has it at its panel;
priority: something else there goes first; syntax: it cannot show the text; memory: our slots are
no good; object: it lacks what the standard wants; answer: it answered what cannot be; screen: no
page is open."""


class BoardError(Exception):
    """A board that could not be read or told; says what it said."""

    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(detail)
        self.why = why

    @property
    def silent(self) -> bool:
        """Whether nothing is known of it now."""
        return self.why in ("silent", "screen")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a board says that it shows."""

    multi: str
    source: str = ""
    left: timedelta | None = None
    """Until it ends by itself; None: never."""
    faults: tuple[str, ...] = ()
    """What it says is broken about itself."""


class Driver(Protocol):
    """One board; all calls come from one thread and may block."""

    grain: timedelta
    """What it counts its messages' time in."""

    def check(self) -> str | None:
        """How it differs from what its file says; None: not. Raises BoardError."""
        ...

    def read(self) -> Shown:
        """What it shows now; raises BoardError."""
        ...

    def show(self, multi: str, priority: int, lasts: timedelta, before: Standing) -> None:
        """Show it for so long, and `before` after it; raises BoardError with nothing changed."""
        ...

    def renew(self, multi: str, lasts: timedelta, before: Standing) -> None:
        """What stands is to stand for so long from now; raises BoardError."""
        ...

    def restore(self, before: Standing) -> None:
        """Show what stood before, without an end; raises BoardError."""
        ...

    def close(self) -> None:
        """It is not used any more."""
        ...
