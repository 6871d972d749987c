"""Days as Korean offices write them, and as spreadsheets number them. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

EARLIEST, LATEST = date(1970, 1, 1), date(2100, 12, 31)
_EPOCH: Final = {False: date(1899, 12, 30), True: date(1904, 1, 1)}
"""Day 0. Excel's 1900 system takes 1900 for a leap year: from March 1900 on it counts from here."""
_TIME: Final = r"(?:[ T]+0?0:00(?::00)?(?:\.0+)?)?"
_SEPARATED: Final = re.compile(
    rf"(\d{{4}})\s*(?:[-/.]|년)\s*(\d{{1,2}})\s*(?:[-/.]|월)\s*(\d{{1,2}})\s*(?:[.]|일)?{_TIME}"
)
_RUN_ON: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SHORT_YEAR: Final = re.compile(r"'?\d{2}\s*[-/.년]\s*\d{1,2}(?:\s*[-/.월].*)?")
_NUMBER: Final = re.compile(r"(\d{4,6})(?:\.\d+)?")
_MONTH: Final = re.compile(r"\d{4}\s*[-/.년]\s*\d{1,2}\s*[.월]?")


def read_date(text: str, *, numbered_from_1904: bool | None = None) -> date:
    """The day that `text` means; raises ValueError that says why there is none.

    `2026-03-01`, `2026. 3. 1.`, `2026년 3월 1일`, `2026/3/1`, `20260301`; in a workbook also the
    number of a day. `numbered_from_1904` is the workbook's system; None: numbers mean nothing.
    """
    told = text.strip()
    if found := _SEPARATED.fullmatch(told) or _RUN_ON.fullmatch(told):
        return _within(told, *(int(part) for part in found.groups()))
    if found := _NUMBER.fullmatch(told):
        if numbered_from_1904 is None:
            raise ValueError(f"{told} is a spreadsheet's day number; write it as 2026-03-01")
        day = _EPOCH[numbered_from_1904] + timedelta(days=int(found[1]))
        return _within(told, day.year, day.month, day.day)
    if _SHORT_YEAR.fullmatch(told):
        raise ValueError(f"{told[:20]}: the year has two digits; write it as 2026-03-01")
    if _MONTH.fullmatch(told):
        raise ValueError(f"{told[:20]}: the day is missing; write it as 2026-03-01")
    raise ValueError(f"{told[:20]} is no date; write it as 2026-03-01")


def _within(told: str, year: int, month: int, day: int) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        raise ValueError(f"{told[:20]}: there is no such day") from None
    if not EARLIEST <= found <= LATEST:
        raise ValueError(f"{told[:20]} means {found}, which is not between 1970 and 2100")
    return found
