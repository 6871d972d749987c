"""What came and is not judged yet: bounded, and each kind with its own patience.

Agencies' words go first: one that waits behind thousands of events comes later than its delivery is
repeated, and each repetition brings another word. Devices' figures go last and hurry nobody: a
city's boxes send hundreds a second, and a transaction for each would cost as much as its events.
"""

from __future__ import annotations

import threading
from collections import deque

from collector.link import Incoming

_AGENCIES = "pw/agency/"
_FIGURES = "/health"


class Waiting:
    """Thread-safe; one side offers and never waits, the other takes."""

    def __init__(self, messages: int, bytes: int) -> None:
        """At most so many of each."""
        self._most, self._most_bytes = messages, bytes
        self._bytes = 0
        self._words: deque[Incoming] = deque()
        self._messages: deque[Incoming] = deque()
        self._figures: dict[str, Incoming] = {}
        self._changed = threading.Condition()
        self.superseded = 0
        """Figures of which newer ones came before they were taken."""

    def __len__(self) -> int:
        return len(self._words) + len(self._messages) + len(self._figures)

    @property
    def urgent(self) -> int:
        """How many wait that are no figures."""
        return len(self._words) + len(self._messages)

    def counts(self) -> dict[str, int]:
        """How many of each wait."""
        return {
            "words": len(self._words),
            "messages": len(self._messages),
            "figures": len(self._figures),
        }

    def offer(self, message: Incoming) -> bool:
        """False when it is full."""
        size = len(message.payload)
        with self._changed:
            if len(self) >= self._most or self._bytes + size > self._most_bytes:
                return False
            self._bytes += size
            # With QoS 0 nobody waits for word of them, and the newest say all.
            if message.qos == 0 and message.topic.endswith(_FIGURES):
                older = self._figures.pop(message.topic, None)
                if older is not None:
                    self._bytes -= len(older.payload)
                    self.superseded += 1
                self._figures[message.topic] = message
                return True
            word = message.topic.startswith(_AGENCIES)
            (self._words if word else self._messages).append(message)
            self._changed.notify()
            return True

    def take(self, at_most: int, timeout_s: float) -> list[Incoming]:
        """What waits, at most `at_most`, as soon as there is more than figures or time is up.

        While messages wait, words take no more than half of the places and figures a quarter.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.urgent > 0, timeout_s)
            figures = min(len(self._figures), max(at_most // 4, at_most - self.urgent))
            rest = at_most - figures
            words = min(len(self._words), max(at_most // 2, rest - len(self._messages)), rest)
            taken = [self._words.popleft() for _ in range(words)]
            messages = min(len(self._messages), rest - words)
            taken += [self._messages.popleft() for _ in range(messages)]
            taken += [self._figures.pop(next(iter(self._figures))) for _ in range(figures)]
            self._bytes -= sum(len(one.payload) for one in taken)
            return taken
