"""Plates that somebody confirmed by eye as an incident's. All within the caller's transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from collector.store.moments import moment, stamp

_COLUMNS = (
    "incident_id, sha256, text, confidence, read_at, type, color, direction, confirmed_at,"
    " person, agency, case_number, purpose, basis"
)


@dataclass(frozen=True, slots=True)
class ConfirmedPlate:
    """One of them without its picture, which lies beside it under `sha256`."""

    incident_id: str
    sha256: str
    text: str
    confidence: float
    read_at: datetime
    """By the pole's clock."""
    type: str | None
    color: str | None
    direction: str | None
    confirmed_at: datetime
    person: str
    agency: str
    """On whose behalf."""
    case: str
    purpose: str
    basis: str


def add(run: sqlite3.Connection, one: ConfirmedPlate, jpeg: bytes) -> bool:
    """Keep it; false when it was confirmed before."""
    return (
        run.execute(
            f"INSERT OR IGNORE INTO confirmed_plate ({_COLUMNS}, jpeg)"
            f" VALUES ({', '.join('?' * 15)})",
            (
                one.incident_id, one.sha256, one.text, one.confidence, stamp(one.read_at),
                one.type, one.color, one.direction, stamp(one.confirmed_at),
                one.person, one.agency, one.case, one.purpose, one.basis, jpeg,
            ),
        ).rowcount
        > 0
    )  # fmt: skip


def of_incident(run: sqlite3.Connection, incident_id: str) -> tuple[ConfirmedPlate, ...]:
    """In the order in which the pole read them."""
    rows = run.execute(
        f"SELECT {_COLUMNS} FROM confirmed_plate WHERE incident_id = ? ORDER BY read_at",
        (incident_id,),
    )
    return tuple(
        ConfirmedPlate(
            incident_id=row["incident_id"],
            sha256=row["sha256"],
            text=row["text"],
            confidence=row["confidence"],
            read_at=moment(row["read_at"]),
            type=row["type"],
            color=row["color"],
            direction=row["direction"],
            confirmed_at=moment(row["confirmed_at"]),
            person=row["person"],
            agency=row["agency"],
            case=row["case_number"],
            purpose=row["purpose"],
            basis=row["basis"],
        )
        for row in rows
    )


def jpeg(run: sqlite3.Connection, incident_id: str, sha256: str) -> bytes | None:
    """The plate's picture."""
    row = run.execute(
        "SELECT jpeg FROM confirmed_plate WHERE incident_id = ? AND sha256 = ?",
        (incident_id, sha256),
    ).fetchone()
    return None if row is None else bytes(row[0])


def drop(run: sqlite3.Connection, incident_id: str, sha256: str) -> bool:
    """Forget one; false when there is none."""
    return (
        run.execute(
            "DELETE FROM confirmed_plate WHERE incident_id = ? AND sha256 = ?",
            (incident_id, sha256),
        ).rowcount
        > 0
    )
