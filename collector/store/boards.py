"""Messages of electronic boards, what stands on each, and their log. All within the caller's
transaction."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime

from collector.services.boards.record import (
    BoardMessage,
    BoardState,
    Entry,
    LogEntry,
    MessageState,
    Standing,
)
from collector.store.moments import moment_or_none, stamp

_MOMENTS = ("from_at", "until_at", "made_at", "decided_at", "ended_at")
_MESSAGE = (
    "message_id", "boards", "multi", "priority", "from_at", "until_at", "hours", "state",
    "made_by", "made_at", "decided_by", "decided_at", "ended_by", "ended_at", "incident_id",
    "template", "why",
)  # fmt: skip
_STATE = (
    "board_id", "status", "told", "told_multi", "confirmed", "before_multi", "before_source",
    "before_until",
    "shown", "shown_at", "since", "why", "misfit",
)  # fmt: skip


def add(run: sqlite3.Connection, one: BoardMessage) -> bool:
    """False when the incident's template is there for this board already."""
    done = run.execute(
        f"INSERT OR IGNORE INTO board_message ({', '.join(_MESSAGE)})"
        f" VALUES ({', '.join(f':{name}' for name in _MESSAGE)})",
        _row(one),
    )
    return done.rowcount == 1


def save(run: sqlite3.Connection, one: BoardMessage) -> None:
    """What has become of a message."""
    run.execute(
        f"UPDATE board_message SET {', '.join(f'{name} = :{name}' for name in _MESSAGE[1:])}"
        " WHERE message_id = :message_id",
        _row(one),
    )


def find(run: sqlite3.Connection, message_id: str) -> BoardMessage | None:
    """One message."""
    row = run.execute(
        f"SELECT {', '.join(_MESSAGE)} FROM board_message WHERE message_id = ?", (message_id,)
    ).fetchone()
    return None if row is None else _message(row)


def in_force(
    run: sqlite3.Connection, now: datetime, *states: MessageState
) -> tuple[BoardMessage, ...]:
    """Messages of these states whose time is not over, the oldest first."""
    marks = ", ".join("?" * len(states))
    rows = run.execute(
        f"SELECT {', '.join(_MESSAGE)} FROM board_message"
        f" WHERE state IN ({marks}) AND until_at > ? ORDER BY message_id",
        (*states, stamp(now)),
    ).fetchall()
    return tuple(_message(row) for row in rows)


def newest(run: sqlite3.Connection, at_most: int) -> tuple[BoardMessage, ...]:
    """The newest first, whatever became of them."""
    rows = run.execute(
        f"SELECT {', '.join(_MESSAGE)} FROM board_message ORDER BY message_id DESC LIMIT ?",
        (at_most,),
    ).fetchall()
    return tuple(_message(row) for row in rows)


def of_incident(run: sqlite3.Connection, incident_id: str) -> tuple[BoardMessage, ...]:
    """All that an incident has brought about."""
    rows = run.execute(
        f"SELECT {', '.join(_MESSAGE)} FROM board_message WHERE incident_id = ?"
        " ORDER BY message_id",
        (incident_id,),
    ).fetchall()
    return tuple(_message(row) for row in rows)


def incidents(run: sqlite3.Connection, since: datetime, now: datetime) -> tuple[str, ...]:
    """Ids of those that changed since then and may go on, and of those with messages in force."""
    rows = run.execute(
        "SELECT incident_id FROM incident WHERE updated_at > ?"
        " AND state NOT IN ('closed', 'rejected')"
        " UNION SELECT incident_id FROM board_message WHERE incident_id IS NOT NULL"
        " AND state IN ('waiting', 'approved') AND until_at > ? ORDER BY 1",
        (stamp(since), stamp(now)),
    ).fetchall()
    return tuple(row[0] for row in rows)


