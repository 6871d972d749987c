"""Incidents as rows. All within the caller's transaction; what they become is decided elsewhere."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timedelta

from collector.incidents import Incident, Part
from collector.store.moments import moment, moment_or_none, stamp
from wire.event import Event

_COLUMNS = (
    "incident_id, revision, type, severity, certainty, confidence, state, drill, device, camera,"
    " zone, rule, opened_at, active_at, observed_at, ended_at, updated_at, closed_at, still, box,"
    " clip_start, clip_end, detail, list_id, waits"
)


def load(run: sqlite3.Connection, incident_id: str) -> Incident | None:
    """One incident with the findings that go on."""
    return _load(run, incident_id, None)


def _load(run: sqlite3.Connection, incident_id: str, finding_id: str | None) -> Incident | None:
    row = run.execute(
        f"SELECT {_COLUMNS} FROM incident WHERE incident_id = ?", (incident_id,)
    ).fetchone()
    return None if row is None else _incident(run, row, finding_id)


def of_finding(run: sqlite3.Connection, finding_id: str) -> Incident | None:
    """The incident that a finding belongs to, with that finding even when it has ended."""
    row = run.execute(
        "SELECT incident_id FROM incident_finding WHERE finding_id = ?", (finding_id,)
    ).fetchone()
    return None if row is None else _load(run, row[0], finding_id)


def candidates(
    run: sqlite3.Connection, device: str, event: Event, join_within: timedelta
) -> list[Incident]:
    """Incidents of the same place and type that were active not too long before."""
    rows = run.execute(
        f"SELECT {_COLUMNS} FROM incident WHERE device = ? AND camera = ? AND type = ?"
        " AND active_at >= ? AND opened_at <= ? ORDER BY active_at DESC LIMIT 20",
        (
            device,
            event.camera,
            event.type,
            stamp(event.times.started_at - join_within),
            stamp(event.times.started_at + join_within),
        ),
    ).fetchall()
    return [_incident(run, row) for row in rows]


def abandoned(run: sqlite3.Connection, device: str, boot_id: str) -> list[Incident]:
    """Incidents of a device with open findings of another boot than `boot_id`."""
    rows = run.execute(
        "SELECT DISTINCT i.incident_id FROM incident_finding f JOIN incident i USING (incident_id)"
        " WHERE f.ended = 0 AND f.boot_id <> ? AND i.device = ?",
        (boot_id, device),
    ).fetchall()
    found = [load(run, row[0]) for row in rows]
    return [one for one in found if one is not None]


def of_still(run: sqlite3.Connection, sha256: str) -> list[str]:
    """Ids of incidents whose picture it is, or one of before."""
    rows = run.execute(
        "SELECT incident_id FROM incident WHERE still = :hash UNION SELECT x.incident_id"
        " FROM event e JOIN incident_event x ON x.event_id = e.id"
        " WHERE e.still = :hash AND e.phase = 'update'",
        {"hash": sha256},
    )
    return [row[0] for row in rows]


def save(
    run: sqlite3.Connection, before: Incident | None, one: Incident, texts: tuple[str, str]
) -> None:
    """Insert, or replace `before`; `texts` Korean and English."""
    run.execute(
        f"INSERT INTO incident ({_COLUMNS}, text_ko, text_en)"
        f" VALUES ({', '.join('?' * 27)})"
        " ON CONFLICT (incident_id) DO UPDATE SET revision = excluded.revision,"
        " severity = excluded.severity, certainty = excluded.certainty,"
        " confidence = excluded.confidence, state = excluded.state,"
        " opened_at = excluded.opened_at, active_at = excluded.active_at,"
        " observed_at = excluded.observed_at, ended_at = excluded.ended_at,"
        " updated_at = excluded.updated_at, closed_at = excluded.closed_at,"
        " still = excluded.still, box = excluded.box, clip_start = excluded.clip_start,"
        " clip_end = excluded.clip_end, detail = excluded.detail, waits = excluded.waits,"
        " text_ko = excluded.text_ko, text_en = excluded.text_en",
        (
            one.incident_id,
            one.revision,
            one.type,
            one.severity,
            one.certainty,
            one.confidence,
            one.state,
            int(one.drill),
            one.device,
            one.camera,
            one.zone,
            one.rule,
            stamp(one.opened_at),
            stamp(one.active_at),
            stamp(one.observed_at),
            _stamp(one.ended_at),
            stamp(one.updated_at),
            _stamp(one.closed_at),
            one.still,
            None if one.box is None else json.dumps(one.box),
            _stamp(one.clip_start),
            _stamp(one.clip_end),
            one.detail,
            one.list_id,
            one.waits or None,
            *texts,
        ),
    )
    run.executemany(
        "INSERT INTO incident_finding VALUES (?, ?, ?, ?)"
        " ON CONFLICT (finding_id) DO UPDATE SET ended = excluded.ended",
        [
            (finding, one.incident_id, part.boot_id, int(part.ended))
            for finding, part in one.findings.items()
            if before is None or before.findings.get(finding) != part
        ],
    )


def attach(run: sqlite3.Connection, incident_id: str, event_id: str) -> None:
    """An event belongs to an incident."""
    run.execute("INSERT OR IGNORE INTO incident_event VALUES (?, ?)", (incident_id, event_id))


def step(
    run: sqlite3.Connection,
    incident_id: str,
    at: datetime,
    state: str,
    *,
    person: str | None = None,
    agency: str | None = None,
    note: str | None = None,
) -> None:
    """Write down who did what."""
    run.execute(
        "INSERT INTO incident_step (incident_id, at, state, person, agency, note)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (incident_id, stamp(at), state, person, agency, note),
    )


def evidence(run: sqlite3.Connection, incident_id: str, at_most: int) -> tuple[str, ...]:
    """Device signatures behind an incident: the first event, then the newest ones.

    Ids sort by the device's time. An incident may go on for a day and have thousands of events.
    """
    found: dict[str, str] = {}
    for order, limit in (("", min(1, at_most)), ("DESC", max(0, at_most - 1))):
        found.update(
            (row[0], bytes(row[1]).decode("ascii"))
            for row in run.execute(
                "SELECT e.id, e.token FROM incident_event x JOIN event e ON e.id = x.event_id"
                f" WHERE x.incident_id = ? ORDER BY x.event_id {order} LIMIT ?",
                (incident_id, limit),
            )
        )
    return tuple(found[id] for id in sorted(found))


def finding_ids(run: sqlite3.Connection, incident_id: str, at_most: int) -> tuple[str, ...]:
    """The newest findings of an incident, oldest of them first."""
    rows = run.execute(
        "SELECT finding_id FROM incident_finding WHERE incident_id = ? ORDER BY rowid DESC LIMIT ?",
        (incident_id, at_most),
    ).fetchall()
    return tuple(row[0] for row in reversed(rows))


def texts(run: sqlite3.Connection, incident_id: str) -> tuple[str, str]:
    """Korean and English."""
    row = run.execute(
        "SELECT text_ko, text_en FROM incident WHERE incident_id = ?", (incident_id,)
    ).fetchone()
    return row[0], row[1]


def _incident(run: sqlite3.Connection, row: sqlite3.Row, finding_id: str | None = None) -> Incident:
    """With the findings that go on, and `finding_id`: of what ended there may be thousands."""
    findings = run.execute(
        "SELECT finding_id, boot_id, ended FROM incident_finding"
        " WHERE incident_id = ? AND ended = 0"
        " UNION SELECT finding_id, boot_id, ended FROM incident_finding"
        " WHERE finding_id = ? AND incident_id = ?",
        (row["incident_id"], finding_id, row["incident_id"]),
    ).fetchall()
    return Incident(
        incident_id=row["incident_id"],
        revision=row["revision"],
        type=row["type"],
        severity=row["severity"],
        certainty=row["certainty"],
        confidence=row["confidence"],
        state=row["state"],
        drill=bool(row["drill"]),
        device=row["device"],
        camera=row["camera"],
        zone=row["zone"],
        rule=row["rule"],
        opened_at=moment(row["opened_at"]),
        active_at=moment(row["active_at"]),
        observed_at=moment(row["observed_at"]),
        ended_at=moment_or_none(row["ended_at"]),
        updated_at=moment(row["updated_at"]),
        closed_at=moment_or_none(row["closed_at"]),
        still=row["still"],
        box=None if row["box"] is None else tuple(json.loads(row["box"])),
        clip_start=moment_or_none(row["clip_start"]),
        clip_end=moment_or_none(row["clip_end"]),
        detail=row["detail"],
        list_id=row["list_id"],
        waits=bool(row["waits"]),
        findings={one[0]: Part(one[1], bool(one[2])) for one in findings},
    )


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else stamp(at)
