"""Work orders, their steps, and the faults behind them. All within the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from collector.services.estate.availability import Span
from collector.store.moments import moment, moment_or_none, stamp

OrderState = Literal["open", "done", "closed"]
What = Literal["opened", "assigned", "noted", "photo", "done", "reopened", "closed"]
ORDER_STATES: tuple[OrderState, ...] = get_args(OrderState)
WHATS: tuple[What, ...] = get_args(What)


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """One piece of work on one asset."""

    number: int
    asset_id: str
    fault: str | None
    title: str | None
    state: OrderState
    planned: Span | None
    broken_at: datetime
    opened_at: datetime
    opened_by: str | None
    assigned_to: str | None
    done_at: datetime | None
    done_by: str | None
    mended_at: datetime | None
    closed_at: datetime | None
    reopened: int

    @property
    def repair_s(self) -> float | None:
        """Time to repair: from when it broke until it was well again."""
        return (self.mended_at - self.broken_at).total_seconds() if self.mended_at else None


@dataclass(frozen=True, slots=True)
class WorkStep:
    """What was done, by whom; None: by the centre itself."""

    at: datetime
    person: str | None
    what: What
    note: str | None
    photo: str | None


@dataclass(frozen=True, slots=True)
class LastingFault:
    """A fault of an asset; `gone_at` None while it lasts."""

    asset_id: str
    fault: str
    since: datetime
    gone_at: datetime | None


def open_order(
    run: sqlite3.Connection,
    asset_id: str,
    now: datetime,
    *,
    fault: str | None = None,
    title: str | None = None,
    planned: Span | None = None,
    broken_at: datetime | None = None,
    person: str | None = None,
    note: str | None = None,
) -> int:
    """Its number. Raises sqlite3.IntegrityError when this fault of this asset has an open one."""
    number = run.execute(
        "INSERT INTO work_order (asset_id, fault, title, state, planned_from, planned_to,"
        " broken_at, opened_at, opened_by) VALUES (?, ?, ?, 'open', ?, ?, ?, ?, ?)",
        (
            asset_id, fault, title,
            planned and stamp(planned.start), planned and stamp(planned.end),
            stamp(broken_at or now), stamp(now), person,
        ),
    ).lastrowid  # fmt: skip
    assert number is not None, "an INSERT has a row"
    add_step(run, number, now, "opened", person, note)
    return number


def add_step(
    run: sqlite3.Connection,
    number: int,
    now: datetime,
    what: What,
    person: str | None,
    note: str | None = None,
    photo: str | None = None,
) -> None:
    run.execute(
        "INSERT INTO work_step VALUES (?, ?, ?, ?, ?, ?)",
        (number, stamp(now), person, what, note, photo),
    )


def assign(run: sqlite3.Connection, number: int, to: str | None) -> None:
    run.execute("UPDATE work_order SET assigned_to = ? WHERE number = ?", (to, number))


def done(run: sqlite3.Connection, number: int, now: datetime, person: str) -> None:
    """Somebody says so; the state must bear it out."""
    run.execute(
        "UPDATE work_order SET state = 'done', done_at = ?, done_by = ? WHERE number = ?",
        (stamp(now), person, number),
    )


def reopen(run: sqlite3.Connection, number: int) -> None:
    run.execute(
        "UPDATE work_order SET state = 'open', done_at = NULL, done_by = NULL, mended_at = NULL,"
        " reopened = reopened + 1 WHERE number = ?",
        (number,),
    )


def close(run: sqlite3.Connection, number: int, mended_at: datetime, now: datetime) -> None:
    run.execute(
        "UPDATE work_order SET state = 'closed', mended_at = ?, closed_at = ? WHERE number = ?",
        (stamp(mended_at), stamp(now), number),
    )


def find(run: sqlite3.Connection, number: int) -> WorkOrder | None:
    row = run.execute("SELECT * FROM work_order WHERE number = ?", (number,)).fetchone()
    return None if row is None else _order(row)


def of_asset(run: sqlite3.Connection, asset_id: str, at_most: int) -> list[WorkOrder]:
    """The newest first."""
    return [
        _order(row)
        for row in run.execute(
            "SELECT * FROM work_order WHERE asset_id = ? ORDER BY number DESC LIMIT ?",
            (asset_id, at_most),
        )
    ]


def not_closed(run: sqlite3.Connection) -> list[WorkOrder]:
    """The oldest first."""
    rows = run.execute("SELECT * FROM work_order WHERE state <> 'closed' ORDER BY number")
    return [_order(row) for row in rows]


def steps(run: sqlite3.Connection, number: int) -> list[WorkStep]:
    """In the order they were taken."""
    rows = run.execute("SELECT * FROM work_step WHERE number = ? ORDER BY at, rowid", (number,))
    return [
        WorkStep(moment(row["at"]), row["person"], row["what"], row["note"], row["photo"])
        for row in rows
    ]


def planned(run: sqlite3.Connection, within: Span) -> dict[str, list[Span]]:
    """Planned maintenance by asset.

    It counts from when it was announced until its work was closed: what is declared afterwards
    excuses nothing.
    """
    rows = run.execute(
        "SELECT * FROM work_order WHERE planned_from < ? AND planned_to > ?",
        (stamp(within.end), stamp(within.start)),
    )
    found: defaultdict[str, list[Span]] = defaultdict(list)
    for row in rows:
        one = _order(row)
        if one.planned is not None:
            start = max(one.planned.start, one.opened_at)
            end = min(one.planned.end, one.closed_at or one.planned.end)
            found[one.asset_id].append(Span(start, end))
    return dict(found)


def faults(run: sqlite3.Connection) -> list[LastingFault]:
    rows = run.execute("SELECT * FROM asset_fault")
    return [
        LastingFault(
            row["asset_id"], row["fault"], moment(row["since"]), moment_or_none(row["gone_at"])
        )
        for row in rows
    ]


def keep_fault(run: sqlite3.Connection, one: LastingFault) -> None:
    gone = None if one.gone_at is None else stamp(one.gone_at)
    run.execute(
        "INSERT OR REPLACE INTO asset_fault VALUES (?, ?, ?, ?)",
        (one.asset_id, one.fault, stamp(one.since), gone),
    )


def forget_fault(run: sqlite3.Connection, one: LastingFault) -> None:
    run.execute(
        "DELETE FROM asset_fault WHERE asset_id = ? AND fault = ?", (one.asset_id, one.fault)
    )


def erase(run: sqlite3.Connection, before: datetime, at_most: int) -> int:
    """Delete what was closed before then, with its steps; how many."""
    return run.execute(
        "DELETE FROM work_order WHERE number IN"
        " (SELECT number FROM work_order WHERE closed_at < ? LIMIT ?)",
        (stamp(before), at_most),
    ).rowcount


def _order(row: sqlite3.Row) -> WorkOrder:
    start, end = moment_or_none(row["planned_from"]), moment_or_none(row["planned_to"])
    return WorkOrder(
        number=row["number"],
        asset_id=row["asset_id"],
        fault=row["fault"],
        title=row["title"],
        state=row["state"],
        planned=Span(start, end) if start and end else None,
        broken_at=moment(row["broken_at"]),
        opened_at=moment(row["opened_at"]),
        opened_by=row["opened_by"],
        assigned_to=row["assigned_to"],
        done_at=moment_or_none(row["done_at"]),
        done_by=row["done_by"],
        mended_at=moment_or_none(row["mended_at"]),
        closed_at=moment_or_none(row["closed_at"]),
        reopened=row["reopened"],
    )
