"""Assets, their pictures and their history. All within the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.store.moments import moment, stamp

Value = str | float | None


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset; days as `2026-03-01`."""

    asset_id: str
    tag: str
    kind: str
    parent: str | None = None
    device: str | None = None
    camera: str | None = None
    unit: str | None = None
    title: str | None = None
    maker: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    installed: str | None = None
    warranty: str | None = None
    retired: str | None = None
    purpose: str | None = None
    view: str | None = None
    department: str | None = None
    network: str | None = None
    address: str | None = None
    lat: float | None = None
    lon: float | None = None
    note: str | None = None
    photo: str | None = None


@dataclass(frozen=True, slots=True)
class AssetChange:
    """One field of one asset that changed."""

    at: datetime
    person: str
    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class AssetWas:
    """How an asset was from `at` on: a state and its faults of collector.services.estate.faults."""

    at: datetime
    state: str
    faults: tuple[str, ...]


COLUMNS = Asset.__slots__
_TICK = timedelta(microseconds=1)


def all_of(run: sqlite3.Connection) -> list[Asset]:
    """By tag."""
    return [_asset(row) for row in run.execute("SELECT * FROM asset ORDER BY tag")]


def find(run: sqlite3.Connection, asset_id: str) -> Asset | None:
    row = run.execute("SELECT * FROM asset WHERE asset_id = ?", (asset_id,)).fetchone()
    return None if row is None else _asset(row)


def tagged(run: sqlite3.Connection, tag: str) -> Asset | None:
    row = run.execute("SELECT * FROM asset WHERE tag = ?", (tag,)).fetchone()
    return None if row is None else _asset(row)


def put(run: sqlite3.Connection, assets: Iterable[Asset]) -> None:
    """Have these assets be so."""
    named = ", ".join(COLUMNS)
    changed = ", ".join(f"{one} = excluded.{one}" for one in COLUMNS[1:])
    run.executemany(
        f"INSERT INTO asset ({named}) VALUES ({', '.join('?' * len(COLUMNS))})"
        f" ON CONFLICT (asset_id) DO UPDATE SET {changed}",
        [tuple(getattr(asset, one) for one in COLUMNS) for asset in assets],
    )


def note_changes(
    run: sqlite3.Connection,
    asset_id: str,
    changes: Mapping[str, tuple[Value, Value]],
    person: str,
    now: datetime,
) -> None:
    """Keep what each field was and is."""
    run.executemany(
        "INSERT INTO asset_change (asset_id, at, person, field, before, after)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [
            (asset_id, stamp(now), person, field, _text(before), _text(after))
            for field, (before, after) in changes.items()
        ],
    )


def changes_of(run: sqlite3.Connection, asset_id: str, at_most: int) -> list[AssetChange]:
    """The newest first."""
    rows = run.execute(
        "SELECT * FROM asset_change WHERE asset_id = ? ORDER BY number DESC LIMIT ?",
        (asset_id, at_most),
    )
    return [
        AssetChange(moment(row["at"]), row["person"], row["field"], row["before"], row["after"])
        for row in rows
    ]


def note_states(
    run: sqlite3.Connection, now: datetime, states: Mapping[str, tuple[str, tuple[str, ...]]]
) -> None:
    """Keep how assets are from now on: state and faults, by id."""
    newest = newest_states(run) if states else {}
    rows = []
    for asset_id, (state, faults) in states.items():
        before = newest.get(asset_id)
        # The centre's clock may have been set back.
        at = now if before is None else max(now, before.at + _TICK)
        rows.append((asset_id, stamp(at), state, json.dumps(faults)))
    run.executemany("INSERT INTO asset_state VALUES (?, ?, ?, ?)", rows)


def newest_states(run: sqlite3.Connection) -> dict[str, AssetWas]:
    """How each asset was told to be last."""
    rows = run.execute("SELECT asset_id, max(at) AS at, state, faults FROM asset_state GROUP BY 1")
    return {row["asset_id"]: _was(row) for row in rows}


def states_of(run: sqlite3.Connection, asset_id: str, at_most: int) -> list[AssetWas]:
    """The newest first."""
    rows = run.execute(
        "SELECT at, state, faults FROM asset_state WHERE asset_id = ? ORDER BY at DESC LIMIT ?",
        (asset_id, at_most),
    )
    return [_was(row) for row in rows]


def erase_states(run: sqlite3.Connection, before: datetime, at_most: int) -> int:
    """Forget those that were followed by another one before then; how many."""
    return run.execute(
        "DELETE FROM asset_state WHERE (asset_id, at) IN (SELECT asset_id, at FROM asset_state old"
        " WHERE at < :before AND EXISTS (SELECT 1 FROM asset_state next"
        " WHERE next.asset_id = old.asset_id AND next.at > old.at AND next.at <= :before)"
        " LIMIT :at_most)",
        {"before": stamp(before), "at_most": at_most},
    ).rowcount


def keep_photo(run: sqlite3.Connection, sha256: str, jpeg: bytes, now: datetime) -> None:
    run.execute("INSERT OR IGNORE INTO asset_photo VALUES (?, ?, ?)", (sha256, stamp(now), jpeg))


def put_photo(run: sqlite3.Connection, asset_id: str, sha256: str) -> None:
    run.execute("UPDATE asset SET photo = ? WHERE asset_id = ?", (sha256, asset_id))


def photo(run: sqlite3.Connection, sha256: str) -> bytes | None:
    row = run.execute("SELECT jpeg FROM asset_photo WHERE sha256 = ?", (sha256,)).fetchone()
    return None if row is None else bytes(row[0])


def sweep_photos(run: sqlite3.Connection) -> int:
    """Delete pictures that nothing names any more; how many."""
    return run.execute(
        "DELETE FROM asset_photo WHERE sha256 NOT IN ("
        "SELECT photo FROM asset WHERE photo IS NOT NULL"
        " UNION SELECT photo FROM work_step WHERE photo IS NOT NULL)"
    ).rowcount


def _asset(row: sqlite3.Row) -> Asset:
    return Asset(*(row[one] for one in COLUMNS))


def _was(row: sqlite3.Row) -> AssetWas:
    return AssetWas(moment(row["at"]), row["state"], tuple(json.loads(row["faults"])))


def _text(value: Value) -> str | None:
    return None if value is None else str(value)
