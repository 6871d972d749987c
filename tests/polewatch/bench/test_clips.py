"""Counting what was lost on the way, and what nineteen of twenty stay under."""

from __future__ import annotations

import pytest

from polewatch.bench.clips import Percentiles, lost, percentiles

LOOP = [f"{number}" for number in range(300)]
RECORDED = LOOP * 3


@pytest.mark.parametrize(
    ("seen", "missing"),
    [
        ([], 0),
        (LOOP[10:30], 0),
        (LOOP[290:] + LOOP + LOOP[:5], 0),
        (LOOP[10:20] + LOOP[21:30], 1),
        (LOOP[290:299] + LOOP[2:9], 3),
        # A keyframe was asked for again, and the pictures since came with it.
        (LOOP[10:30] + LOOP[20:40], 0),
        (LOOP[10:15] + LOOP[18:30] + LOOP[20:40], 3),
        ([*LOOP[10:20], "foreign", *LOOP[20:30]], 0),
        # The last is not on the disk yet; its like of a round ago is not it.
        ([*LOOP[295:], *LOOP, *LOOP, LOOP[5]], 0),
    ],
)
def test_pictures_that_never_came(seen: list[str], missing: int) -> None:
    assert lost(seen, RECORDED) == missing


def test_percentiles() -> None:
    assert percentiles([float(n) for n in range(1, 31)]) == Percentiles(15.5, 29.0)
    assert percentiles([7.0]) == Percentiles(7.0, 7.0)
