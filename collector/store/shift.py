"""What changed since a moment: what who takes over a desk must know. Read in one look."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from collector.store.moments import moment, stamp

MOST = 200
_WAITING = "('open', 'notified', 'acknowledged')"


@dataclass(frozen=True, slots=True)
class Tally:
    """Incidents of one severity."""

    severity: str
    came: int
    """Opened since then."""
    waiting: int
    """Of those, nobody has decided on."""
    confirmed: int
    rejected: int
    closed: int
    left: int
    """Opened before, and still undecided."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a person did of an incident, or what was done because an agency was silent."""

    at: datetime
    incident_id: str
    type: str
    severity: str
    device: str
    camera: str
    state: str
    person: str | None
    agency: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A delivery that was given up."""

    incident_id: str
    type: str
    agency: str
    channel: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Shift:
    """All of it; lists hold the newest `MOST`, and `steps_in_all` how many there were."""

    tallies: tuple[Tally, ...]
    steps: tuple[Step, ...]
    steps_in_all: int
    failed: tuple[Failed, ...]
    cameras: tuple[tuple[str, str], ...]
    """Device and name of those whose state changed."""
    devices: tuple[str, ...]


def since(run: sqlite3.Connection, began: datetime) -> Shift:
    """What changed from `began` on."""
    at = stamp(began)
    tallies = run.execute(
        f"""
        SELECT severity, sum(opened_at >= ?1),
               sum(opened_at >= ?1 AND state IN {_WAITING}),
               sum(opened_at >= ?1 AND state = 'confirmed'),
               sum(opened_at >= ?1 AND state = 'rejected'),
               sum(opened_at >= ?1 AND state = 'closed'),
               sum(opened_at < ?1 AND state IN {_WAITING})
        FROM incident GROUP BY severity
        """,
        (at,),
    ).fetchall()
    said = "FROM incident_step s JOIN incident i USING (incident_id) WHERE s.at >= ? AND"
    said += " (s.person IS NOT NULL OR s.agency IS NOT NULL)"
    steps = run.execute(
        "SELECT s.at, s.incident_id, i.type, i.severity, i.device, i.camera, s.state, s.person,"
        f" s.agency, s.note {said} ORDER BY s.number DESC LIMIT {MOST}",
        (at,),
    ).fetchall()
    (in_all,) = run.execute(f"SELECT count(*) {said}", (at,)).fetchone()
    failed = run.execute(
        "SELECT d.incident_id, i.type, d.agency, d.channel, d.error FROM delivery d"
        " JOIN incident i USING (incident_id) WHERE d.state = 'failed' AND"
        f" coalesce(d.wanted_at, d.next_at) >= ? ORDER BY d.next_at DESC LIMIT {MOST}",
        (at,),
    ).fetchall()
    cameras = run.execute(
        "SELECT device, camera FROM camera_state WHERE at >= ? ORDER BY at DESC", (at,)
    ).fetchall()
    devices = run.execute(
        "SELECT device FROM device WHERE since >= ? ORDER BY since DESC", (at,)
    ).fetchall()
    return Shift(
        tuple(Tally(*row) for row in tallies),
        tuple(Step(moment(row[0]), *row[1:]) for row in steps),
        in_all,
        tuple(Failed(*row) for row in failed),
        tuple((row[0], row[1]) for row in cameras),
        tuple(row[0] for row in devices),
    )
