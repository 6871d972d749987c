"""What becomes of a copy that was provided: when it is to be destroyed, when and by whom it was."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from collector import ledger
from collector.provision_record import COPIES
from collector.store.moments import moment


class DestructionError(ValueError):
    """What the record does not permit; says what is possible."""


def day_of(text: str) -> date:
    """A day of the site; raises DestructionError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DestructionError(f"{text!r} is no day; write it as 2026-11-26") from None


@dataclass(frozen=True, slots=True)
class Fate:
    """What the ledger says of a copy; days as `2026-11-26`, None where nothing was entered."""

    planned: str | None = None
    on: str | None = None
    officer: str | None = None
    entered_at: datetime | None = None
    """When the newest of it was entered."""


def known(run: sqlite3.Connection, number: int) -> Fate:
    """What the ledger says of the copy of that entry."""
    found = Fate()
    for at, text in run.execute(
        "SELECT l.at, f.fields FROM ledger l JOIN ledger_fields f USING (number)"
        " WHERE l.kind = 'copy.destruction' AND json_extract(f.fields, '$.number') = ?"
        " ORDER BY l.number",
        (number,),
    ):
        fields = json.loads(text)
        given = {name: fields[name] for name in ("planned", "on", "officer") if name in fields}
        found = replace(found, entered_at=moment(at), **given)
    return found


def enter(
    run: sqlite3.Connection,
    now: datetime,
    zone: ZoneInfo,
    number: int,
    *,
    planned: str | None,
    on: str | None,
    officer: str | None,
    person: str,
) -> None:
    """Write one of them, or all, within the caller's transaction; raises DestructionError."""
    if planned is None and on is None:
        raise DestructionError("give the planned day, or the day and the officer")
    if (on is None) != (officer is None):
        raise DestructionError("who destroyed it and when belong together")
    row = run.execute("SELECT kind, at FROM ledger WHERE number = ?", (number,)).fetchone()
    if row is None or row["kind"] not in COPIES:
        raise DestructionError(f"entry {number} is no copy that was provided")
    before = known(run, number)
    if before.on is not None:
        raise DestructionError(f"copy {number} was destroyed on {before.on} already")
    provided, today = moment(row["at"]).astimezone(zone).date(), now.astimezone(zone).date()
    for text in (planned, on):
        if text is not None and day_of(text) < provided:
            raise DestructionError(f"{text} lies before the day on which it was provided")
    if on is not None and day_of(on) > today:
        raise DestructionError(f"{on} has not come yet; enter it as the planned day")
    fields = {
        "number": number,
        "planned": planned,
        "on": on,
        "officer": officer,
        "person": person,
    }
    ledger.append(run, now, "copy.destruction", fields)
