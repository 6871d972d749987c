"""Named points between durable steps, where a test may end the process.

Calling `reach` does nothing unless something in the same process called `watch`. No environment
variable and no configuration key does: only the tests' own launcher calls it, and that is not
part of what is installed.
"""

from __future__ import annotations

from collections.abc import Callable

_watcher: Callable[[str], None] | None = None


def reach(point: str) -> None:
    """Say that the program stands at `point`, e.g. `outbox.put.committed`."""
    if _watcher is not None:
        _watcher(point)


def watch(watcher: Callable[[str], None] | None) -> None:
    """Have `watcher` called with every point that is reached; None ends it."""
    global _watcher
    _watcher = watcher
