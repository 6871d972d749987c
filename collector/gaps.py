"""Which numbers are missing, since when, and when to ask for them again. Single-threaded."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from collector.config import InboxSettings
from collector.numbers import Range
from collector.store import events, stills
from wire.clock import Clock
from wire.topics import DeviceAddress

MAX_RANGES = 200
"""In one request, as wire.receipt.GapRequest bounds it."""
MAX_STILLS = 200
KEPT = timedelta(days=30)
"""A pole keeps nothing for longer."""
MAX_PER_ROUND = 20
"""Requests sent in one round, so that a mass reconnection is answered over some seconds."""
LONGEST_S = 600.0


@dataclass
class _Wait:
    since: float
    next_at: float
    every_s: float
    asked: tuple[Range, ...] = ()
    stills: tuple[str, ...] = ()
    """Pictures that were named before the start and are not here."""


Ask = Callable[[DeviceAddress, str, tuple[Range, ...], tuple[str, ...]], bool]
"""Send a request; false when it could not be sent."""


class GapKeeper:
    """Asks for what is missing: not at once, for messages overtake each other, and ever rarer."""

    def __init__(
        self,
        settings: InboxSettings,
        clock: Clock,
        gaps_of: Callable[[sqlite3.Connection, str, str], list[Range]],
        address_of: Callable[[str], DeviceAddress | None],
        ask: Ask,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._gaps_of = gaps_of
        self._address_of = address_of
        self._ask = ask
        self._waits: dict[tuple[str, str], _Wait] = {}

    def load(self, run: sqlite3.Connection) -> None:
        """After a start: whatever the database says is missing, pictures too.

        A pole keeps the picture of a refused event back; what was taken in by 'requeue' lacks it.
        """
        for device, epoch in events.epochs_with_gaps(run):
            self._begin(device, epoch)
        for (device, epoch), absent in stills.absent(run, self._clock.now() - KEPT).items():
            self._begin(device, epoch, absent[:MAX_STILLS])

    def touched(self, address: DeviceAddress, epoch: str) -> None:
        """Something of this epoch came: look at it again soon."""
        if (address.device, epoch) not in self._waits:
            self._begin(address.device, epoch)

    def ask(self, run: sqlite3.Connection) -> dict[str, int]:
        """Send what is due; returns how many numbers each device was asked for."""
        now = self._clock.monotonic()
        due = [key for key, wait in self._waits.items() if wait.next_at <= now]
        asked: dict[str, int] = {}
        for device, epoch in due[:MAX_PER_ROUND]:
            count = self._look(run, device, epoch, now)
            if count:
                asked[device] = asked.get(device, 0) + count
        return asked

    def _begin(self, device: str, epoch: str, absent: tuple[str, ...] = ()) -> None:
        now = self._clock.monotonic()
        after = self._settings.gap_after_s
        wait = _Wait(now, now + after, self._settings.gap_every_s, stills=absent)
        self._waits[device, epoch] = wait

    def _look(self, run: sqlite3.Connection, device: str, epoch: str, now: float) -> int:
        wait = self._waits[device, epoch]
        missing = tuple(self._gaps_of(run, device, epoch)[:MAX_RANGES])
        wait.stills = stills.still_absent(run, wait.stills)
        if not missing and not wait.stills:
            del self._waits[device, epoch]
            return 0
        if missing != wait.asked:
            # Something moved since: the device is at it, so patience starts anew.
            wait.every_s = self._settings.gap_every_s
        address = self._address_of(device)
        if address is None or not self._ask(address, epoch, missing, wait.stills):
            wait.next_at = now + self._settings.gap_every_s
            return 0
        wait.asked = missing
        wait.next_at = now + wait.every_s
        wait.every_s = min(wait.every_s * 2, LONGEST_S)
        return sum(last - first + 1 for first, last in missing)
