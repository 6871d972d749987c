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
        self._bytes = {True: 0, False: 0}
        """Of words, and of the rest."""
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
        size, word = len(message.payload), _is_word(message)
        with self._changed:
            if not self._fits(size, word) and not self._room_comes(size, word, message.qos):
                return False
            self._bytes[word] += size
            # With QoS 0 nobody waits for word of them, and the newest say all.
            if not word and message.qos == 0 and message.topic.endswith(_FIGURES):
                older = self._figures.pop(message.topic, None)
                if older is not None:
                    self._bytes[False] -= len(older.payload)
                    self.superseded += 1
                self._figures[message.topic] = message
                return True
            (self._words if word else self._messages).append(message)
            self._changed.notify()
            return True

    def _fits(self, size: int, word: bool) -> bool:
        count = len(self._words) if word else len(self._messages) + len(self._figures)
        # What is larger than all of the memory comes in alone rather than never.
        return count < self._most and (self._bytes[word] + size <= self._most_bytes or count == 0)

    def _room_comes(self, size: int, word: bool, qos: int) -> bool:
        if qos == 0 or self._in_vain:
            return False
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
            messages = min(len(self._messages), rest - words)
            taken += [self._messages.popleft() for _ in range(messages)]
            taken += [self._figures.pop(next(iter(self._figures))) for _ in range(figures)]
            for one in taken:
                self._bytes[_is_word(one)] -= len(one.payload)
            if taken:
                self._in_vain = False
                self._room.notify_all()
            return taken


def _is_word(message: Incoming) -> bool:
    return message.topic.startswith(_AGENCIES)
