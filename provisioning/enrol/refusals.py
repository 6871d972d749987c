"""What the desk refused: counted, kept within bounds, and the reason to let an address wait."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

FILE = "refused.jsonl"
ADDRESSES = 10_000
"""Remembered at once; the one that was quiet longest is forgotten first."""


class Refusals:
    """One file and one before it; safe from any thread."""

    def __init__(self, folder: Path, kilobytes: int) -> None:
        self._path = folder / FILE
        self._half_bytes = kilobytes * 1000 // 2
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        """Refusals by code since start."""

    def note(self, at: datetime, address: str, pole: str, code: str, detail: str) -> None:
        """Count and keep one; a disk that is full costs the note, never the answer."""
        line = {"at": at.isoformat(), "address": address, "pole": pole, "code": code}
        text = json.dumps({**line, "detail": detail[:300]}, ensure_ascii=False) + "\n"
        with self._lock:
            self.counts[code] += 1
            try:
                if self._path.exists() and self._path.stat().st_size > self._half_bytes:
                    self._path.replace(self._path.with_suffix(".old"))
                descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
            except OSError:
                self.counts["not-noted"] += 1


def kept(folder: Path) -> Iterator[dict[str, str]]:
    """What is kept, oldest first; lines that were cut off are left out."""
    for path in ((folder / FILE).with_suffix(".old"), folder / FILE):
        if not path.is_file():
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue


class Throttle:
    """How often the desk may be asked: by all together, and by who was refused often."""

    def __init__(self, per_minute: int, refusals: int, forget_s: float) -> None:
        self._per_minute = per_minute
        self._refusals = refusals
        self._forget_s = forget_s
        self._lock = threading.Lock()
        self._asked: deque[float] = deque()
        self._refused: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str, now_s: float) -> float:
        """How long this address must wait; 0 when it may ask now, which counts."""
        with self._lock:
            past = self._refused.get(address)
            if past is not None:
                while past and now_s - past[0] >= self._forget_s:
                    past.popleft()
                if len(past) >= self._refusals:
                    return self._forget_s - (now_s - past[0])
            while self._asked and now_s - self._asked[0] >= 60.0:
                self._asked.popleft()
            if len(self._asked) >= self._per_minute:
                return 60.0 - (now_s - self._asked[0])
            self._asked.append(now_s)
            return 0.0

    def refused(self, address: str, now_s: float) -> None:
        """This address was refused."""
        with self._lock:
            past = self._refused.setdefault(address, deque(maxlen=self._refusals))
            past.append(now_s)
            self._refused.move_to_end(address)
            if len(self._refused) > ADDRESSES:
                self._refused.popitem(last=False)
