"""Pictures of an incident that are older than its alarm: how a place was, and who left it so."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from collector.store.events import signed
from wire.event import Shows

MOST = 20


@dataclass(frozen=True, slots=True)
class Earlier:
    """One of them; `here` once it has arrived."""

    sha256: str
    at: datetime
    """By the pole's clock, as it signed it."""
    shows: Shows
    here: bool


def of_incident(run: sqlite3.Connection, incident_id: str) -> tuple[Earlier, ...]:
    """The oldest first, of the incident's first MOST events that carry one."""
    rows = run.execute(
        "SELECT e.token, EXISTS (SELECT 1 FROM still s WHERE s.sha256 = e.still AND s.named = 1)"
        " FROM event e JOIN incident_event x ON x.event_id = e.id"
        " WHERE x.incident_id = ? AND e.still IS NOT NULL AND e.phase = 'update'"
        " ORDER BY e.rowid LIMIT ?",
        (incident_id, MOST),
    )
    found = []
    for token, here in rows:
        event = signed(bytes(token))
        if event.still is not None and event.shows is not None and event.still_at is not None:
            found.append(Earlier(event.still.sha256, event.still_at, event.shows, bool(here)))
    return tuple(sorted(found, key=lambda one: one.at))
