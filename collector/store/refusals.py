"""What was not believed: quarantine, security log and counters, all bounded."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from collector.config import InboxSettings
from collector.store.moments import stamp
from collector.verdict import Refused

MAX_LOG_ROWS = 100_000
_TOPIC = 200
_DETAIL = 400


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of the refused is kept."""

    rows: int
    bytes: int
    payload_bytes: int

    @classmethod
    def of(cls, settings: InboxSettings) -> Bounds:
        """As configured."""
        return cls(
            settings.quarantine_rows,
            settings.quarantine_megabytes * 1024 * 1024,
            settings.quarantine_payload_kilobytes * 1024,
        )


def quarantine(
    run: sqlite3.Connection,
    refused: Refused,
    topic: str,
    payload: bytes,
    now: datetime,
    bounds: Bounds,
) -> None:
    """Keep a refused message and note it in the security log."""
    number = run.execute(
        "INSERT INTO quarantine (at, topic, signer, reason, detail, bytes, payload)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            stamp(now),
            clean(topic, _TOPIC),
            refused.signer,
            refused.reason,
            clean(refused.detail, _DETAIL),
            len(payload),
            payload[: bounds.payload_bytes],
        ),
    ).lastrowid
    note(run, refused.reason, refused.device, refused.detail, now, number)


def note(
    run: sqlite3.Connection,
    what: str,
    device: str | None,
    detail: str,
    now: datetime,
    quarantined: int | None = None,
) -> None:
    """One line in the security log; the same within a minute is counted, not repeated."""
    minute = stamp(now)[:16]
    row = run.execute(
        "SELECT number FROM security_log WHERE what = ? AND device IS ? AND substr(at, 1, 16) = ?"
        " AND number > (SELECT coalesce(max(number), 0) - 500 FROM security_log)"
        " ORDER BY number DESC LIMIT 1",
        (what, device, minute),
    ).fetchone()
    if row is not None:
        run.execute("UPDATE security_log SET times = times + 1 WHERE number = ?", (row[0],))
        return
    run.execute(
        "INSERT INTO security_log (at, what, device, detail, quarantine) VALUES (?, ?, ?, ?, ?)",
        (stamp(now), what, device, clean(detail, _DETAIL), quarantined),
    )


def trim(run: sqlite3.Connection, bounds: Bounds) -> int:
    """Keep the bounds: unsigned goes first, oldest first; returns how many went."""
    evicted = 0
    while True:
        rows, size = run.execute(
            "SELECT count(*), coalesce(sum(length(payload)), 0) FROM quarantine"
        ).fetchone()
        if rows <= bounds.rows and size <= bounds.bytes:
            break
        step = max(1, rows - bounds.rows, rows // 10 if size > bounds.bytes else 0)
        evicted += run.execute(
            "DELETE FROM quarantine WHERE number IN (SELECT number FROM quarantine "
            "ORDER BY signer IS NOT NULL, reason = 'version', number LIMIT ?)",
            (step,),
        ).rowcount
    if evicted:
        count(run, "quarantine.evicted", evicted)
    run.execute(
        "DELETE FROM security_log WHERE number <= (SELECT max(number) - ? FROM security_log)",
        (MAX_LOG_ROWS,),
    )
    return evicted


def count(run: sqlite3.Connection, name: str, by: int = 1) -> None:
    """Add to a counter that outlives the process."""
    run.execute(
        "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + ?",
        (name, by, by),
    )


def clean(text: str, length: int) -> str:
    """`text` without what terminals and SQLite stumble over, cut to `length`."""
    kept = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return kept.encode("utf-8", "replace").decode()[:length]
