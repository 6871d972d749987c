"""Tables as CSV and XLSX that a spreadsheet program opens without running anything in them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Final

Cell = str | int | float | None
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that spreadsheet programs run (OWASP, CSV injection)."""
_GUARDED: Final = re.compile(r"'(?=[=+\-@\t\r'])")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def csv_bytes(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with its mark, as Korean Excel wants it; CRLF.

    A text that a program might run, or that already begins with such a guard, has `'` before it:
    `unguarded` takes that away again.
    """
    told = io.StringIO(newline="")
    writer = csv.writer(told)
    writer.writerow([_guarded(one) for one in headings])
    writer.writerows([_guarded(one) for one in row] for row in rows)
    return told.getvalue().encode("utf-8-sig")


def xlsx_bytes(title: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """One sheet with its headings fixed; texts are texts, whatever they begin with."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"

    def cell(value: Cell) -> object:
        if not isinstance(value, str):
            return value
        text = _UNPRINTABLE.sub(" ", value)
        # `unguarded` would take its apostrophe for ours.
        made = WriteOnlyCell(sheet, value=f"'{text}" if _GUARDED.match(text) else text)
        made.data_type = "s"
        if value.startswith(FORMULA):
            made.quotePrefix = True
        return made

    sheet.append([cell(one) for one in headings])
    for row in rows:
        sheet.append([cell(one) for one in row])
    told = io.BytesIO()
    book.save(told)
    return told.getvalue()


def unguarded(text: str) -> str:
    """What a cell said before `csv_bytes` guarded it."""
    return text[1:] if _GUARDED.match(text) else text


def _guarded(value: Cell) -> Cell:
    if not isinstance(value, str):
        return value
    text = _UNPRINTABLE.sub(" ", value)
    return f"'{text}" if text.startswith(FORMULA) or _GUARDED.match(text) else text
