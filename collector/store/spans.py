"""Since when the centre gets each camera's picture, or does not: changes, no samples.

All within the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from collector.services.estate.availability import Seen, Span
from collector.store.moments import moment, stamp

Place = tuple[str, str]
"""Device and camera."""

_STATES = """
SELECT c.camera, c.state, c.code, d.state AS box, s.at, s.sees, s.why
FROM camera_state c LEFT JOIN device d USING (device)
LEFT JOIN camera_seen s ON s.device = c.device AND s.camera = c.camera AND s.at =
    (SELECT max(at) FROM camera_seen x WHERE x.device = c.device AND x.camera = c.camera)
WHERE c.device = ?
"""
_TICK = timedelta(microseconds=1)


def follow(run: sqlite3.Connection, device: str, now: datetime) -> None:
    """A device or a camera of it told how it is: note what that changes."""
    for row in run.execute(_STATES, (device,)).fetchall():
        online = row["box"] == "online"
        sees = online and row["state"] != "down"
        why = None if sees else row["code"] if online else "device.offline"
        if row["at"] is not None:
            if (bool(row["sees"]), row["why"]) == (sees, why):
                continue
            # The centre's clock may have been set back.
            now = max(now, moment(row["at"]) + _TICK)
        run.execute(
            "INSERT INTO camera_seen VALUES (?, ?, ?, ?, ?)",
            (device, row["camera"], stamp(now), int(sees), why),
        )


def watching(run: sqlite3.Connection, began_at: datetime, now: datetime) -> None:
    """The centre has heard the poles from `began_at` until now."""
    run.execute(
        "INSERT INTO centre_watched VALUES (?, ?) ON CONFLICT (began_at)"
        " DO UPDATE SET until = max(until, excluded.until)",
        (stamp(began_at), stamp(max(began_at, now))),
    )


def watched(run: sqlite3.Connection, within: Span) -> list[Span]:
    """When the centre heard the poles, in order."""
    rows = run.execute(
        "SELECT * FROM centre_watched WHERE until > ? AND began_at < ? ORDER BY began_at",
        (stamp(within.start), stamp(within.end)),
    )
    return [Span(moment(row["began_at"]), moment(row["until"])) for row in rows]


def seen(run: sqlite3.Connection, camera: Place, within: Span) -> list[Seen]:
    """A camera's changes before the end of `within`, from the last one before its start on."""
    rows = run.execute(
        "SELECT at, sees, why FROM camera_seen WHERE device = :device AND camera = :camera"
        " AND at < :end AND at >= coalesce((SELECT max(at) FROM camera_seen"
        " WHERE device = :device AND camera = :camera AND at <= :start), '') ORDER BY at",
        {
            "device": camera[0],
            "camera": camera[1],
            "start": stamp(within.start),
            "end": stamp(within.end),
        },
    )
    return [Seen(moment(row["at"]), bool(row["sees"]), row["why"]) for row in rows]


def last_seen(run: sqlite3.Connection, camera: Place) -> Seen | None:
    """How a camera is, and since when."""
    row = run.execute(
        "SELECT at, sees, why FROM camera_seen WHERE device = ? AND camera = ?"
        " ORDER BY at DESC LIMIT 1",
        camera,
    ).fetchone()
    return None if row is None else Seen(moment(row["at"]), bool(row["sees"]), row["why"])


def erase(run: sqlite3.Connection, before: datetime, at_most: int) -> int:
    """Forget changes that no moment after `before` needs; how many."""
    gone = 0
    for camera in run.execute("SELECT device, camera FROM camera_state").fetchall():
        gone += run.execute(
            "DELETE FROM camera_seen WHERE (device, camera, at) IN (SELECT device, camera, at"
            " FROM camera_seen WHERE device = :device AND camera = :camera AND at < (SELECT max(at)"
            " FROM camera_seen WHERE device = :device AND camera = :camera AND at <= :before)"
            " LIMIT :at_most)",
            {
                "device": camera["device"],
                "camera": camera["camera"],
                "before": stamp(before),
                "at_most": at_most - gone,
            },
        ).rowcount
        if gone >= at_most:
            break
    return gone


def erase_watched(run: sqlite3.Connection, before: datetime, at_most: int) -> int:
    return run.execute(
        "DELETE FROM centre_watched WHERE began_at IN"
        " (SELECT began_at FROM centre_watched WHERE until < ? LIMIT ?)",
        (stamp(before), at_most),
    ).rowcount
