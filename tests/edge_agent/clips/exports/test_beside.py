"""How much of a path a file gets: what the picture leaves, and nothing while pictures wait."""

from __future__ import annotations

import asyncio

import pytest

from edge_agent.clips.exports.beside import (
    BACKLOG_S,
    HEADROOM,
    LEAST_SHARE,
    MOST_BPS,
    Beside,
    room_bps,
)
from tests.edge_agent.clips.test_pump import Bench, on_bench
from wire.export import CHUNK


@pytest.mark.parametrize(
    ("rate", "picture", "backlog_s", "room"),
    [
        (12e6, 4e6, 0.0, 0.9 * 12e6 - 4e6),
        (12e6, 0.0, 0.0, 0.9 * 12e6),
        (4e6, 4e6, 0.0, LEAST_SHARE * 4e6),
        (1e6, 4e6, 0.0, LEAST_SHARE * 1e6),
        (60e6, 4e6, 0.0, MOST_BPS),
        (12e6, 4e6, BACKLOG_S + 0.01, 0.0),
    ],
)
def test_the_picture_goes_first(rate: float, picture: float, backlog_s: float, room: float) -> None:
    assert room_bps(rate, picture, backlog_s) == pytest.approx(room)


async def _send(bench: Bench, seconds: float) -> float:
    """Bits a second of a file that is always there."""
    pace, loop = Beside(bench.pump), asyncio.get_running_loop()
    begins_s, sent = loop.time(), 0
    while loop.time() < begins_s + seconds:
        await pace.turn(CHUNK)
        sent += CHUNK
    return sent * 8 / (loop.time() - begins_s)


@pytest.mark.parametrize("rate_bps", [4e6, 10e6])
def test_a_file_leaves_the_picture_its_rate(rate_bps: float) -> None:
    """2.7 Mbit/s of pictures, 25 a second, on a path of known rate."""

    async def work(bench: Bench) -> None:
        begins_s = asyncio.get_running_loop().time()
        file_bps = await _send(bench, 8)
        assert bench.pump.thinned == 0
        assert bench.pictures(begins_s) >= 8 * 25 - 5
        assert file_bps == pytest.approx(HEADROOM * rate_bps - 2.7e6, rel=0.15)

    on_bench(work, keyframe=40_000, rate_bps=rate_bps)


def test_where_the_picture_needs_all_of_the_path_the_file_crawls() -> None:
    async def work(bench: Bench) -> None:
        file_bps = await _send(bench, 8)
        assert file_bps <= 1.1 * LEAST_SHARE * 2e6

    on_bench(work, rate_bps=2e6)


def test_what_a_file_takes_counts_as_carried() -> None:
    """Else a report of the picture alone would cut the path to the picture's own rate."""

    async def work(bench: Bench) -> None:
        await asyncio.sleep(1)
        before = len(bench.sent)
        bench.pump.note_beside(1_000_000, 0.5)
        await bench.report(lost=0, until=before)
        assert bench.pump.path.arrived[-1] > 8e6
        assert bench.pump.path.rate_bps > 12e6

    on_bench(work)
