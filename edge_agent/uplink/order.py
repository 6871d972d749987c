"""What goes out next: the order of importance on a thin link, and when to try again."""

from __future__ import annotations

import hashlib
import random
import sqlite3
from dataclasses import dataclass
from typing import Final, Literal
from zlib import crc32

FRESH_S = 120.0
"""What is younger goes before any older backlog, so that news does not wait for history."""

RETRY_FIRST_S = 60.0
RETRY_LIMIT_S = 600.0
"""After this long without a receipt a message is sent again, doubling up to the limit.

The last resort: a gap is asked for by the collector, and a new connection repeats at once. Shorter
would drown a collector that is merely slow in redeliveries.
"""

CUT_OFF_FIRST_S = 1.0
"""The same for what was on the socket when the connection ended."""

ON_ITS_WAY_S = 8.0
"""So long a message may lie in the broker's and the collector's queues."""

REPEAT_SOON_S = 4.0
"""Time for receipts to come after a reconnect or a silence before things are repeated."""

MANY = 1_000_000


@dataclass(frozen=True, slots=True)
class Pace:
    """When to try again, in seconds; what each is for stands with the constants."""

    retry_first_s: float = RETRY_FIRST_S
    retry_limit_s: float = RETRY_LIMIT_S
    cut_off_first_s: float = CUT_OFF_FIRST_S
    on_its_way_s: float = ON_ITS_WAY_S
    repeat_soon_s: float = REPEAT_SOON_S


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to publish: a numbered message's token, or a still's JPEG."""

    what: Literal["message", "still"]
    n: int
    urgency: int
    payload: bytes
    sha256: str = ""
    """Of a still: the last level of its topic."""
    epoch: str = ""
    seq: int = 0
    attempts: int = 0
    crc: int | None = None

    @property
    def whole(self) -> bool:
        """Whether the bytes are those that were put."""
        if self.what == "still":
            return sha256_of(self.payload) == self.sha256
        return self.crc is None or crc32(self.payload) == self.crc


_TABLES = (
    "CREATE TEMP TABLE sent_message"
    " (n INTEGER PRIMARY KEY, due_s REAL, attempts INTEGER, sent_s REAL)",
    "CREATE TEMP TABLE sent_still"
    " (n INTEGER PRIMARY KEY, due_s REAL, attempts INTEGER, sent_s REAL)",
)

_MESSAGES: Final = (
    "SELECT m.n, m.urgency, m.token, m.epoch, m.seq, COALESCE(s.attempts, 0), m.crc"
    " FROM message m LEFT JOIN temp.sent_message s ON s.n = m.n"
    " WHERE m.urgency = :urgency AND m.n >= :since AND (s.n IS NULL OR s.due_s <= :now)"
    " ORDER BY m.n LIMIT :limit"
)
HELD_BACK: Final = (
    "SELECT k.still_sha256 FROM parked k WHERE k.still_sha256 IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM message m WHERE m.still_sha256 = k.still_sha256)"
)
"""Stills of events that were refused: nobody takes them until somebody asks."""

_STILLS: Final = (
    "SELECT p.n, p.urgency, p.jpeg, p.sha256, COALESCE(s.attempts, 0)"
    " FROM still p LEFT JOIN temp.sent_still s ON s.n = p.n"
    " WHERE p.urgency = :urgency AND p.n >= :since AND (s.n IS NULL OR s.due_s <= :now)"
    f" AND p.sha256 NOT IN ({HELD_BACK})"
    " ORDER BY p.n LIMIT :limit"
)


class Order:
    """Which rows are due. What was sent is remembered in memory only: after a restart all is due.

    Every method must be called with the store's lock held.
    """

    def __init__(
        self, run: sqlite3.Connection, rng: random.Random, pace: Pace | None = None
    ) -> None:
        self._rng = rng
        self._pace = pace or Pace()
        for statement in _TABLES:
            run.execute(statement)

    def claim(self, run: sqlite3.Connection, limit: int, now_s: float) -> list[Item]:
        """At most `limit` due items, the most important first.

        Records; then what is fresh by urgency, with the stills of fresh severe events; then the
        backlog by urgency, oldest first; then the other stills.
        """
        line_s = now_s - FRESH_S
        fresh_message = _since(run, "message", line_s)
        fresh_still = _since(run, "still", line_s)
        steps: list[tuple[str, int, int | None]] = [("message", 0, 0)]
        steps += [("message", urgency, fresh_message) for urgency in (1, 2, 3)]
        steps += [("still", 1, fresh_still)]
        steps += [("message", urgency, 0) for urgency in (1, 2, 3)]
        steps += [("still", urgency, 0) for urgency in (1, 2, 3)]
        chosen: dict[tuple[str, int], Item] = {}
        for what, urgency, since in steps:
            if len(chosen) >= limit:
                break
            if since is None:
                continue
            values = {"urgency": urgency, "since": since, "now": now_s, "limit": limit}
            rows = run.execute(_MESSAGES if what == "message" else _STILLS, values)
            for row in rows:
                item = _message(row) if what == "message" else _still(row)
                chosen.setdefault((what, item.n), item)
                if len(chosen) >= limit:
                    break
            rows.close()
        return list(chosen.values())

    def sent(self, run: sqlite3.Connection, item: Item, now_s: float) -> None:
        """It was handed to the broker: not due again before its back-off, or its receipt."""
        self._delay(run, item, now_s, self._pace.retry_first_s)

    def cut_off(self, run: sqlite3.Connection, item: Item, now_s: float) -> None:
        """The connection ended before the broker had it: due soon, later with each attempt."""
        self._delay(run, item, now_s, self._pace.cut_off_first_s)

    def _delay(self, run: sqlite3.Connection, item: Item, now_s: float, first_s: float) -> None:
        pause_s = min(self._pace.retry_limit_s, first_s * 2.0 ** min(item.attempts, 16))
        due_s = now_s + pause_s * self._rng.uniform(0.5, 1.0)
        run.execute(
            f"INSERT OR REPLACE INTO temp.sent_{item.what} VALUES (?, ?, ?, ?)",
            (item.n, due_s, item.attempts + 1, now_s),
        )

    def repeat_soon(self, run: sqlite3.Connection, now_s: float, *, first_tries_only: bool) -> None:
        """What is on its way may be lost: due again when no receipt comes in a few seconds."""
        for what in ("message", "still"):
            run.execute(
                f"UPDATE temp.sent_{what} SET due_s = MIN(due_s, ?) WHERE attempts <= ?",
                (
                    now_s + self._pace.repeat_soon_s * self._rng.uniform(0.5, 1.0),
                    1 if first_tries_only else MANY,
                ),
            )

    def repeat_few(self, run: sqlite3.Connection, count: int, now_s: float) -> None:
        """Make `count` of the messages on their way due at once, oldest first."""
        run.execute(
            "UPDATE temp.sent_message SET due_s = ? WHERE n IN"
            " (SELECT n FROM temp.sent_message WHERE due_s > ? ORDER BY n LIMIT ?)",
            (now_s, now_s, count),
        )

    def asked_for(
        self, run: sqlite3.Connection, what: str, numbers: list[int], now_s: float
    ) -> None:
        """The collector misses these rows: due at once, save what may still be on its way.

        Numbers go out by importance, so a busy collector sees gaps that are none.
        """
        run.executemany(
            f"DELETE FROM temp.sent_{what} WHERE n = ? AND sent_s <= ?",
            [(n, now_s - self._pace.on_its_way_s) for n in numbers],
        )

    def forget_gone(self, run: sqlite3.Connection) -> None:
        """Drop what is remembered of rows that no longer exist."""
        run.execute("DELETE FROM temp.sent_message WHERE n NOT IN (SELECT n FROM message)")
        run.execute("DELETE FROM temp.sent_still WHERE n NOT IN (SELECT n FROM still)")

    def in_flight(self, run: sqlite3.Connection, now_s: float) -> int:
        """Items that were sent, have no receipt and are not yet due again."""
        (count,) = run.execute(
            "SELECT (SELECT COUNT(*) FROM temp.sent_message WHERE due_s > :now)"
            " + (SELECT COUNT(*) FROM temp.sent_still WHERE due_s > :now)",
            {"now": now_s},
        ).fetchone()
        return int(count)


def _since(run: sqlite3.Connection, table: str, line_s: float) -> int | None:
    """The first row born after `line_s`; rows are numbered in the order of their birth."""
    found = run.execute(
        f"SELECT n FROM {table} WHERE born_s >= ? ORDER BY born_s, n LIMIT 1", (line_s,)
    )
    row = found.fetchone()
    return None if row is None else int(row[0])


def _message(row: tuple[int, int, bytes, str, int, int, int | None]) -> Item:
    n, urgency, token, epoch, seq, attempts, crc = row
    return Item("message", n, urgency, token, epoch=epoch, seq=seq, attempts=attempts, crc=crc)


def _still(row: tuple[int, int, bytes, str, int]) -> Item:
    n, urgency, jpeg, sha256, attempts = row
    return Item("still", n, urgency, jpeg, sha256=sha256, attempts=attempts)


def sha256_of(jpeg: bytes) -> str:
    """A still's name."""
    return hashlib.sha256(jpeg).hexdigest()
