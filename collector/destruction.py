"""What becomes of a copy that was provided: when it is to be destroyed, when and by whom it was."""

from __future__ import annotations

import json
import sqlite3
from datetime import date, datetime
from zoneinfo import ZoneInfo

from collector import ledger
from collector.store.moments import moment


class DestructionError(ValueError):
    """What the record does not permit; says what is possible."""


def day_of(text: str) -> date:
    """A day of the site; raises DestructionError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DestructionError(f"{text!r} is no day; write it as 2026-11-26") from None


def known(run: sqlite3.Connection, number: int) -> dict[str, str]:
    """What the ledger says of that copy: planned, on, officer, where they were given."""
    found: dict[str, str] = {}
    for (text,) in run.execute(
        "SELECT f.fields FROM ledger l JOIN ledger_fields f USING (number)"
        " WHERE l.kind = 'copy.destruction' AND json_extract(f.fields, '$.number') = ?"
        " ORDER BY l.number",
        (number,),
    ):
        fields = json.loads(text)
        found |= {name: fields[name] for name in ("planned", "on", "officer") if name in fields}
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
    if row is None or row["kind"] != "pole.export":
        raise DestructionError(f"entry {number} is no copy that was provided")
    before = known(run, number)
    if "on" in before:
        raise DestructionError(f"copy {number} was destroyed on {before['on']} already")
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
