"""What of mosquitto's debug log is kept: refusals, connections and warnings, no single message."""

from __future__ import annotations

import re

AT_MOST = 20
"""Lines of one kind and client within a second; more are counted and told in one."""

# Two alternatives at most are tried for a line, in C: half a million lines a second on one core.
_NOISE = re.compile(
    rb"^\d+: (?:Received (?:PUB|PING|UNSUBSCRIBE|DISCONNECT)|Sending (?!SUBACK)|No will )[^\n]*\n",
    re.M,
)
_LINE = re.compile(r"^(?P<at>\d+): (?P<text>.*)$", re.S)
_ASKS = re.compile(r"^Received SUBSCRIBE from (?P<name>\S+)$")
_FILTER = re.compile(r"^\t(?P<filter>.*) \(QoS (?P<qos>\d)\)$", re.S)
_REFUSED = re.compile(
    r"^(?:Denied \w+|Dropped too large PUBLISH) from \S+|^Client \S+ already connected"
)


class Sieve:
    """Takes bytes as they come, gives whole lines. Single-threaded, without I/O."""

    def __init__(self) -> None:
        self._tail = b""
        self._at = ""
        self._name = ""
        self._asked: tuple[str, str] | None = None
        """Filter and QoS of a subscription that is neither granted nor denied yet."""
        self._counts: dict[str, int] = {}

    def feed(self, data: bytes) -> bytes:
        """The lines of `data` that are kept, and what they tell by what they leave out."""
        whole, newline, self._tail = (self._tail + data).rpartition(b"\n")
        kept: list[str] = []
        for line in _NOISE.sub(b"", whole + newline).decode("utf-8", "replace").split("\n"):
            if found := _LINE.match(line):
                self._take(found["at"], found["text"], kept)
        return "".join(f"{line}\n" for line in kept).encode()

    def missed(self) -> bytes:
        """Said when more was written than could be read."""
        told = "lines came faster than they were read; some are missing"
        return f"{self._at}: Polewatch: {told}\n".encode()

    def rest(self) -> bytes:
        """At the end: what is still counted."""
        kept: list[str] = []
        self._tell_counts(kept)
        return "".join(f"{line}\n" for line in kept).encode()

    def _take(self, at: str, text: str, kept: list[str]) -> None:
        if at != self._at:
            self._tell_counts(kept)
            self._at = at
        if asks := _ASKS.match(text):
            self._name, self._asked = asks["name"], None
        elif wanted := _FILTER.match(text):
            self._deny(kept)
            self._asked = (wanted["filter"], wanted["qos"])
        elif text.startswith("Sending SUBACK"):
            self._deny(kept)
        elif self._asked is not None and text == f"{self._name} {self._asked[1]} {self._asked[0]}":
            self._asked = None
        else:
            self._keep(text, kept)

    def _deny(self, kept: list[str]) -> None:
        """A subscription that is granted is followed by a line that says so."""
        if self._asked is not None:
            self._keep(f"Denied SUBSCRIBE from {self._name} ('{self._asked[0]}')", kept)
            self._asked = None

    def _keep(self, text: str, kept: list[str]) -> None:
        refused = _REFUSED.match(text)
        if refused is not None:
            key = refused[0]
            self._counts[key] = self._counts.get(key, 0) + 1
            if self._counts[key] > AT_MOST:
                return
        kept.append(f"{self._at}: {text}")

    def _tell_counts(self, kept: list[str]) -> None:
        for key, count in self._counts.items():
            if count > AT_MOST:
                kept.append(f"{self._at}: {key} {count - AT_MOST} more times within this second")
        self._counts.clear()
