"""Reads of personal data, as the ledger has them. All within the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

from collector.store.moments import moment, stamp
from wire.names import Moment

KIND = "personal.read"


class ReadEntry(BaseModel):
    """One read, as the ledger has it; without fields where they were erased in their time."""

    number: int
    at: Moment
    person: str | None = None
    agency: str | None = None
    what: str | None = None
    record: str | None = None
    case: str | None = None
    purpose: str | None = None
    asked: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFilter:
    """Each that is given must fit; texts as they stand in the entry."""

    person: str | None = None
    agency: str | None = None
    what: str | None = None
    record: str | None = None
    case: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def entries(
    run: sqlite3.Connection, wanted: ReadFilter, *, before: int | None = None, newest: bool = True
) -> Iterator[ReadEntry]:
    """Reads that fit, the newest first or in the order of the chain."""
    where, values = ["l.kind = ?"], [KIND]
    for name in ("person", "agency", "what", "record", "case"):
        asked = getattr(wanted, name)
        if asked:
            where.append(f"json_extract(f.fields, '$.{name}') = ?")
            values.append(asked)
    for clause, at in (("l.at >= ?", wanted.since), ("l.at < ?", wanted.until)):
        if at is not None:
            where.append(clause)
            values.append(stamp(at))
    if before is not None:
        where.append("l.number < ?")
        values.append(str(before))
    rows = run.execute(
        "SELECT l.number, l.at, f.fields FROM ledger l LEFT JOIN ledger_fields f USING (number)"
        f" WHERE {' AND '.join(where)} ORDER BY l.number {'DESC' if newest else 'ASC'}",
        values,
    )
    for row in rows:
        fields = {} if row[2] is None else json.loads(row[2])
        yield ReadEntry(number=row[0], at=moment(row[1]), **fields)
