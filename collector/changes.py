"""What changed, told at once and from any thread to whoever watches, such as the live list."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

QUEUE_LENGTH = 256
"""A watcher that is this far behind gets one `reload` in place of what it missed."""

ChangeKind = Literal[
    "incident",
    "delivery",
    "camera",
    "device",
    "still",
    "case",
    "unit",
    "thing",
    "board",
    "screen",
    "reload",
]


@dataclass(frozen=True, slots=True)
class Change:
    """`key`: incident id, incident id of the delivery, `device/camera`, device, SHA-256,
    id of a service's case, of the case whose unit moved, `kind/key` of a thing, or id of a board;
    `screen`: a board whose page has a new order."""

    kind: ChangeKind
    key: str


class _Watcher:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.queue: asyncio.Queue[Change] = asyncio.Queue(QUEUE_LENGTH)

    def offer(self, changes: tuple[Change, ...]) -> None:
        for change in changes:
            try:
                self.queue.put_nowait(change)
            except asyncio.QueueFull:
                while not self.queue.empty():
                    self.queue.get_nowait()
                self.queue.put_nowait(Change("reload", ""))


class Changes:
    """The broadcaster. Watchers live in event loops; publishers in any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: set[_Watcher] = set()

    def publish(self, *changes: Change) -> None:
        """Tell all watchers; returns at once."""
        if not changes:
            return
        with self._lock:
            watchers = list(self._watchers)
        for watcher in watchers:
            # A loop that closed meanwhile has nobody left to tell.
            with contextlib.suppress(RuntimeError):
                watcher.loop.call_soon_threadsafe(watcher.offer, changes)

    @contextlib.asynccontextmanager
    async def watch(self) -> AsyncIterator[asyncio.Queue[Change]]:
        """Changes from now on: `async with changes.watch() as queue: await queue.get()`."""
        watcher = _Watcher()
        with self._lock:
            self._watchers.add(watcher)
        try:
            yield watcher.queue
        finally:
            with self._lock:
                self._watchers.discard(watcher)
