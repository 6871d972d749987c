"""What the disk says of itself while the agent runs: worn cells, errors its file system met."""

from __future__ import annotations

from pathlib import Path

import structlog

from edge_agent.checks.box import check_disk_health
from wire.clock import Clock

ASK_EVERY_S = 600.0
"""A disk wears over months; the answer lies in memory, so that asking costs it nothing."""

log = structlog.get_logger()


class DiskWatch:
    """Asked by one thread, as often as it likes."""

    def __init__(self, folder: Path, clock: Clock, root: Path = Path("/")) -> None:
        """`folder` lies on the disk; `root` has `sys`."""
        self._folder = folder
        self._clock = clock
        self._root = root
        self._due_s = float("-inf")
        self._code: str | None = None

    def fault(self) -> str | None:
        """`disk.worn` when it is failing, as a code of wire.codes."""
        now_s = self._clock.monotonic()
        if now_s >= self._due_s:
            self._due_s = now_s + ASK_EVERY_S
            self._ask()
        return self._code

    def _ask(self) -> None:
        try:
            told = check_disk_health(self._folder, self._root)
        except OSError as error:
            # A disk that is gone is told by what writes to it.
            log.warning("disk.health", folder=str(self._folder), error=error.strerror)
            return
        if told.code is not None and told.code != self._code:
            log.error("disk.failing", code=told.code, detail=told.detail)
        self._code = told.code
