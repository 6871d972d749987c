"""How much of the time in which a camera should have been there the centre had its picture. Pure.

A moment that is owed (installed, not yet retired) is exactly one of: planned maintenance; unknown,
when the centre itself did not hear the poles; with a picture; without one. Planned maintenance is
left out. Unknown time stays in, and is never counted as a picture: nobody can claim it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce
from itertools import pairwise
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` on, before `end`."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """Whether the centre gets a camera's picture, from `at` on; `why` it does not."""

    at: datetime
    sees: bool
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """Seconds of one camera in one month, or the sum over several."""

    planned_s: float = 0.0
    unknown_s: float = 0.0
    picture_s: float = 0.0
    dark_s: float = 0.0
    outages: int = 0
    """Times that it went dark; time that nobody knows of does not part one from the next."""

    @property
    def owed_s(self) -> float:
        """What counts: all but planned maintenance."""
        return self.unknown_s + self.picture_s + self.dark_s

    @property
    def rate(self) -> float | None:
        """0..1; None when nothing was owed."""
        return self.picture_s / self.owed_s if self.owed_s > 0 else None

    def plus(self, other: Share) -> Share:
        return Share(
            self.planned_s + other.planned_s,
            self.unknown_s + other.unknown_s,
            self.picture_s + other.picture_s,
            self.dark_s + other.dark_s,
            self.outages + other.outages,
        )


def month_span(year: int, month: int, zone: ZoneInfo) -> Span:
    """A month of the site's calendar, in UTC: between moments of one zone Python reckons by its
    wall clock. Raises ValueError for what is no month."""
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    start, end = (
        datetime(*one, 1, tzinfo=zone).astimezone(UTC) for one in ((year, month), following)
    )
    return Span(start, end)


def share(
    within: Span,
    owed: Span,
    changes: Sequence[Seen],
    watched: Sequence[Span],
    planned: Sequence[Span],
) -> Share:
    """One camera in `within`. `changes` in order; before the first one there was no picture.

    `watched` and `planned` may overlap and come in any order.
    """
    start, end = max(within.start, owed.start), min(within.end, owed.end)
    if start >= end:
        return Share()
    heard, left_out = _joined(watched), _joined(planned)
    times = [one.at for one in changes]
    edges = {start, end, *times, *_edges(heard), *_edges(left_out)}
    inside = sorted(one for one in edges if start <= one <= end)
    found = Share()
    lit = True
    for begin, stop in pairwise(inside):
        seconds = (stop - begin).total_seconds()
        if _covers(left_out, begin):
            found, lit = replace(found, planned_s=found.planned_s + seconds), True
        elif not _covers(heard, begin):
            found = replace(found, unknown_s=found.unknown_s + seconds)
        elif (at := bisect_right(times, begin)) and changes[at - 1].sees:
            found, lit = replace(found, picture_s=found.picture_s + seconds), True
        else:
            outages = found.outages + lit
            found, lit = replace(found, dark_s=found.dark_s + seconds, outages=outages), False
    return found


def together(shares: Iterable[Share]) -> Share:
    """Their sum: its rate weighs each camera by the time that it owed."""
    return reduce(Share.plus, shares, Share())


def _joined(spans: Iterable[Span]) -> list[Span]:
    """The same time, in order and without overlaps."""
    found: list[Span] = []
    for one in sorted(spans, key=lambda one: one.start):
        if one.start >= one.end:
            continue
        if found and one.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def _edges(spans: Iterable[Span]) -> Iterable[datetime]:
    return (edge for one in spans for edge in (one.start, one.end))


def _covers(joined: Sequence[Span], at: datetime) -> bool:
    index = bisect_right(joined, at, key=lambda one: one.start)
    return index > 0 and at < joined[index - 1].end
