"""Holds: spans of one camera's ring that must not be evicted, kept in a journal of their own.

The ring's index can be made again from the files; what somebody asked to keep cannot. So each
change is a line of JSON that stands for itself: a torn or damaged line costs that line alone.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import structlog

FILE_NAME = "holds.jsonl"

log = structlog.get_logger()


class Span(NamedTuple):
    """Wall times, microseconds since 1970 UTC."""

    from_us: int
    to_us: int


@dataclass(frozen=True, slots=True)
class Hold:
    """`event`: around a finding, given up when room is short. `case`: kept until released."""

    id: str
    """The finding's id, or the one that the collector gave the case's hold."""
    kind: Literal["event", "case"]
    from_us: int
    to_us: int
    until_us: int | None
    """When it ends by itself; None: only when it is released."""
    reason: str
    """Number of the case, or what was found."""

    def holds_at(self, now_us: int) -> bool:
        """Whether it counts at this time."""
        return self.until_us is None or self.until_us > now_us


def merged(holds: Iterable[Hold]) -> list[Span]:
    """The time that these holds cover together, as spans that do not touch, oldest first."""
    spans: list[Span] = []
    for hold in sorted(holds, key=lambda one: one.from_us):
        if spans and hold.from_us <= spans[-1].to_us:
            spans[-1] = Span(spans[-1].from_us, max(spans[-1].to_us, hold.to_us))
        else:
            spans.append(Span(hold.from_us, hold.to_us))
    return spans


def covering(spans: Iterable[Span], start_us: int, end_us: int) -> Span | None:
    """The first of these spans that a segment reaches into."""
    return next((one for one in spans if one.from_us < end_us and one.to_us > start_us), None)


class HoldBook:
    """One camera's holds; safe from any thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._lock = threading.Lock()
        self._holds: dict[str, Hold] = {}
        self._lines = 0
        self._read()

    def __len__(self) -> int:
        return len(self._holds)

    def current(self, now_us: int) -> list[Hold]:
        """Those that count now, oldest span first."""
        with self._lock:
            found = [hold for hold in self._holds.values() if hold.holds_at(now_us)]
        return sorted(found, key=lambda one: (one.from_us, one.id))

    def get(self, hold_id: str) -> Hold | None:
        """The hold of that id, ended or not."""
        return self._holds.get(hold_id)

    def place(self, hold: Hold, *, durable: bool) -> None:
        """Keep a hold, in place of an earlier one of its id; raises OSError.

        With `durable` it is on the disk itself when this returns.
        """
        with self._lock:
            self._append({"place": asdict(hold)}, durable)
            self._holds[hold.id] = hold

    def release(self, hold_id: str) -> Hold | None:
        """End a hold; None when there is none of that id. Raises OSError."""
        with self._lock:
            if hold_id not in self._holds:
                return None
            self._append({"release": hold_id}, durable=False)
            return self._holds.pop(hold_id)

    def end_expired(self, now_us: int) -> None:
        """Forget holds whose time is over, and what the journal says of them. Raises OSError."""
        with self._lock:
            kept = {key: hold for key, hold in self._holds.items() if hold.holds_at(now_us)}
            if len(kept) == len(self._holds) and self._lines <= 2 * len(kept) + 64:
                return
            fresh = self._path.with_suffix(".new")
            with fresh.open("w", encoding="utf-8") as file:
                file.writelines(_line({"place": asdict(hold)}) for hold in kept.values())
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
            self._holds, self._lines = kept, len(kept)

    def _append(self, change: dict[str, object], durable: bool) -> None:
        with self._path.open("ab", buffering=0) as file:
            file.write(_line(change).encode())
            if durable:
                os.fsync(file.fileno())
        self._lines += 1

    def _read(self) -> None:
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        bad = 0
        for line in text.splitlines():
            self._lines += 1
            if not self._take(line):
                bad += 1
        if bad:
            log.error("holds.damaged", path=str(self._path), lines=bad, kept=len(self._holds))
        if text and not text.endswith("\n"):
            # What a power cut left short must not swallow the line that follows.
            with self._path.open("ab", buffering=0) as file:
                file.write(b"\n")

    def _take(self, line: str) -> bool:
        try:
            change = json.loads(line)
            if "place" in change:
                hold = Hold(**change["place"])
                self._holds[hold.id] = hold
            else:
                self._holds.pop(change["release"], None)
        except (ValueError, TypeError, KeyError):
            return not line
        return True


def _line(change: dict[str, object]) -> str:
    return json.dumps(change, ensure_ascii=False) + "\n"
