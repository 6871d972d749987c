"""A table of assets: every row read or reported, none dropped in silence. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from collector.services.estate.dates import read_date
from collector.services.estate.fields import FIELDS, KIND, KIND_NAMES, KIND_WORDS, TAG, Field, Kind
from wire.names import WireModel, is_name
from wire.sheet import counts_from_1904, lines
from wire.sheet_out import unguarded

MOST_ROWS: Final = 20_000
"""While one is taken nothing else is written, for some seconds."""
MOST_REPORTED: Final = 1_000
"""Bad rows that are told one by one; the others are counted."""
Value = str | float | None
_TAG: Final = re.compile(r"[0-9A-Za-z가-힣][0-9A-Za-z가-힣._/#-]{0,39}")
_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f]")


class AssetTableError(ValueError):
    """What is no table of assets; says why."""


class BadRow(WireModel):
    """One thing that is wrong with one row."""

    row: int
    """As the spreadsheet program numbers it."""
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What one row says: only of the fields that have a column."""

    row: int
    tag: str
    kind: Kind
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Table:
    """All rows, good and bad."""

    entries: tuple[Entry, ...]
    bad: tuple[BadRow, ...] = ()
    ignored: tuple[str, ...] = ()
    """Headings that mean no field."""
    tags: frozenset[str] = frozenset()
    """Of bad rows too: what hangs on one of them is not wrong for that."""


@dataclass(frozen=True, slots=True)
class _Columns:
    tag: int
    kind: int
    fields: tuple[tuple[int, Field], ...]
    ignored: tuple[str, ...]


@dataclass
class _Reading:
    numbered_from_1904: bool | None
    entries: list[Entry] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)

    def take(self, row: int, columns: _Columns, cells: Sequence[str]) -> None:
        def cell(at: int) -> str:
            return unguarded(cells[at]) if at < len(cells) else ""

        reasons: list[str] = []
        tag, kind = cell(columns.tag), KIND_WORDS.get(_plain(cell(columns.kind)))
        if reason := bad_tag(tag):
            reasons.append(reason)
        elif tag in self.rows:
            reasons.append(f"the number {tag} stands in row {self.rows[tag]} too")
        else:
            self.rows[tag] = row
        if kind is None:
            reasons.append(_bad_kind(cell(columns.kind)))
        values: dict[str, Value] = {}
        for at, one in columns.fields:
            try:
                values[one.name] = read_value(one, cell(at), self.numbered_from_1904)
            except ValueError as error:
                reasons.append(f"{one.heading}: {error}")
        self.bad += [BadRow(row=row, reason=reason) for reason in reasons]
        if not reasons and kind is not None:
            self.entries.append(Entry(row, tag, kind, values))


def read_file(name: str, data: bytes) -> Table:
    """The assets of a CSV or XLSX file; raises AssetTableError and SheetError."""
    system = counts_from_1904(data) if data.startswith(b"PK") else None
    return read_assets(lines(name, data), numbered_from_1904=system)


def read_assets(
    told: Iterable[tuple[int, list[str]]], *, numbered_from_1904: bool | None = None
) -> Table:
    """The assets under their headings; raises AssetTableError when it is no such table."""
    reading = _Reading(numbered_from_1904)
    columns: _Columns | None = None
    for count, (row, cells) in enumerate(told):
        if not any(cells):
            continue
        if count > MOST_ROWS:
            raise AssetTableError(f"more than {MOST_ROWS:,} rows; split the table")
        if columns is None:
            columns = _columns(cells)
        else:
            reading.take(row, columns, cells)
    if columns is None:
        raise AssetTableError("the table is empty")
    return Table(
        tuple(reading.entries), tuple(reading.bad), columns.ignored, frozenset(reading.rows)
    )


def bad_tag(tag: str) -> str | None:
    """Why a text can be no asset's number; None when it can."""
    if not tag:
        return "the number (관리번호) is missing"
    if _TAG.fullmatch(tag):
        return None
    return f"{tag[:40]} is no number: 1 to 40 letters, digits and . _ / # -"


def read_value(one: Field, text: str, numbered_from_1904: bool | None = None) -> Value:
    """One field's value, None for an empty one; raises ValueError that says what is wrong."""
    told = text.strip()
    if not told:
        return None
    if len(told) > one.longest:
        raise ValueError(f"longer than {one.longest} letters")
    match one.type:
        case "date":
            return read_date(told, numbered_from_1904=numbered_from_1904).isoformat()
        case "latitude" | "longitude":
            return _degrees(told, 90.0 if one.type == "latitude" else 180.0)
        case "name":
            if not is_name(told):
                raise ValueError(f"{told[:40]} is no name like [a-z0-9-]{{1,32}}")
            return told
        case "text":
            return _BREAKS.sub(" ", told)


def _degrees(told: str, most: float) -> float:
    try:
        found = float(told)
    except ValueError:
        found = math.nan
    if not -most <= found <= most:
        raise ValueError(f"{told[:20]} is no angle between -{most:.0f} and {most:.0f}")
    return found


def _columns(cells: list[str]) -> _Columns:
    tags: list[int] = []
    kinds: list[int] = []
    fields: dict[str, tuple[int, Field]] = {}
    ignored: list[str] = []
    known = {
        _plain(heading): one for one in FIELDS for heading in (one.name, one.heading, *one.also)
    }
    for at, cell in enumerate(cells):
        heading = _plain(unguarded(cell))
        if heading in TAG:
            tags.append(at)
        elif heading in KIND:
            kinds.append(at)
        elif heading in known:
            one = known[heading]
            if one.name in fields:
                raise AssetTableError(f"two columns of {one.heading}; leave one")
            fields[one.name] = (at, one)
        elif heading:
            ignored.append(cell[:40])
    for found, names in ((tags, TAG), (kinds, KIND)):
        if len(found) != 1:
            there = ", ".join(cell for cell in cells if cell)[:200]
            many = "several columns" if found else "no column"
            raise AssetTableError(f"{many} of {names[1]} ({names[0]}) among the headings: {there}")
    return _Columns(tags[0], kinds[0], tuple(fields.values()), tuple(ignored))


def _plain(text: str) -> str:
    return "".join(text.lower().split())


def _bad_kind(told: str) -> str:
    kinds = ", ".join(KIND_NAMES.values())
    return f"unknown kind {told[:20]}: {kinds}" if told else f"the kind is missing: {kinds}"
