"""Deliveries: one row for each incident, agency and channel. Within the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.routing import Target
from collector.store.moments import moment, stamp
from wire.names import new_id


@dataclass(frozen=True, slots=True)
class Due:
    """One delivery whose time has come."""

    delivery_id: str
    incident_id: str
    agency: str
    channel: str
    wanted: int
    attempts: int
    still_sent: str | None


def want(
    run: sqlite3.Connection,
    incident_id: str,
    revision: int,
    targets: Iterable[Target],
    now: datetime,
) -> int:
    """`revision` must reach `targets` and all who got an earlier one; returns how many."""
    at = stamp(now)
    run.executemany(
        "INSERT OR IGNORE INTO delivery (delivery_id, incident_id, agency, channel, wanted, state,"
        " next_at) VALUES (?, ?, ?, ?, ?, 'waiting', ?)",
        [(new_id(), incident_id, one.agency, one.channel, revision, at) for one in targets],
    )
    return run.execute(
        "UPDATE delivery SET wanted = ?, state = 'waiting', attempts = 0, next_at = ?, error = NULL"
        " WHERE incident_id = ? AND (wanted < ? OR sent = 0)",
        (revision, at, incident_id, revision),
    ).rowcount


def due(run: sqlite3.Connection, now: datetime, at_most: int, longest: timedelta) -> list[Due]:
    """What must be sent now, longest due first; `longest` is the longest pause there is.

    What should wait for longer than that was put off by a clock that was wrong, and is due.
    """
    rows = run.execute(
        "SELECT delivery_id, incident_id, agency, channel, wanted, attempts, still_sent"
        " FROM delivery WHERE state IN ('waiting', 'sent') AND (next_at <= ? OR next_at > ?)"
        " ORDER BY next_at LIMIT ?",
        (stamp(now), stamp(now + longest), at_most),
    ).fetchall()
    return [Due(*tuple(row)) for row in rows]


def next_due(run: sqlite3.Connection) -> datetime | None:
    """When the next one is due."""
    row = run.execute(
        "SELECT min(next_at) FROM delivery WHERE state IN ('waiting', 'sent')"
    ).fetchone()
    return None if row[0] is None else moment(row[0])


def sent(
    run: sqlite3.Connection, one: Due, still: str | None, now: datetime, again_at: datetime
) -> None:
    """It was handed to its channel; it is done only when the agency says so."""
    run.execute(
        "UPDATE delivery SET sent = max(sent, ?), attempts = attempts + 1, next_at = ?,"
        " state = CASE WHEN acked >= wanted THEN 'done' WHEN wanted > ? THEN 'waiting'"
        " ELSE 'sent' END,"
        " first_at = coalesce(first_at, ?), still_sent = coalesce(?, still_sent), error = NULL"
        " WHERE delivery_id = ?",
        (one.wanted, stamp(again_at), one.wanted, stamp(now), still, one.delivery_id),
    )


def failed(run: sqlite3.Connection, one: Due, error: str, again_at: datetime | None) -> None:
    """It could not be handed over; `again_at` None gives it up and shows it to the operator."""
    run.execute(
        "UPDATE delivery SET attempts = attempts + 1, error = ?,"
        " state = CASE WHEN ? IS NULL THEN 'failed' ELSE 'waiting' END,"
        " next_at = coalesce(?, next_at) WHERE delivery_id = ? AND wanted = ?",
        (
            error[:400],
            again_at and stamp(again_at),
            again_at and stamp(again_at),
            one.delivery_id,
            one.wanted,
        ),
    )


@dataclass(frozen=True, slots=True)
class Acked:
    """What an acknowledgement did; `first` when it is the delivery's first."""

    incident_id: str
    first: bool


def acked(
    run: sqlite3.Connection,
    delivery_id: str,
    agency: str,
    revision: int | None,
    answer: str,
    officer: str | None,
    note: str | None,
    now: datetime,
) -> Acked | None:
    """An agency confirms; None when it is no delivery of this agency. Repeating it is harmless.

    Without a revision the newest that was sent is meant.
    """
    row = run.execute(
        "SELECT incident_id, sent, wanted, acked_at FROM delivery"
        " WHERE delivery_id = ? AND agency = ?",
        (delivery_id, agency),
    ).fetchone()
    if row is None:
        return None
    # The answer may be faster than our own note that it was sent.
    reached = max(row["sent"], 1) if revision is None else min(revision, row["wanted"])
    refused = answer == "refused"
    run.execute(
        "UPDATE delivery SET acked = max(acked, ?), acked_at = coalesce(acked_at, ?), answer = ?,"
        " officer = coalesce(?, officer), error = ?,"
        " state = CASE WHEN ? THEN 'failed' WHEN max(acked, ?) >= wanted THEN 'done' ELSE state END"
        " WHERE delivery_id = ?",
        (
            reached,
            stamp(now),
            answer,
            officer,
            f"refused by the agency: {note or 'without a reason'}"[:400] if refused else None,
            int(refused),
            reached,
            delivery_id,
        ),
    )
    return Acked(row["incident_id"], row["acked_at"] is None)


def still_arrived(run: sqlite3.Connection, incident_id: str, sha256: str) -> list[Due]:
    """Deliveries that were sent before their picture came."""
    rows = run.execute(
        "SELECT delivery_id, incident_id, agency, channel, wanted, attempts, still_sent"
        " FROM delivery WHERE incident_id = ? AND sent > 0 AND still_sent IS NOT ?",
        (incident_id, sha256),
    ).fetchall()
    return [Due(*tuple(row)) for row in rows]


def still_sent(run: sqlite3.Connection, delivery_id: str, sha256: str) -> None:
    run.execute("UPDATE delivery SET still_sent = ? WHERE delivery_id = ?", (sha256, delivery_id))
