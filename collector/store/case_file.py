"""What belongs to one incident beside it: pictures, cases, holds, and what the ledger says."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from collector.services.case import Case
from collector.store import cases, earlier, holds
from collector.store.holds import HeldRecording
from collector.store.moments import moment, stamp

MOST = 500
EARLIER = timedelta(hours=1)
"""A clock that is behind may enter what follows an incident before it."""
VIEWS = (
    "view.opened",
    "view.refused",
    "view.snapshot",
    "view.ended",
    "pole.export",
    "pole.export.refused",
    "pole.export.end",
    "plates.searched",
    "plates.confirmed",
    "plates.withdrawn",
    "evidence.exported",
)


@dataclass(frozen=True, slots=True)
class Still:
    """One picture that an event of the incident names."""

    sha256: str
    at: datetime
    finding_id: str | None
    phase: str | None
    here: bool
    shows: str | None = None
    """Of a picture that is older than the alarm: `before` or `left`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the ledger with its fields; None once they were erased in their time."""

    number: int
    at: datetime
    kind: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Beside:
    """All of it."""

    stills: tuple[Still, ...]
    cases: tuple[Case, ...]
    holds: tuple[HeldRecording, ...]
    entries: tuple[Entry, ...]


def beside(
    run: sqlite3.Connection,
    incident_id: str,
    camera: tuple[str, str],
    span: tuple[datetime, datetime],
    number: str,
) -> Beside:
    """Within one look; `number` is the case number that the console proposes for the incident.

    Few entries of the ledger name an incident: what was seen or copied belongs to this one by the
    number of a case of its, or by camera and time.
    """
    own = cases.of_incident(run, incident_id)
    numbers = {number, *(one.case for one in own)}
    entries = tuple(
        one
        for one in _entries(run, span[0] - EARLIER)
        if one.fields.get("incident_id") == incident_id or _belongs(one, numbers, camera, span)
    )
    return Beside(
        pictures(run, incident_id),
        tuple(own),
        tuple(
            one
            for one in holds.newest(run, MOST, all_states=True)
            if one.case_number in numbers or _held(one, camera, span)
        ),
        entries[-MOST:],
    )


def _held(one: HeldRecording, camera: tuple[str, str], span: tuple[datetime, datetime]) -> bool:
    there = (one.device, one.camera) == camera
    return there and one.start_at <= span[1] and one.end_at >= span[0]


def pictures(run: sqlite3.Connection, incident_id: str) -> tuple[Still, ...]:
    """All that events of the incident name, the oldest first."""
    rows = run.execute(
        "SELECT e.still, min(e.at), e.finding_id, e.phase,"
        " EXISTS (SELECT 1 FROM still s WHERE s.sha256 = e.still AND s.named = 1) FROM event e"
        " JOIN incident_event x ON x.event_id = e.id"
        " WHERE x.incident_id = ? AND e.still IS NOT NULL GROUP BY e.still ORDER BY 2 LIMIT ?",
        (incident_id, MOST),
    )
    found = [Still(row[0], moment(row[1]), row[2], row[3], bool(row[4])) for row in rows]
    old = {one.sha256: one for one in earlier.of_incident(run, incident_id)}
    timed = [
        replace(one, at=old[one.sha256].at, shows=old[one.sha256].shows)
        if one.sha256 in old
        else one
        for one in found
    ]
    return tuple(sorted(timed, key=lambda one: one.at))


def _entries(run: sqlite3.Connection, since: datetime) -> list[Entry]:
    marks = ", ".join("?" * len(VIEWS))
    rows = run.execute(
        "SELECT l.number, l.at, l.kind, f.fields FROM ledger l JOIN ledger_fields f USING (number)"
        f" WHERE l.kind IN ({marks}) AND l.at >= ? ORDER BY l.number",
        (*VIEWS, stamp(since)),
    )
    return [Entry(row[0], moment(row[1]), row[2], json.loads(row[3])) for row in rows]


def _belongs(
    one: Entry,
    numbers: Collection[str],
    camera: tuple[str, str],
    span: tuple[datetime, datetime],
) -> bool:
    if one.fields.get("case") in numbers:
        return True
    began, ended = one.fields.get("start_at"), one.fields.get("end_at")
    if (one.fields.get("device"), one.fields.get("camera")) != camera or not (began and ended):
        return False
    return moment(str(began)) <= span[1] and moment(str(ended)) >= span[0]
