"""Orders for devices that may be away. All within the caller's transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from collector.store.moments import stamp
from wire.command import Action

_ACTION: TypeAdapter[Action] = TypeAdapter(Action)


@dataclass(frozen=True, slots=True)
class Order:
    """One order that is due."""

    number: int
    device: str
    action: Action


def is_action(text: str) -> bool:
    """Whether it is what `add` writes."""
    try:
        _ACTION.validate_json(text)
    except ValueError:
        return False
    return True


def add(run: sqlite3.Connection, device: str, action: Action, now: datetime) -> None:
    """Have a device do something as soon as it is there."""
    run.execute(
        "INSERT INTO device_order (device, action, made_at, next_at) VALUES (?, ?, ?, ?)",
        (device, _ACTION.dump_json(action).decode(), stamp(now), stamp(now)),
    )


def due(run: sqlite3.Connection, now: datetime, at_most: int) -> list[Order]:
    """The oldest order of each device, when it is due; the end of a view waits for no other."""
    rows = run.execute(
        "SELECT number, device, action FROM device_order WHERE number IN"
        " (SELECT min(number) FROM device_order"
        " GROUP BY device, json_extract(action, '$.name') = 'whep.withdraw')"
        " AND next_at <= ? ORDER BY next_at LIMIT ?",
        (stamp(now), at_most),
    ).fetchall()
    return [Order(row[0], row[1], _ACTION.validate_json(row[2])) for row in rows]


def wake(run: sqlite3.Connection, device: str, now: datetime) -> None:
    """The device is there: what waits for it is due."""
    run.execute("UPDATE device_order SET next_at = ? WHERE device = ?", (stamp(now), device))


def later(run: sqlite3.Connection, number: int, at: datetime, error: str) -> None:
    """Not now."""
    run.execute(
        "UPDATE device_order SET next_at = ?, error = ? WHERE number = ?",
        (stamp(at), error[:500], number),
    )


def done(run: sqlite3.Connection, number: int) -> None:
    """Carried out, or never to be."""
    run.execute("DELETE FROM device_order WHERE number = ?", (number,))
