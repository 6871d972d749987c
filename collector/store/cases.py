"""Cases of the safety services as rows. All within the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime

from collector.services.case import Case
from collector.store.moments import stamp

_COLUMNS = (
    "case_id, service, agency, case_number, basis, purpose, person, asked_at, state, waiting, lat,"
    " lon, accuracy_m, cameras, minutes_back, hours, personal, permit_id, rule, decided_at,"
    " decided_by, expires_at, closed_at, closed_by, note, erased_at, incident_id, happened_at,"
    " drill"
)
_TIMES = ("asked_at", "decided_at", "expires_at", "closed_at", "erased_at", "happened_at")


def save(run: sqlite3.Connection, one: Case) -> None:
    """Insert a case or replace what is known of it."""
    told = one.model_dump(mode="json")
    told["case_number"] = told.pop("case")
    told["cameras"] = json.dumps(told["cameras"], ensure_ascii=False)
    if one.personal is not None:
        told["personal"] = json.dumps(told["personal"], ensure_ascii=False)
    for name in _TIMES:
        at: datetime | None = getattr(one, name)
        told[name] = at and stamp(at)
    names = _COLUMNS.replace(" ", "").split(",")
    told["drill"] = int(one.drill)
    marks = ", ".join(f":{name}" for name in names)
    changed = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    run.execute(
        f"INSERT INTO service_case ({_COLUMNS}) VALUES ({marks})"
        f" ON CONFLICT (case_id) DO UPDATE SET {changed}",
        {name: told[name] for name in names},
    )


def find(run: sqlite3.Connection, case_id: str) -> Case | None:
    """One case."""
    row = run.execute(
        f"SELECT {_COLUMNS} FROM service_case WHERE case_id = ?", (case_id,)
    ).fetchone()
    return None if row is None else _case(row)


def of_permit(run: sqlite3.Connection, permit_id: str) -> Case | None:
    """The case that a permit was given for."""
    row = run.execute(
        f"SELECT {_COLUMNS} FROM service_case WHERE permit_id = ?", (permit_id,)
    ).fetchone()
    return None if row is None else _case(row)


def of_number(run: sqlite3.Connection, service: str, case_number: str) -> Case | None:
    """The newest case of a service with that number."""
    row = run.execute(
        f"SELECT {_COLUMNS} FROM service_case WHERE service = ? AND case_number = ?"
        " ORDER BY asked_at DESC LIMIT 1",
        (service, case_number),
    ).fetchone()
    return None if row is None else _case(row)


def of_incident(run: sqlite3.Connection, incident_id: str) -> list[Case]:
    """All cases that were asked for because of an incident, the oldest first."""
    rows = run.execute(
        f"SELECT {_COLUMNS} FROM service_case WHERE incident_id = ? ORDER BY asked_at",
        (incident_id,),
    )
    return [_case(row) for row in rows]


def cameras_of_incident(run: sqlite3.Connection, incident_id: str) -> list[tuple[str, str]]:
    """The cameras of an alert's own case."""
    row = run.execute(
        "SELECT cameras FROM service_case WHERE incident_id = ? AND service = 'disaster'"
        " ORDER BY asked_at DESC LIMIT 1",
        (incident_id,),
    ).fetchone()
    return [] if row is None else [(one["device"], one["camera"]) for one in json.loads(row[0])]


def of_agency_number(run: sqlite3.Connection, agency: str, case_number: str) -> list[Case]:
    """All cases of an agency with that number."""
    rows = run.execute(
        f"SELECT {_COLUMNS} FROM service_case WHERE agency = ? AND case_number = ?",
        (agency, case_number),
    )
    return [_case(row) for row in rows]


def permits(run: sqlite3.Connection, now: datetime) -> tuple[str, ...]:
    """Those of approved cases, unless they have run out."""
    rows = run.execute(
        "SELECT permit_id FROM service_case"
        " WHERE state = 'approved' AND permit_id IS NOT NULL AND expires_at > ?",
        (stamp(now),),
    )
    return tuple(row[0] for row in rows)


def newest(
    run: sqlite3.Connection, at_most: int, *, agency: str | None, open_only: bool
) -> list[Case]:
    """The newest cases first; `agency` None: of all agencies."""
    where = []
    if agency is not None:
        where.append("agency = :agency")
    if open_only:
        where.append("state IN ('asked', 'approved')")
    clause = f"WHERE {' AND '.join(where)}" if where else ""
    rows = run.execute(
        f"SELECT {_COLUMNS} FROM service_case {clause}"
        " ORDER BY asked_at DESC, case_id DESC LIMIT :most",
        {"agency": agency, "most": at_most},
    )
    return [_case(row) for row in rows]


def _case(row: sqlite3.Row) -> Case:
    held = dict(row)
    held["case"] = held.pop("case_number")
    held["cameras"] = json.loads(held["cameras"])
    held["personal"] = None if held["personal"] is None else json.loads(held["personal"])
    return Case.model_validate(held)
