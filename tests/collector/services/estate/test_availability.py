"""A camera's month, against what somebody would count who looked every second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.services.estate.availability import (
    Seen,
    Share,
    Span,
    month_span,
    share,
    together,
)

ZERO = datetime(2026, 3, 1, tzinfo=UTC)
LENGTH = 120
"""Seconds that the naive count looks at, and some on both sides."""
second = st.integers(-30, LENGTH + 30)


def at(seconds: float) -> datetime:
    return ZERO + timedelta(seconds=seconds)


def span(start: float, end: float) -> Span:
    return Span(at(start), at(end))


spans = st.lists(st.tuples(second, second).map(lambda two: span(*two)), max_size=5)
changes = st.lists(st.tuples(second, st.booleans()), max_size=8, unique_by=lambda one: one[0]).map(
    lambda found: [Seen(at(one), sees) for one, sees in sorted(found)]
)


def naive(
    within: Span, owed: Span, changed: list[Seen], watched: list[Span], planned: list[Span]
) -> Share:
    """Second by second."""
    counts = {"planned": 0, "unknown": 0, "picture": 0, "dark": 0}
    outages, lit = 0, True
    for n in range(LENGTH):
        now = at(n)
        if not (within.start <= now < within.end and owed.start <= now < owed.end):
            continue
        before = [one for one in changed if one.at <= now]
        if any(one.start <= now < one.end for one in planned):
            part = "planned"
        elif not any(one.start <= now < one.end for one in watched):
            part = "unknown"
        else:
            part = "picture" if before and before[-1].sees else "dark"
        outages += part == "dark" and lit
        lit = part in ("planned", "picture") or (part == "unknown" and lit)
        counts[part] += 1
    return Share(counts["planned"], counts["unknown"], counts["picture"], counts["dark"], outages)


@given(st.tuples(second, second).map(lambda two: span(*two)), changes, spans, spans)
def test_a_month_is_what_a_count_second_by_second_gives(
    owed: Span, changed: list[Seen], watched: list[Span], planned: list[Span]
) -> None:
    within = span(0, LENGTH)
    found = share(within, owed, changed, watched, planned)
    assert found == naive(within, owed, changed, watched, planned)
    cut = [share(span(*part), owed, changed, watched, planned) for part in ((0, 50), (50, LENGTH))]
    parts = together(cut)
    assert (parts.owed_s, parts.planned_s, parts.picture_s) == (
        found.owed_s, found.planned_s, found.picture_s,
    )  # fmt: skip


def test_a_day_by_hand() -> None:
    """24 h: 6 unknown, of the other 18 two planned and three dark: 13 of 22 owed hours."""
    hour = 3600
    day = span(0, 24 * hour)
    found = share(
        day,
        day,
        [Seen(at(-hour), True), Seen(at(8 * hour), False), Seen(at(13 * hour), True)],
        [span(0, 18 * hour)],
        [span(9 * hour, 11 * hour)],
    )
    assert found == Share(2 * hour, 6 * hour, 13 * hour, 3 * hour, 2)
    assert found.rate == 13 / 22


@pytest.mark.parametrize(
    ("zone", "hours"), [("Asia/Seoul", 31 * 24), ("Europe/Berlin", 31 * 24 - 1), ("UTC", 31 * 24)]
)
def test_a_month_begins_and_ends_at_the_site_s_midnight(zone: str, hours: int) -> None:
    march = month_span(2026, 3, ZoneInfo(zone))
    always = share(march, march, [Seen(march.start, True)], [march], [])
    assert always == Share(picture_s=hours * 3600.0)
    assert always.rate == 1.0
    december = month_span(2026, 12, ZoneInfo(zone))
    assert december.end.astimezone(ZoneInfo(zone)) == datetime(2027, 1, 1, tzinfo=ZoneInfo(zone))


def test_what_was_never_owed_has_no_rate() -> None:
    assert share(span(0, 10), span(20, 30), [], [], []).rate is None
    assert together([]).rate is None
