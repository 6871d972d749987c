"""What came and is not judged yet: bounded, and agencies' words before devices' messages.

A word that waits behind thousands of events comes later than its delivery is repeated, and each
repetition brings another word.
"""

from __future__ import annotations

import threading
from collections import deque

from collector.link import Incoming

_AGENCIES = "pw/agency/"


class Waiting:
    """Thread-safe; one side offers and never waits, the other takes."""

    def __init__(self, messages: int, bytes: int) -> None:
        """At most so many of each."""
        self._most, self._most_bytes = messages, bytes
        self._bytes = 0
        self._words: deque[Incoming] = deque()
        self._messages: deque[Incoming] = deque()
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._words) + len(self._messages)

    def offer(self, message: Incoming) -> bool:
        """False when it is full."""
        size = len(message.payload)
        with self._changed:
            if len(self) >= self._most or self._bytes + size > self._most_bytes:
                return False
            word = message.topic.startswith(_AGENCIES)
            (self._words if word else self._messages).append(message)
            self._bytes += size
            self._changed.notify()
            return True

    def take(self, at_most: int, timeout_s: float) -> list[Incoming]:
        """All that waits, at most `at_most`; nothing when nothing comes in `timeout_s`.

        While messages wait, words take no more than half of the places.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self) > 0, timeout_s)
            words = min(len(self._words), at_most, max(at_most // 2, at_most - len(self._messages)))
            taken = [self._words.popleft() for _ in range(words)]
            rest = min(len(self._messages), at_most - words)
            taken += [self._messages.popleft() for _ in range(rest)]
            self._bytes -= sum(len(one.payload) for one in taken)
            return taken
