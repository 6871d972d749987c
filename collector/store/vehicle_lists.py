"""Lists of vehicles and how far each pole was led. All within the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from collector.confirming import AT_ONCE_FROM
from collector.store.moments import moment, moment_or_none, stamp

Entry = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class VehicleList:
    """One list, without its entries."""

    list_id: str
    owner: str
    purpose: str
    basis: str
    expires_at: datetime
    revision: int
    terms_at: int
    changed_at: datetime
    changed_by: str
    ended_at: datetime | None
    at_once_from: float | None = AT_ONCE_FROM
    """Certainty of a read from which agencies are told at once; None: a person confirms each."""


@dataclass(frozen=True, slots=True)
class Held:
    """A list on a pole, as it confirmed."""

    version: int
    revision: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """What putting a list did to its entries."""

    added: int
    removed: int
    kept: int


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a list's hits."""

    hits: int = 0
    waiting: int = 0
    confirmed: int = 0
    rejected: int = 0


def find(run: sqlite3.Connection, list_id: str) -> VehicleList | None:
    row = run.execute("SELECT * FROM vehicle_list WHERE list_id = ?", (list_id,)).fetchone()
    return None if row is None else _list(row)


def all_of(run: sqlite3.Connection) -> list[VehicleList]:
    """Those that count, and those that some pole still has to give up; by name."""
    return [_list(row) for row in run.execute("SELECT * FROM vehicle_list ORDER BY list_id")]


def put(run: sqlite3.Connection, one: VehicleList, entries: Mapping[str, str | None]) -> Changed:
    """Have the list say exactly `entries` from revision `one.revision` on."""
    run.execute(
        "INSERT INTO vehicle_list VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)"
        " ON CONFLICT (list_id) DO UPDATE SET owner = excluded.owner, purpose = excluded.purpose,"
        " basis = excluded.basis, expires_at = excluded.expires_at, revision = excluded.revision,"
        " terms_at = excluded.terms_at, changed_at = excluded.changed_at,"
        " changed_by = excluded.changed_by, ended_at = NULL,"
        " at_once_from = excluded.at_once_from",
        (
            one.list_id, one.owner, one.purpose, one.basis, stamp(one.expires_at), one.revision,
            one.terms_at, stamp(one.changed_at), one.changed_by, one.at_once_from,
        ),
    )  # fmt: skip
    before = dict(current(run, one.list_id))
    gone = [plate for plate, note in before.items() if entries.get(plate, _NOT) != note]
    fresh = [(plate, note) for plate, note in entries.items() if before.get(plate, _NOT) != note]
    run.executemany(
        "UPDATE vehicle_entry SET removed = ? WHERE list_id = ? AND plate = ? AND removed IS NULL",
        [(one.revision, one.list_id, plate) for plate in gone],
    )
    run.executemany(
        "INSERT INTO vehicle_entry (list_id, plate, note, added) VALUES (?, ?, ?, ?)",
        [(one.list_id, plate, note, one.revision) for plate, note in fresh],
    )
    return Changed(len(fresh), len(gone), len(before) - len(gone))


def current(run: sqlite3.Connection, list_id: str) -> list[Entry]:
    """What is on it now."""
    rows = run.execute(
        "SELECT plate, note FROM vehicle_entry WHERE list_id = ? AND removed IS NULL", (list_id,)
    )
    return [(row[0], row[1]) for row in rows]


def since(run: sqlite3.Connection, list_id: str, revision: int) -> tuple[list[Entry], list[str]]:
    """What a pole at `revision` has to add, and to remove before that."""
    add = run.execute(
        "SELECT plate, note FROM vehicle_entry WHERE list_id = ? AND added > ? AND removed IS NULL",
        (list_id, revision),
    ).fetchall()
    remove = run.execute(
        "SELECT plate FROM vehicle_entry WHERE list_id = ? AND removed > ? AND added <= ?",
        (list_id, revision, revision),
    ).fetchall()
    return [(row[0], row[1]) for row in add], [row[0] for row in remove]


def end(run: sqlite3.Connection, list_id: str, now: datetime) -> None:
    """It counts no more; its entries are deleted."""
    run.execute("DELETE FROM vehicle_entry WHERE list_id = ?", (list_id,))
    run.execute(
        "UPDATE vehicle_list SET ended_at = ?, revision = revision + 1 WHERE list_id = ?",
        (stamp(now), list_id),
    )


def counts(run: sqlite3.Connection) -> dict[str, int]:
    """Entries by list."""
    rows = run.execute(
        "SELECT list_id, count(*) FROM vehicle_entry WHERE removed IS NULL GROUP BY list_id"
    )
    return {row[0]: row[1] for row in rows}


def decided(run: sqlite3.Connection) -> dict[str, Decided]:
    """By list, of the incidents that are here; what a person did last counts. No drills."""
    rows = run.execute(
        "SELECT list_id, count(*), sum(waits IS NOT NULL AND done IS NULL),"
        " sum(done IS 'confirmed'), sum(done IS 'rejected') FROM"
        " (SELECT i.list_id, i.waits, (SELECT s.state FROM incident_step s"
        "   WHERE s.incident_id = i.incident_id AND s.person IS NOT NULL"
        "   AND s.state IN ('confirmed', 'rejected') ORDER BY s.number DESC LIMIT 1) AS done"
        "  FROM incident i WHERE i.list_id IS NOT NULL AND i.drill = 0 AND i.type = 'plate')"
        " GROUP BY list_id"
    )
    return {row[0]: Decided(row[1], row[2], row[3], row[4]) for row in rows}


def held(run: sqlite3.Connection) -> dict[tuple[str, str], Held]:
    """What the poles confirmed, by device and list."""
    rows = run.execute("SELECT * FROM device_list")
    return {
        (row["device"], row["list_id"]): Held(row["version"], row["revision"], moment(row["at"]))
        for row in rows
    }


def confirmed(run: sqlite3.Connection, device: str, list_id: str, what: Held) -> None:
    """A pole took it."""
    run.execute(
        "INSERT OR REPLACE INTO device_list VALUES (?, ?, ?, ?, ?)",
        (device, list_id, what.version, what.revision, stamp(what.at)),
    )


def given_up(run: sqlite3.Connection, device: str, list_id: str) -> None:
    """A pole does not hold it."""
    run.execute("DELETE FROM device_list WHERE device = ? AND list_id = ?", (device, list_id))


def tidy(run: sqlite3.Connection) -> None:
    """Forget removed entries that every pole has given up, and ended lists that none holds."""
    run.execute(
        "DELETE FROM vehicle_entry WHERE removed IS NOT NULL AND removed <= coalesce("
        "(SELECT min(revision) FROM device_list d WHERE d.list_id = vehicle_entry.list_id),"
        " removed)"
    )
    run.execute(
        "DELETE FROM vehicle_list WHERE ended_at IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM device_list d WHERE d.list_id = vehicle_list.list_id)"
    )


_NOT = "\0"


def _list(row: sqlite3.Row) -> VehicleList:
    return VehicleList(
        list_id=row["list_id"],
        owner=row["owner"],
        purpose=row["purpose"],
        basis=row["basis"],
        expires_at=moment(row["expires_at"]),
        revision=row["revision"],
        terms_at=row["terms_at"],
        changed_at=moment(row["changed_at"]),
        changed_by=row["changed_by"],
        ended_at=moment_or_none(row["ended_at"]),
        at_once_from=row["at_once_from"],
    )