def state(run: sqlite3.Connection, board_id: str) -> BoardState:
    """What is known of a board."""
    row = run.execute(
        f"SELECT {', '.join(_STATE)} FROM board_state WHERE board_id = ?", (board_id,)
    ).fetchone()
    if row is None:
        return BoardState(board_id=board_id)
    held = dict(row)
    multi, source = held.pop("before_multi"), held.pop("before_source")
    until = moment_or_none(held.pop("before_until"))
    before = None if multi is None else Standing(multi=multi, source=source or "", until_at=until)
    return BoardState.model_validate({**held, "before": before})


def save_state(run: sqlite3.Connection, one: BoardState) -> None:
    """Insert or replace it."""
    values = one.model_dump()
    before = one.before
    values["before_multi"] = None if before is None else before.multi
    values["before_source"] = None if before is None else before.source
    until = before and before.until_at
    values["before_until"] = until and stamp(until)
    values["shown_at"] = one.shown_at and stamp(one.shown_at)
    values["since"] = one.since and stamp(one.since)
    values["confirmed"] = int(one.confirmed)
    run.execute(
        f"INSERT OR REPLACE INTO board_state ({', '.join(_STATE)})"
        f" VALUES ({', '.join(f':{name}' for name in _STATE)})",
        {name: values[name] for name in _STATE},
    )


def log(
    run: sqlite3.Connection,
    board_id: str,
    at: datetime,
    what: Entry,
    *,
    message_id: str | None = None,
    shown: str | None = None,
    detail: str | None = None,
) -> None:
    """Write down what happened."""
    run.execute(
        "INSERT INTO board_log (board_id, at, what, message_id, shown, detail)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (board_id, stamp(at), what, message_id, shown, detail and detail[:500]),
    )


def entries(run: sqlite3.Connection, board_id: str, at_most: int) -> tuple[LogEntry, ...]:
    """A board's log, the newest first."""
    rows = run.execute(
        "SELECT number, board_id, at, what, message_id, shown, detail FROM board_log"
        " WHERE board_id = ? ORDER BY number DESC LIMIT ?",
        (board_id, at_most),
    ).fetchall()
    return tuple(LogEntry.model_validate(dict(row)) for row in rows)


def screen(run: sqlite3.Connection, board_id: str) -> str | None:
    """SHA-256 of the token that opens its page."""
    row = run.execute("SELECT sha256 FROM board_screen WHERE board_id = ?", (board_id,)).fetchone()
    return None if row is None else str(row[0])


def save_screen(
    run: sqlite3.Connection, board_id: str, sha256: str, now: datetime, person: str
) -> None:
    """From now on another token opens its page."""
    run.execute(
        "INSERT OR REPLACE INTO board_screen VALUES (?, ?, ?, ?)",
        (board_id, sha256, stamp(now), person),
    )


def erase(run: sqlite3.Connection, before: datetime, at_most: int) -> int:
    """Delete messages that are over and log entries, both from before then; returns how many."""
    old = stamp(before)
    done = run.execute(
        "DELETE FROM board_message WHERE message_id IN (SELECT message_id FROM board_message"
        " WHERE until_at < ? AND coalesce(ended_at, until_at) < ? LIMIT ?)",
        (old, old, at_most),
    ).rowcount
    done += run.execute(
        "DELETE FROM board_log WHERE number IN (SELECT number FROM board_log WHERE at < ? LIMIT ?)",
        (old, at_most - done),
    ).rowcount
    return done


def _row(one: BoardMessage) -> dict[str, object]:
    values = one.model_dump()
    values["boards"] = json.dumps(one.boards)
    values["hours"] = json.dumps([_hours(hours) for hours in values["hours"]])
    for name in _MOMENTS:
        at: datetime | None = values[name]
        values[name] = at and stamp(at)
    return values


def _hours(hours: dict[str, object]) -> dict[str, object]:
    """As its model reads it."""
    return {"days": hours["days"], "from": str(hours["start"]), "to": str(hours["end"])}


def _message(row: sqlite3.Row) -> BoardMessage:
    held = dict(row)
    held["boards"] = json.loads(held["boards"])
    held["hours"] = json.loads(held["hours"])
    return BoardMessage.model_validate(held)
