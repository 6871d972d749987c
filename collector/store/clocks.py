"""Boots whose beginning is known, incidents whose times are not. In the caller's transaction."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Literal

from collector.clocks import ClockState
from collector.store.events import signed
from collector.store.moments import moment, stamp
from wire.event import Event


def learn(run: sqlite3.Connection, device: str, boot_id: str, booted_at: datetime) -> bool:
    """Remember when a boot began; true when that was not known before."""
    return (
        run.execute(
            "INSERT OR IGNORE INTO boot_clock VALUES (?, ?, ?)", (device, boot_id, stamp(booted_at))
        ).rowcount
        > 0
    )


def booted_at(run: sqlite3.Connection, device: str, boot_id: str) -> datetime | None:
    """When that boot began, if it is known."""
    row = run.execute(
        "SELECT booted_at FROM boot_clock WHERE device = ? AND boot_id = ?", (device, boot_id)
    ).fetchone()
    return None if row is None else moment(row[0])


def mark(
    run: sqlite3.Connection, incident_id: str, device: str, boot_id: str, state: ClockState
) -> bool:
    """Say how an incident's times stand; doubt is not taken back by a later event that is sure.

    True when that is news.
    """
    changed = run.execute(
        "INSERT INTO incident_clock VALUES (?, ?, ?, ?) ON CONFLICT (incident_id) DO UPDATE"
        " SET state = excluded.state, boot_id = excluded.boot_id"
        " WHERE excluded.state = 'doubtful' AND incident_clock.state <> 'doubtful'",
        (incident_id, device, boot_id, state),
    )
    return changed.rowcount > 0


def settled(run: sqlite3.Connection, incident_id: str) -> None:
    """Its times were set right."""
    run.execute(
        "UPDATE incident_clock SET state = 'corrected' WHERE incident_id = ?", (incident_id,)
    )


def told(run: sqlite3.Connection, incident_id: str) -> Literal["doubtful", "corrected"] | None:
    """What agencies hear of an incident's times; None when they were sure from the first."""
    row = run.execute(
        "SELECT state FROM incident_clock WHERE incident_id = ?", (incident_id,)
    ).fetchone()
    found: Literal["doubtful", "corrected"] | None = None if row is None else row[0]
    return found


def doubtful_of(run: sqlite3.Connection, device: str, boot_id: str) -> list[str]:
    """Incidents that wait for the clock of that boot."""
    rows = run.execute(
        "SELECT incident_id FROM incident_clock WHERE device = ? AND boot_id = ?"
        " AND state = 'doubtful'",
        (device, boot_id),
    )
    return [row[0] for row in rows.fetchall()]


def events_of(run: sqlite3.Connection, incident_id: str) -> list[Event]:
    """The events behind an incident, as the device signed them; verified when they came."""
    rows = run.execute(
        "SELECT e.token FROM incident_event x JOIN event e ON e.id = x.event_id"
        " WHERE x.incident_id = ?",
        (incident_id,),
    ).fetchall()
    return [signed(bytes(row[0])) for row in rows]
