"""Alerts of disaster rooms and their messages. All within the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from collector.cap.document import Alert, Reference
from collector.services.case import Offered
from collector.services.disaster.record import Disaster, Message
from collector.services.disaster.told import Told
from collector.store.moments import stamp

MOST_REFUSED = 2_000
"""Refused documents that are kept; the oldest go."""
KEPT_BYTES = 64 * 1024
"""Of a document; a signed room may send a megabyte."""
_COLUMNS = (
    "disaster_id, room, agency, state, drill, sent, expires_at, told, case_id, incident_id,"
    " opened_at, updated_at, why"
)
_MESSAGE = (
    "number, room, received_at, sender, identifier, sent, msg_type, status, disaster_id, act,"
    " code, detail, bytes"
)


@dataclass(frozen=True, slots=True)
class Ending:
    """A permit, or some of its cameras, that the signer must hear is over."""

    number: int
    permit_id: str
    cameras: tuple[tuple[str, str], ...]
    case: str
    why: str


def save(run: sqlite3.Connection, one: Disaster) -> None:
    """Insert an alert or replace what is known of it."""
    values = one.model_dump()
    values["told"] = one.told and one.told.model_dump_json()
    for name in ("sent", "expires_at", "opened_at", "updated_at"):
        at: datetime | None = values[name]
        values[name] = at and stamp(at)
    names = _COLUMNS.replace(" ", "").split(",")
    run.execute(
        f"INSERT INTO disaster ({_COLUMNS}) VALUES ({', '.join(f':{name}' for name in names)})"
        " ON CONFLICT (disaster_id) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in names[1:]),
        values,
    )


def find(run: sqlite3.Connection, disaster_id: str) -> Disaster | None:
    """One alert."""
    return _one(run, "disaster_id = ?", disaster_id)


def of_case(run: sqlite3.Connection, case_id: str) -> Disaster | None:
    """The alert whose newest case it is."""
    return _one(run, "case_id = ?", case_id)


def of_incident(run: sqlite3.Connection, incident_id: str) -> Disaster | None:
    """The alert behind an incident."""
    return _one(run, "incident_id = ?", incident_id)


def due(run: sqlite3.Connection, now: datetime) -> list[Disaster]:
    """Alerts that go on and have run out."""
    rows = run.execute(
        f"SELECT {_COLUMNS} FROM disaster WHERE state = 'active' AND expires_at <= ?",
        (stamp(now),),
    ).fetchall()
    return [_disaster(row) for row in rows]


def cases_ran_out(run: sqlite3.Connection, now: datetime) -> list[str]:
    """Approved cases of alerts that go on, whose permit does not."""
    rows = run.execute(
        "SELECT c.case_id FROM disaster d JOIN service_case c USING (case_id)"
        " WHERE d.state = 'active' AND c.state = 'approved' AND c.expires_at <= ?",
        (stamp(now),),
    ).fetchall()
    return [row[0] for row in rows]


def newest(
    run: sqlite3.Connection, at_most: int, *, agency: str | None, active_only: bool
) -> list[Disaster]:
    """The newest first; `agency` None: of all agencies. Without those that never came."""
    where = ["told IS NOT NULL"]
    if agency is not None:
        where.append("agency = :agency")
    if active_only:
        where.append("state = 'active'")
    rows = run.execute(
        f"SELECT {_COLUMNS} FROM disaster WHERE {' AND '.join(where)}"
        " ORDER BY opened_at DESC, disaster_id DESC LIMIT :most",
        {"agency": agency, "most": at_most},
    ).fetchall()
    return [_disaster(row) for row in rows]


def named(run: sqlite3.Connection, room: str, references: Iterable[Reference]) -> list[Disaster]:
    """The alerts that messages of these names belong to, without doubles."""
    found: dict[str, Disaster] = {}
    for one in references:
        row = run.execute(
            "SELECT disaster_id FROM disaster_reference"
            " WHERE room = ? AND sender = ? AND identifier = ? AND sent = ?",
            (room, one.sender, one.identifier, stamp(one.sent)),
        ).fetchone()
        known = None if row is None else find(run, row[0])
        if known is not None:
            found[known.disaster_id] = known
    return list(found.values())


def name(
    run: sqlite3.Connection, room: str, references: Iterable[Reference], disaster_id: str
) -> None:
    """Messages of these names belong to an alert, come or not."""
    run.executemany(
        "INSERT OR IGNORE INTO disaster_reference VALUES (?, ?, ?, ?, ?)",
        [(room, one.sender, one.identifier, stamp(one.sent), disaster_id) for one in references],
    )


def taken(run: sqlite3.Connection, room: str, message: Alert) -> Message | None:
    """The same message when it was taken before."""
    row = run.execute(
        f"SELECT {_MESSAGE} FROM disaster_message WHERE room = ? AND sender = ?"
        " AND identifier = ? AND sent = ? AND act <> 'refuse'",
        (room, message.sender, message.identifier, stamp(message.sent)),
    ).fetchone()
    return None if row is None else Message.model_validate(dict(row))


def keep(run: sqlite3.Connection, one: Message, document: bytes) -> None:
    """Remember a message; of those refused the oldest go."""
    run.execute(
        "INSERT INTO disaster_message (room, received_at, sender, identifier, sent, msg_type,"
        " status, disaster_id, act, code, detail, bytes, document)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            one.room, stamp(one.received_at), one.sender, one.identifier,
            one.sent and stamp(one.sent), one.msg_type, one.status, one.disaster_id, one.act,
            one.code, one.detail, one.bytes, document[:KEPT_BYTES],
        ),
    )  # fmt: skip
    if one.act == "refuse":
        run.execute(
            "DELETE FROM disaster_message WHERE act = 'refuse' AND number <="
            " (SELECT number FROM disaster_message WHERE act = 'refuse'"
            " ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (MOST_REFUSED,),
        )


def messages(
    run: sqlite3.Connection,
    at_most: int,
    *,
    disaster_id: str | None = None,
    refused_only: bool = False,
) -> list[Message]:
    """The newest first."""
    where, values = ["1"], []
    if disaster_id is not None:
        where.append("disaster_id = ?")
        values.append(disaster_id)
    if refused_only:
        where.append("act = 'refuse'")
    rows = run.execute(
        f"SELECT {_MESSAGE} FROM disaster_message WHERE {' AND '.join(where)}"
        " ORDER BY number DESC LIMIT ?",
        (*values, at_most),
    ).fetchall()
    return [Message.model_validate(dict(row)) for row in rows]


def document(run: sqlite3.Connection, number: int) -> bytes | None:
    """What stood in a message, as far as it is kept."""
    row = run.execute(
        "SELECT document FROM disaster_message WHERE number = ?", (number,)
    ).fetchone()
    return None if row is None else bytes(row[0])


def end_permit(
    run: sqlite3.Connection,
    permit_id: str,
    cameras: Iterable[Offered],
    *,
    case: str,
    why: str,
    now: datetime,
) -> None:
    """Have the signer told that a permit is over; for these cameras alone, where there are any."""
    names = json.dumps([(one.device, one.camera) for one in cameras])
    run.execute(
        "INSERT INTO permit_ending (permit_id, cameras, case_number, why, made_at)"
        " VALUES (?, ?, ?, ?, ?)",
        (permit_id, names, case, why[:200], stamp(now)),
    )


def endings(run: sqlite3.Connection, at_most: int) -> list[Ending]:
    """What the signer has not heard, oldest first."""
    rows = run.execute(
        "SELECT number, permit_id, cameras, case_number, why FROM permit_ending"
        " ORDER BY number LIMIT ?",
        (at_most,),
    ).fetchall()
    return [
        Ending(row[0], row[1], tuple((d, c) for d, c in json.loads(row[2])), row[3], row[4])
        for row in rows
    ]


def ended(run: sqlite3.Connection, number: int) -> None:
    """The signer has heard it."""
    run.execute("DELETE FROM permit_ending WHERE number = ?", (number,))


def not_ended(run: sqlite3.Connection, number: int, error: str) -> None:
    """It has not, and why."""
    run.execute("UPDATE permit_ending SET error = ? WHERE number = ?", (error[:400], number))


def _one(run: sqlite3.Connection, condition: str, value: str) -> Disaster | None:
    row = run.execute(
        f"SELECT {_COLUMNS} FROM disaster WHERE {condition} ORDER BY opened_at DESC LIMIT 1",
        (value,),
    ).fetchone()
    return None if row is None else _disaster(row)


def _disaster(row: sqlite3.Row) -> Disaster:
    held = dict(row)
    held["told"] = None if held["told"] is None else Told.model_validate_json(held["told"])
    return Disaster.model_validate(held)
