"""Deliveries: one row for each incident, agency and channel. Within the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.store.moments import moment, stamp
from collector.targets import Target
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
    wanted_at: datetime
    """Since when the wanted revision must reach it."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The deliveries that one thread sends: one agency's over a channel, or a whole channel's."""

    channel: str
    agency: str | None = None
    without: frozenset[str] = frozenset()
    """Agencies of the channel that nothing is sent to now."""


def want(
    run: sqlite3.Connection,
    incident_id: str,
    revision: int,
    targets: Iterable[Target],
    now: datetime,
    instead_of: str | None = None,
) -> None:
    """`revision` must reach `targets` and all who got an earlier one.

    `instead_of`: the agency whose silence brings it about.
    """
    at = stamp(now)
    run.executemany(
        "INSERT OR IGNORE INTO delivery (delivery_id, incident_id, agency, channel, wanted, state,"
        " next_at, wanted_at, instead_of) VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?, ?)",
        [
            (new_id(), incident_id, one.agency, one.channel, revision, at, at, instead_of)
            for one in targets
        ],
    )
    run.execute(
        "UPDATE delivery SET wanted = ?, state = 'waiting', attempts = 0, next_at = ?,"
        " error = NULL, wanted_at = ? WHERE incident_id = ? AND wanted < ?",
        (revision, at, at, incident_id, revision),
    )


def forward(
    run: sqlite3.Connection, incident_id: str, revision: int, to: Target, now: datetime
) -> bool:
    """`to` is told too, or anew after it was given up; false when it has it or is waited for."""
    row = run.execute(
        "SELECT state FROM delivery WHERE incident_id = ? AND agency = ? AND channel = ?",
        (incident_id, to.agency, to.channel),
    ).fetchone()
    if row is None:
        want(run, incident_id, revision, (to,), now)
        return True
    at = stamp(now)
    changed = run.execute(
        "UPDATE delivery SET state = 'waiting', attempts = 0, next_at = ?, error = NULL,"
        " wanted = ?, wanted_at = ? WHERE incident_id = ? AND agency = ? AND channel = ?"
        " AND state = 'failed'",
        (at, revision, at, incident_id, to.agency, to.channel),
    )
    return changed.rowcount > 0


def due(
    run: sqlite3.Connection, queue: Queue, now: datetime, at_most: int, longest: timedelta
) -> list[Due]:
    """What must be sent now, longest due first; `longest` is the longest pause there is.

    What should wait for longer than that was put off by a clock that was wrong, and is due.
    """
    where, values = _of(queue)
    rows = run.execute(
        f"SELECT {_DUE} FROM delivery WHERE state IN ('waiting', 'sent') AND {where}"
        " AND (next_at <= ? OR next_at > ?) ORDER BY next_at LIMIT ?",
        (*values, stamp(now), stamp(now + longest), at_most),
    ).fetchall()
    return [_due(row) for row in rows]


def next_due(run: sqlite3.Connection, queue: Queue) -> datetime | None:
    """When the next one is due."""
    where, values = _of(queue)
    row = run.execute(
        f"SELECT next_at FROM delivery WHERE state IN ('waiting', 'sent') AND {where}"
        " ORDER BY next_at LIMIT 1",
        values,
    ).fetchone()
    return None if row is None else moment(row[0])


def give_up_strays(run: sqlite3.Connection, queues: Iterable[Queue]) -> list[str]:
    """Deliveries that no queue sends any more are failed aloud; returns their incidents."""
    strays = []
    for row in run.execute(
        "SELECT DISTINCT channel, agency FROM delivery WHERE state IN ('waiting', 'sent')"
    ).fetchall():
        if not any(
            one.channel == row["channel"] and one.agency in (None, row["agency"]) for one in queues
        ):
            found = run.execute(
                "UPDATE delivery SET state = 'failed', error = ? WHERE channel = ? AND agency = ?"
                " AND state IN ('waiting', 'sent') RETURNING incident_id",
                (
                    f"{row['agency']} has no endpoint for {row['channel']} any more; "
                    f"mend routing.yaml",
                    row["channel"],
                    row["agency"],
                ),
            )
            strays += [one[0] for one in found]
    return strays


