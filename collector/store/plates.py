"""Wanted plates behind an incident. In the caller's transaction."""

from __future__ import annotations

import sqlite3

from collector.store.events import signed
from collector.store.rows import ListedPlate
from wire.event import PlatePart
from wire.incident import MAX_PLATES


def of_incident(run: sqlite3.Connection, incident_id: str) -> tuple[PlatePart, ...]:
    """The newest, the last read last; of each finding as its first event told it, with the crop."""
    rows = run.execute(
        "SELECT token FROM event WHERE id IN ("
        "SELECT min(e.id) FROM incident_event x JOIN event e ON e.id = x.event_id"
        " WHERE x.incident_id = ? AND e.type = 'plate' GROUP BY e.finding_id"
        " ORDER BY min(e.id) DESC LIMIT ?) ORDER BY id",
        (incident_id, MAX_PLATES),
    ).fetchall()
    told = (signed(bytes(row[0])).plate for row in rows)
    return tuple(plate for plate in told if plate is not None)


def with_entry(run: sqlite3.Connection, plate: PlatePart) -> ListedPlate:
    """With what its list says of it now."""
    row = run.execute(
        "SELECT note FROM vehicle_entry WHERE list_id = ? AND plate = ? AND removed IS NULL",
        (plate.list_id, plate.listed or plate.text),
    ).fetchone()
    return ListedPlate(plate, row is not None, None if row is None else row[0])
