"""What poles were asked to keep for cases. All within the caller's transaction."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Literal

from collector.store.moments import stamp
from wire.hold import CaseHold
from wire.names import Moment, WireModel

State = Literal["asked", "placed", "refused", "released"]
_COLUMNS = (
    "hold_id, device, camera, start_at, end_at, case_number, agency, person, asked_at, state,"
    " released_at, released_by, reason, release_reason, bytes"
)


class HeldRecording(WireModel):
    """One hold as people see it."""

    hold_id: str
    device: str
    camera: str
    start_at: Moment
    end_at: Moment
    case_number: str
    agency: str
    person: str
    asked_at: Moment
    state: State
    released_at: Moment | None
    released_by: str | None
    reason: str
    release_reason: str | None
    bytes: int | None
    """As the pole told when it placed the hold, with what was yet to come; None before."""


def asked(run: sqlite3.Connection, device: str, hold: CaseHold, reason: str, now: datetime) -> None:
    """A pole is being asked to keep something."""
    run.execute(
        "INSERT INTO case_hold (hold_id, device, camera, start_at, end_at, case_number, agency,"
        " person, asked_at, reason, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'asked')",
        (
            hold.hold_id,
            device,
            hold.camera,
            stamp(hold.start_at),
            stamp(hold.end_at),
            hold.case,
            hold.agency,
            hold.person,
            stamp(now),
            reason,
        ),
    )


def answered(
    run: sqlite3.Connection,
    hold_id: str,
    state: Literal["placed", "refused"],
    size: int | None = None,
) -> None:
    """What the pole answered."""
    run.execute(
        "UPDATE case_hold SET state = ?, bytes = ? WHERE hold_id = ?", (state, size, hold_id)
    )


def released(
    run: sqlite3.Connection, hold_id: str, person: str, reason: str, now: datetime
) -> None:
    """Somebody let it go."""
    run.execute(
        "UPDATE case_hold SET state = 'released', released_at = ?, released_by = ?,"
        " release_reason = ? WHERE hold_id = ?",
        (stamp(now), person, reason, hold_id),
    )


def find(run: sqlite3.Connection, hold_id: str) -> HeldRecording | None:
    """One hold."""
    row = run.execute(f"SELECT {_COLUMNS} FROM case_hold WHERE hold_id = ?", (hold_id,)).fetchone()
    return None if row is None else HeldRecording.model_validate(dict(row))


def newest(run: sqlite3.Connection, at_most: int, *, all_states: bool) -> list[HeldRecording]:
    """Those that hold, newest first; with `all_states` the others too."""
    where = "" if all_states else "WHERE state IN ('asked', 'placed')"
    rows = run.execute(
        f"SELECT {_COLUMNS} FROM case_hold {where} ORDER BY asked_at DESC LIMIT ?", (at_most,)
    )
    return [HeldRecording.model_validate(dict(row)) for row in rows]
