"""What came and is not judged yet: bounded, and each kind with its own patience.

Where it is full, the connection waits: what is not read stays with the broker. mosquitto 2.0 sends
all that it holds for a session, whatever bound it was given; to take more and refuse it would mean
to have it again a minute later, and a broker that looks for each refused one in a list of all.

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
    """Thread-safe; one side offers, the other takes."""

    def __init__(self, messages: int, bytes: int, patience_s: float = 0.0) -> None:
        """At most so many of each, of words and of the rest: a flood leaves room for words.

        `patience_s`: how long an offer waits for room.
        """
        self._most, self._most_bytes = messages, bytes
        self._patience_s = patience_s
        self._in_vain = False
        """Nothing was taken while an offer waited: the next ones do not, until something is."""
        self._bytes = self._word_bytes = 0
        self._words: deque[Incoming] = deque()
        self._messages: deque[Incoming] = deque()
        self._figures: dict[str, Incoming] = {}
        lock = threading.RLock()
        self._changed, self._room = threading.Condition(lock), threading.Condition(lock)
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
        """False when it stays full; what has QoS 0 does not wait for room."""
        size, word = len(message.payload), message.topic.startswith(_AGENCIES)
        with self._changed:
            if not self._fits(size, word) and not self._room_comes(message, word):
                return False
            if word:
                self._word_bytes += size
                self._words.append(message)
                self._changed.notify()
                return True
            self._bytes += size
            # With QoS 0 nobody waits for word of them, and the newest say all.
            if message.qos == 0 and message.topic.endswith(_FIGURES):
                older = self._figures.pop(message.topic, None)
                if older is not None:
                    self._bytes -= len(older.payload)
                    self.superseded += 1
                self._figures[message.topic] = message
                return True
            self._messages.append(message)
            self._changed.notify()
            return True

    def _fits(self, size: int, word: bool) -> bool:
        count = len(self._words) if word else len(self._messages) + len(self._figures)
        held = self._word_bytes if word else self._bytes
        # What is larger than all of the memory comes in alone rather than never.
        return count < self._most and (held + size <= self._most_bytes or count == 0)

    def _room_comes(self, message: Incoming, word: bool) -> bool:
        if message.qos == 0 or self._in_vain:
            return False
        size = len(message.payload)
        found = self._room.wait_for(lambda: self._fits(size, word), self._patience_s)
        self._in_vain = not found
        return found

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
            self._word_bytes -= sum(len(one.payload) for one in taken)
            messages = min(len(self._messages), rest - words)
            taken += [self._messages.popleft() for _ in range(messages)]
            taken += [self._figures.pop(next(iter(self._figures))) for _ in range(figures)]
            self._bytes -= sum(len(one.payload) for one in taken[words:])
            if taken:
                self._in_vain = False
                self._room.notify_all()
            return taken
