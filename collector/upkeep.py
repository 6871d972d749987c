"""What the centre does by itself every hour: one thread, one task after the other."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence

import structlog

from wire.clock import Clock

log = structlog.get_logger()

AGAIN_S = 60.0
"""After a disk that refused, or a fault of ours."""


class Upkeep:
    """Runs its tasks at the start, and then whenever the time has come."""

    def __init__(
        self, tasks: Sequence[Callable[[], object]], every_hours: float, clock: Clock
    ) -> None:
        self._tasks = tasks
        self._every_s = every_hours * 3600
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End after the task that runs."""
        self._stop.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._clock.wait(self._stop, self._round())

    def _round(self) -> float:
        """Seconds until the next."""
        pause = self._every_s
        for task in self._tasks:
            if self._stop.is_set():
                break
            try:
                task()
            except sqlite3.Error as error:
                log.error("upkeep.storage", error=str(error))
                pause = AGAIN_S
            except Exception:
                # One task's fault must not end the others for good.
                log.exception("upkeep.failed")
                pause = AGAIN_S
        return pause
