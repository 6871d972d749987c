"""Times of passages noted before the box knew the time, set right once it does."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a passage was, by both clocks of the box."""

    wall: datetime
    monotonic_s: float


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def seconds_to_us(seconds: float) -> int:
    """Of a monotonic clock."""
    return round(seconds * 1e6)


def set_right(
    run: sqlite3.Connection,
    own: str,
    now: datetime,
    monotonic_s: float,
    opened_s: float,
    keep: timedelta,
) -> int:
    """Give passages noted without a kept clock their time; how many.

    Those of the run `own` are as old as its monotonic clock says, which shows `monotonic_s` at
    `now`. Of earlier runs it is known only that they were over when this one began, at `opened_s`
    of the same clock: their own time stands where that is possible, and is this beginning else.
    In the caller's transaction.
    """
    zero_us = to_us(now) - seconds_to_us(monotonic_s)
    opened_us = zero_us + seconds_to_us(opened_s)
    ours = run.execute(
        "UPDATE passage SET at_us = ? + mono_us, mono_us = NULL, run = NULL WHERE run = ?",
        (zero_us, own),
    )
    earlier = run.execute(
        "UPDATE passage SET at_us = iif(at_us BETWEEN ? AND ?, at_us, ?), mono_us = NULL,"
        " run = NULL WHERE run IS NOT NULL",
        (to_us(now - keep), opened_us, opened_us),
    )
    return ours.rowcount + earlier.rowcount
