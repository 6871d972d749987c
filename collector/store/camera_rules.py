"""Revisions of each camera's rules. All within the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from collector.store.moments import moment, stamp

State = Literal["waiting", "applied", "refused", "passed-over"]
KEPT = 200
"""Revisions of one camera; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One writing of a camera's rules."""

    device: str
    camera: str
    revision: int
    sha256: str
    replaces_sha256: str | None
    configuration: dict[str, Any]
    made_at: datetime
    made_by: str | None
    reason: str
    state: State
    state_at: datetime
    code: str | None = None
    detail: str | None = None


def is_whole(row: dict[str, object]) -> bool:
    """Whether a row can be what `add` writes."""
    try:
        moment(str(row["made_at"]))
        moment(str(row["state_at"]))
        return isinstance(json.loads(str(row["configuration"])), dict) and (
            row["state"] in get_args(State)
        )
    except (KeyError, ValueError):
        return False


def add(run: sqlite3.Connection, one: Revision) -> None:
    """A new revision; one that still waited for the box is passed over."""
    run.execute(
        "UPDATE camera_rules SET state = 'passed-over', state_at = ?"
        " WHERE device = ? AND camera = ? AND state = 'waiting'",
        (stamp(one.made_at), one.device, one.camera),
    )
    run.execute(
        "INSERT INTO camera_rules VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            one.device, one.camera, one.revision, one.sha256, one.replaces_sha256,
            json.dumps(one.configuration, ensure_ascii=False), stamp(one.made_at), one.made_by,
            one.reason, one.state, stamp(one.state_at), one.code, one.detail,
        ),
    )  # fmt: skip
    run.execute(
        "DELETE FROM camera_rules WHERE device = ? AND camera = ? AND revision <= ?",
        (one.device, one.camera, one.revision - KEPT),
    )


def all_of(run: sqlite3.Connection, device: str, camera: str) -> list[Revision]:
    """Of one camera, the newest first."""
    rows = run.execute(
        "SELECT * FROM camera_rules WHERE device = ? AND camera = ? ORDER BY revision DESC",
        (device, camera),
    )
    return [_revision(row) for row in rows]


def newest(run: sqlite3.Connection) -> list[Revision]:
    """Of every camera that has one."""
    rows = run.execute(
        "SELECT * FROM camera_rules c WHERE revision = (SELECT max(revision) FROM camera_rules"
        " WHERE device = c.device AND camera = c.camera) ORDER BY device, camera"
    )
    return [_revision(row) for row in rows]


def hashes(run: sqlite3.Connection, device: str, camera: str) -> set[str]:
    """Of all writings that are known here of a camera's rules."""
    rows = run.execute(
        "SELECT sha256 FROM camera_rules WHERE device = ? AND camera = ?", (device, camera)
    )
    return {row[0] for row in rows}


def settle(
    run: sqlite3.Connection,
    one: Revision,
    state: State,
    now: datetime,
    code: str | None = None,
    detail: str | None = None,
) -> None:
    """The box has said what it thinks of it; nothing when it was passed over meanwhile."""
    run.execute(
        "UPDATE camera_rules SET state = ?, state_at = ?, code = ?, detail = ?"
        " WHERE device = ? AND camera = ? AND revision = ? AND state <> 'passed-over'",
        (state, stamp(now), code, detail, one.device, one.camera, one.revision),
    )


def _revision(row: sqlite3.Row) -> Revision:
    return Revision(
        device=row["device"],
        camera=row["camera"],
        revision=row["revision"],
        sha256=row["sha256"],
        replaces_sha256=row["replaces_sha256"],
        configuration=json.loads(row["configuration"]),
        made_at=moment(row["made_at"]),
        made_by=row["made_by"],
        reason=row["reason"],
        state=row["state"],
        state_at=moment(row["state_at"]),
        code=row["code"],
        detail=row["detail"],
    )
