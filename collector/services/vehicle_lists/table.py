"""A list as its owner sends it: every row read or reported, none dropped in silence. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from collector.said import korean
from wire.names import WireModel
from wire.plate_text import can_be_listed, normalise

MOST_ENTRIES: Final = 200_000
"""What a pole holds of all its lists together."""
MOST_REPORTED: Final = 1_000
"""Bad rows that an answer tells one by one; a report has all of them."""
REPORT: Final = ("행", "사유", "reason")
"""Headings of a report."""
PLATE: Final = ("plate", "차량번호", "자동차번호", "자동차등록번호", "등록번호", "번호판", "번호")
NOTE: Final = ("note", "비고", "관리번호", "사유", "참고", "memo")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}([ T].*)?")


class ListError(ValueError):
    """A table that is no list; says why."""


class BadRow(WireModel):
    """One row that is not taken."""

    row: int
    """As the spreadsheet program numbers it."""
    reason: str
    """In English; the owner's own words are not repeated: they may hold a person's data."""


class Bad(NamedTuple):
    """A row that is not taken, small: a table may have a million."""

    row: int
    why: str
    other: int | None = None
    """The row that `why` names as `{row}`."""

    def told(self) -> BadRow:
        return BadRow(row=self.row, reason=self.why.format(row=self.other))


@dataclass(frozen=True, slots=True)
class Table:
    """What was read."""

    entries: Mapping[str, str | None]
    """Plate in normal form to the owner's note."""
    bad: Sequence[Bad] = ()
    """Every one of them."""
    repeated: int = 0
    """Rows that say the same as one before."""

    def first_bad(self) -> tuple[BadRow, ...]:
        """At most MOST_REPORTED."""
        return tuple(one.told() for one in self.bad[:MOST_REPORTED])

    def report(self) -> Iterator[tuple[int, str, str]]:
        """Every bad row under REPORT."""
        reasons = {why: korean(why) or why for why in {one.why for one in self.bad}}
        for one in self.bad:
            yield one.row, reasons[one.why].format(row=one.other), one.why.format(row=one.other)


@dataclass
class _Reading:
    entries: dict[str, str | None] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    bad: list[Bad] = field(default_factory=list)
    repeated: int = 0

    def refuse(self, row: int, why: str, other: int | None = None) -> None:
        self.bad.append(Bad(row, why, other))

    def take(self, row: int, plate: str, note: str | None) -> None:
        if _DATE.fullmatch(plate):
            return self.refuse(row, "a date: the column's format in the spreadsheet is not text")
        text = normalise(plate)
        if not text:
            return self.refuse(row, "no plate")
        if not can_be_listed(text) or not any(one.isalpha() for one in text):
            return self.refuse(row, "not a whole plate: 4 to 24 letters and digits, some of each")
        before = self.entries.get(text)
        if text not in self.entries:
            self.entries[text], self.rows[text] = note, row
        elif before == note:
            self.repeated += 1
        else:
            self.refuse(row, "the plate of row {row} with another note", self.rows[text])
        return None


def read_table(told: Iterable[tuple[int, list[str]]]) -> Table:
    """The list under its headings; raises ListError when it has no column of plates, or too many
    entries for a pole."""
    reading = _Reading()
    columns: tuple[int, int | None] | None = None
    for row, cells in told:
        if not any(cells):
            continue
        if columns is None:
            columns = _columns(cells)
            continue
        plate, note = columns
        said = cells[note][:120] if note is not None and note < len(cells) else ""
        reading.take(row, cells[plate] if plate < len(cells) else "", said or None)
        if len(reading.entries) > MOST_ENTRIES:
            raise ListError(f"more than {MOST_ENTRIES:,} plates; a pole holds no more, split it")
    if columns is None:
        raise ListError("the table is empty")
    return Table(reading.entries, reading.bad, reading.repeated)


def _columns(cells: list[str]) -> tuple[int, int | None]:
    headings = ["".join(cell.lower().split()) for cell in cells]
    plates = [at for at, heading in enumerate(headings) if heading in PLATE]
    notes = [at for at, heading in enumerate(headings) if heading in NOTE]
    if not plates:
        there = ", ".join(cell for cell in cells if cell)[:200]
        raise ListError(f"no column of plates ({', '.join(PLATE[:3])}) among the headings: {there}")
    if len(plates) > 1:
        raise ListError("several columns of plates; leave one")
    return plates[0], notes[0] if notes else None
