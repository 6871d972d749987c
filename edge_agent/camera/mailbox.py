"""A place for exactly one thing: the newest. A slow reader gets fewer, never older."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """One slot between two threads."""

    def __init__(self) -> None:
        self.replaced = 0
        """Items that nobody took before a newer one came."""
        self._item: Item | None = None
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Leave `item`, in place of one that was not taken."""
        with self._changed:
            if self._item is not None:
                self.replaced += 1
            self._item = item
            self._changed.notify()

    def take(self, timeout_s: float) -> Item | None:
        """The newest item within `timeout_s`; None when none came or the box is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, timeout_s)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Wake whoever waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
