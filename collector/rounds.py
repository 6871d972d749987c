"""A thread that looks again and again at what is due, and what it does for many at a time."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import structlog

from wire.clock import Clock

Item = TypeVar("Item")

log = structlog.get_logger()


async def abreast(
    most: int, take: Callable[[Item], Awaitable[None]], items: Iterable[Item]
) -> None:
    """Take all items, at most `most` at a time."""
    gate = asyncio.Semaphore(most)

    async def one(item: Item) -> None:
        async with gate:
            await take(item)

    await asyncio.gather(*(one(item) for item in items))


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
