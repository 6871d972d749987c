"""Devices and cameras: presence, figures, states. All within the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from collector.store.moments import moment, stamp
from wire.event import CameraState
from wire.health import DeviceState, Health
from wire.rules import RulesHealth


def heard(run: sqlite3.Connection, devices: Mapping[str, int], now: datetime) -> None:
    """Something verified came from these devices; the value counts duplicates dropped."""
    run.executemany(
        "INSERT INTO device (device, heard_at, duplicates) VALUES (?, ?, ?) ON CONFLICT (device) "
        "DO UPDATE SET heard_at = excluded.heard_at, duplicates = duplicates + excluded.duplicates",
        [(device, stamp(now), duplicates) for device, duplicates in devices.items()],
    )


def presence(run: sqlite3.Connection, device: str, state: DeviceState) -> bool:
    """Keep a presence message; true when the device has another boot than before."""
    row = run.execute("SELECT boot_id, state FROM device WHERE device = ?", (device,)).fetchone()
    booted = row is None or row[0] != state.boot_id
    before = None if row is None else row[0]
    # UUIDv7 sorts by time: the last will of an earlier boot says nothing of this one.
    if state.state == "offline" and before is not None and state.boot_id < before:
        return False
    run.execute(
        "INSERT INTO device (device, state, boot_id, since, version, reason, models)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device) DO UPDATE SET state = excluded.state,"
        " boot_id = excluded.boot_id, since = excluded.since, version = excluded.version,"
        " reason = excluded.reason, models = excluded.models",
        (
            device,
            state.state,
            state.boot_id,
            stamp(state.since),
            state.version,
            state.reason,
            json.dumps([one.model_dump() for one in state.models]),
        ),
    )
    return booted


def ended(run: sqlite3.Connection, revoked: Iterable[str]) -> list[str]:
    """Revoked devices are offline, for nobody believes their own word of it; those that changed."""
    known = run.execute("SELECT device FROM device WHERE state = 'online'").fetchall()
    found = sorted({name for (name,) in known} & set(revoked))
    run.executemany(
        "UPDATE device SET state = 'offline', reason = 'revoked' WHERE device = ?",
        [(name,) for name in found],
    )
    return found


def health(run: sqlite3.Connection, device: str, figures: Health, now: datetime) -> None:
    """Keep the newest figures."""
    run.execute(
        "INSERT INTO device (device, health, health_at) VALUES (?, ?, ?) ON CONFLICT (device) "
        "DO UPDATE SET health = excluded.health, health_at = excluded.health_at",
        (device, figures.model_dump_json(exclude_none=True), stamp(now)),
    )


def camera(run: sqlite3.Connection, device: str, state: CameraState, epoch: str, seq: int) -> bool:
    """Keep a camera's state; false when a newer one is known."""
    changed = run.execute(
        "INSERT INTO camera_state (device, camera, state, code, message, at, seq, epoch)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device, camera) DO UPDATE SET"
        " state = excluded.state, code = excluded.code, message = excluded.message,"
        " at = excluded.at, seq = excluded.seq, epoch = excluded.epoch"
        # Epochs are UUIDv7: a later one sorts higher.
        " WHERE (excluded.epoch, excluded.seq) > (camera_state.epoch, camera_state.seq)",
        (
            device,
            state.camera,
            state.state,
            state.code,
            state.message,
            stamp(state.at),
            seq,
            epoch,
        ),
    )
    return changed.rowcount > 0


def gaps_asked(run: sqlite3.Connection, device: str, numbers: int) -> None:
    """Count numbers that were asked for again."""
    run.execute("UPDATE device SET gaps_asked = gaps_asked + ? WHERE device = ?", (numbers, device))


def watchlists(run: sqlite3.Connection) -> dict[str, tuple[dict[str, int], datetime]]:
    """Versions of the lists that each device's newest health names, and when it came."""
    rows = run.execute(
        "SELECT device, json_extract(health, '$.watchlists'), health_at FROM device"
        " WHERE health IS NOT NULL"
    )
    return {
        device: ({one["list_id"]: one["version"] for one in json.loads(lists or "[]")}, moment(at))
        for device, lists, at in rows
    }


def rules(
    run: sqlite3.Connection, of: Collection[str]
) -> dict[tuple[str, str], tuple[RulesHealth, datetime]]:
    """Which rules the newest health of these devices says are in force, by device and camera."""
    found = {}
    for device in of:
        row = run.execute(
            "SELECT json_extract(health, '$.cameras'), health_at FROM device"
            " WHERE device = ? AND health IS NOT NULL",
            (device,),
        ).fetchone()
        for one in json.loads(row[0] or "[]") if row else ():
            if (told := one.get("rules")) is not None:
                health = RulesHealth.model_validate(told)
                found[device, one["camera"]] = health, moment(row[1])
    return found
