"""Escalations: agencies whose acknowledgement is waited for. Within the caller's transaction."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from collector.escalation import Known, Result, Waiting
from collector.store.moments import moment, stamp
from collector.targets import Target


def begin(
    run: sqlite3.Connection, incident_id: str, agency: str, now: datetime, check_at: datetime
) -> None:
    """`agency` was told; nothing when it is waited for already."""
    run.execute(
        "INSERT OR IGNORE INTO escalation (incident_id, agency, rung_at, check_at)"
        " VALUES (?, ?, ?, ?)",
        (incident_id, agency, stamp(now), stamp(check_at)),
    )


def hurry(run: sqlite3.Connection, incident_id: str, now: datetime) -> None:
    """Something changed for the incident: look at once."""
    run.execute(
        "UPDATE escalation SET check_at = ? WHERE incident_id = ? AND result IS NULL",
        (stamp(now), incident_id),
    )


def due(run: sqlite3.Connection, now: datetime, at_most: int) -> list[Waiting]:
    """Those to look at, the longest due first."""
    rows = run.execute(
        "SELECT incident_id, agency, step, rung_at FROM escalation"
        " WHERE result IS NULL AND check_at <= ? ORDER BY check_at LIMIT ?",
        (stamp(now), at_most),
    )
    return [Waiting(row[0], row[1], row[2], moment(row[3])) for row in rows]


def deliveries_of(run: sqlite3.Connection, incident_id: str) -> dict[Target, Known]:
    """What stands of each delivery of an incident."""
    rows = run.execute(
        "SELECT agency, channel, answer, state FROM delivery WHERE incident_id = ?", (incident_id,)
    )
    return {Target(row[0], row[1]): Known(row[2], row[3] == "failed") for row in rows}


def wait(run: sqlite3.Connection, one: Waiting, until: datetime) -> None:
    """Nothing to do before then."""
    run.execute(
        "UPDATE escalation SET check_at = ? WHERE incident_id = ? AND agency = ?",
        (stamp(until), one.incident_id, one.agency),
    )


def told(run: sqlite3.Connection, one: Waiting, now: datetime, check_at: datetime) -> None:
    """The next rung was told."""
    run.execute(
        "UPDATE escalation SET step = step + 1, rung_at = ?, check_at = ?"
        " WHERE incident_id = ? AND agency = ?",
        (stamp(now), stamp(check_at), one.incident_id, one.agency),
    )


def over(run: sqlite3.Connection, one: Waiting, result: Result) -> None:
    run.execute(
        "UPDATE escalation SET result = ? WHERE incident_id = ? AND agency = ?",
        (result, one.incident_id, one.agency),
    )
