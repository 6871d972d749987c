"""Live traces, and how far each pole is with them. All within the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from collector.store.moments import moment, moment_or_none, stamp

PoleState = Literal["wanted", "sent", "holds", "without"]


@dataclass(frozen=True, slots=True)
class Trace:
    """One trace."""

    trace_id: str
    case: str
    agency: str
    person: str
    purpose: str
    basis: str
    pattern: str | None
    """None once it is over."""
    confusable: bool
    began_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Pole:
    """How far one pole is with a trace."""

    device: str
    cameras: tuple[str, ...]
    state: PoleState
    code: str | None


def add(run: sqlite3.Connection, one: Trace, poles: Mapping[str, Collection[str]]) -> None:
    """A new trace; `poles`: the cameras that are meant, by device, none for all of it."""
    run.execute(
        "INSERT INTO trace VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
        (
            one.trace_id, one.case, one.agency, one.person, one.purpose, one.basis, one.pattern,
            int(one.confusable), stamp(one.began_at), stamp(one.expires_at),
        ),
    )  # fmt: skip
    run.executemany(
        "INSERT INTO device_trace VALUES (?, ?, ?, 'wanted', NULL)",
        [(one.trace_id, device, json.dumps(sorted(poles[device]))) for device in poles],
    )


def find(run: sqlite3.Connection, trace_id: str) -> Trace | None:
    row = run.execute("SELECT * FROM trace WHERE trace_id = ?", (trace_id,)).fetchone()
    return None if row is None else _trace(row)


def all_of(run: sqlite3.Connection) -> list[Trace]:
    """Those that count, and those that some pole still has to give up; the newest first."""
    return [_trace(row) for row in run.execute("SELECT * FROM trace ORDER BY trace_id DESC")]


def end(run: sqlite3.Connection, trace_id: str, why: str, now: datetime) -> None:
    """It counts no more: what was looked for is deleted, and who never got it is forgotten."""
    run.execute(
        "UPDATE trace SET pattern = NULL, ended_at = ?, why = ?"
        " WHERE trace_id = ? AND ended_at IS NULL",
        (stamp(now), why, trace_id),
    )
    run.execute(
        "DELETE FROM device_trace WHERE trace_id = ? AND state NOT IN ('sent', 'holds')",
        (trace_id,),
    )


def of_closed_cases(run: sqlite3.Connection) -> list[str]:
    """Traces that count though every case of that number and agency that is known is over."""
    rows = run.execute(
        "SELECT trace_id FROM trace t WHERE ended_at IS NULL AND EXISTS (SELECT 1 FROM service_case"
        "  c WHERE c.case_number = t.case_number AND c.agency = t.agency AND c.state = 'closed')"
        " AND NOT EXISTS (SELECT 1 FROM service_case c WHERE c.case_number = t.case_number"
        "  AND c.agency = t.agency AND c.state IN ('asked', 'approved'))"
    )
    return [row[0] for row in rows]


def is_closed_case(run: sqlite3.Connection, case: str, agency: str) -> bool:
    """Whether a case of that number and agency was here and all of them are closed."""
    states = [
        row[0]
        for row in run.execute(
            "SELECT state FROM service_case WHERE case_number = ? AND agency = ?", (case, agency)
        )
    ]
    return "closed" in states and not {"asked", "approved"} & {*states}


def poles(run: sqlite3.Connection, trace_id: str) -> list[Pole]:
    rows = run.execute("SELECT * FROM device_trace WHERE trace_id = ? ORDER BY device", (trace_id,))
    return [
        Pole(row["device"], tuple(json.loads(row["cameras"])), row["state"], row["code"])
        for row in rows
    ]


def tell(
    run: sqlite3.Connection, trace_id: str, device: str, state: PoleState, code: str | None = None
) -> None:
    """A pole is so far now."""
    run.execute(
        "UPDATE device_trace SET state = ?, code = ? WHERE trace_id = ? AND device = ?",
        (state, code, trace_id, device),
    )


def failed(run: sqlite3.Connection, trace_id: str, device: str, code: str) -> None:
    """A pole could not be told; it is tried again."""
    run.execute(
        "UPDATE device_trace SET code = ? WHERE trace_id = ? AND device = ?",
        (code, trace_id, device),
    )


def came(run: sqlite3.Connection, device: str) -> bool:
    """A pole is back: what it holds is told to it anew; whether there is any."""
    changed = run.execute(
        "UPDATE device_trace SET state = 'sent' WHERE device = ? AND state = 'holds'"
        " AND trace_id IN (SELECT trace_id FROM trace WHERE ended_at IS NULL)",
        (device,),
    )
    return changed.rowcount > 0


def given_up(run: sqlite3.Connection, trace_id: str, device: str) -> bool:
    """A pole does not follow it; whether none does any more, so that the trace is gone."""
    run.execute("DELETE FROM device_trace WHERE trace_id = ? AND device = ?", (trace_id, device))
    return drop_if_gone(run, trace_id)


def drop_if_gone(run: sqlite3.Connection, trace_id: str) -> bool:
    """Forget an ended trace that no pole follows."""
    gone = run.execute(
        "DELETE FROM trace WHERE trace_id = ? AND ended_at IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM device_trace d WHERE d.trace_id = trace.trace_id)",
        (trace_id,),
    )
    return gone.rowcount > 0


def _trace(row: sqlite3.Row) -> Trace:
    return Trace(
        trace_id=row["trace_id"],
        case=row["case_number"],
        agency=row["agency"],
        person=row["person"],
        purpose=row["purpose"],
        basis=row["basis"],
        pattern=row["pattern"],
        confusable=bool(row["confusable"]),
        began_at=moment(row["began_at"]),
        expires_at=moment(row["expires_at"]),
        ended_at=moment_or_none(row["ended_at"]),
        why=row["why"],
    )