def hold(run: sqlite3.Connection, queue: Queue, why: str | None) -> None:
    """Say at what waits why nothing is sent; None takes it back."""
    where, values = _of(queue)
    run.execute(
        f"UPDATE delivery SET error = ? WHERE state = 'waiting' AND {where} AND error IS NOT ?",
        (why, *values, why),
    )


def messages(run: sqlite3.Connection, delivery_id: str) -> tuple[tuple[int, datetime], ...]:
    """Revisions that were handed over, with the time of their message, in their order."""
    rows = run.execute(
        "SELECT revision, due_at FROM delivery_message WHERE delivery_id = ? ORDER BY revision",
        (delivery_id,),
    )
    return tuple((row[0], moment(row[1])) for row in rows)


def keep_message(run: sqlite3.Connection, one: Due) -> None:
    """The wanted revision was handed over as a message that later ones refer to."""
    run.execute(
        "INSERT OR IGNORE INTO delivery_message VALUES (?, ?, ?)",
        (one.delivery_id, one.wanted, stamp(one.wanted_at)),
    )


_DUE = (
    "delivery_id, incident_id, agency, channel, wanted, attempts, still_sent,"
    " coalesce(wanted_at, next_at) AS wanted_at"
)


def _due(row: sqlite3.Row) -> Due:
    return Due(row[0], row[1], row[2], row[3], row[4], row[5], row[6], moment(row[7]))


def _of(queue: Queue) -> tuple[str, tuple[str, ...]]:
    """An SQL condition with its values."""
    if queue.agency is not None:
        return "channel = ? AND agency = ?", (queue.channel, queue.agency)
    marks = ",".join("?" * len(queue.without))
    return f"channel = ? AND agency NOT IN ({marks})", (queue.channel, *sorted(queue.without))


def sent(
    run: sqlite3.Connection, one: Due, still: str | None, now: datetime, again_at: datetime
) -> None:
    """It was handed to its channel; it is done only when the agency says so."""
    run.execute(
        "UPDATE delivery SET sent = max(sent, ?), attempts = attempts + 1,"
        # A newer revision that came meanwhile is due since then.
        " next_at = CASE WHEN wanted > ? THEN next_at ELSE ? END,"
        " state = CASE WHEN acked >= wanted THEN 'done' WHEN wanted > ? THEN 'waiting'"
        " ELSE 'sent' END,"
        " first_at = coalesce(first_at, ?), still_sent = coalesce(?, still_sent), error = NULL"
        " WHERE delivery_id = ?",
        (one.wanted, one.wanted, stamp(again_at), one.wanted, stamp(now), still, one.delivery_id),
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


def incident_of(run: sqlite3.Connection, delivery_id: str, agency: str) -> str | None:
    """The incident of an agency's delivery; None when it has no such one."""
    row = run.execute(
        "SELECT incident_id FROM delivery WHERE delivery_id = ? AND agency = ?",
        (delivery_id, agency),
    ).fetchone()
    return None if row is None else str(row[0])


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


def still_arrived(
    run: sqlite3.Connection, incident_id: str, sha256: str, queue: Queue
) -> list[Due]:
    """Deliveries that were sent before their picture came."""
    where, values = _of(queue)
    rows = run.execute(
        f"SELECT {_DUE} FROM delivery WHERE incident_id = ? AND sent > 0 AND still_sent IS NOT ?"
        f" AND {where}",
        (incident_id, sha256, *values),
    ).fetchall()
    return [_due(row) for row in rows]


def still_sent(run: sqlite3.Connection, one: Due, sha256: str) -> None:
    """Noted of the incident's own picture; one of before stands beside it."""
    run.execute(
        "UPDATE delivery SET still_sent = :hash WHERE delivery_id = :delivery AND EXISTS"
        " (SELECT 1 FROM incident WHERE incident_id = :incident AND still = :hash)",
        {"hash": sha256, "delivery": one.delivery_id, "incident": one.incident_id},
    )
