"""A thread that looks again and again at what is due, and at once when it is woken."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable

import structlog

from wire.clock import Clock

log = structlog.get_logger()


class Rounds:
    """`start` once, `stop` once; storage that fails is logged, and looked at again."""

    def __init__(self, name: str, once: Callable[[], bool], every_s: float, clock: Clock) -> None:
        """`once` does what is due; true when there may be more, which is then done at once."""
        self._name = name
        self._once = once
        self._every_s = every_s
        self._clock = clock
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.stopping = False

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 20.0) -> bool:
        """End after the round that runs; whether it has ended by then."""
        self.end()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def end(self) -> None:
        """No further round; the one that runs is not waited for."""
        self.stopping = True
        self._wake.set()

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    def _run(self) -> None:
        while not self.stopping:
            self._wake.clear()
            try:
                busy = self._once()
            except sqlite3.Error as error:
                log.error(f"{self._name}.storage", error=str(error))
                busy = False
            if not busy:
                self._clock.wait(self._wake, self._every_s)
