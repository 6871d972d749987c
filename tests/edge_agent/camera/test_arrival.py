"""First packets without a time."""

from __future__ import annotations

from edge_agent.camera.arrival import MAX_HELD, Arrival, FirstTimes
from tests.support.media import START


def _arrival(pts: int | None, step: int | None = 9000) -> Arrival:
    return Arrival(b"x", pts, pts, step, pts is None, 1.0, START)


def test_the_first_packets_are_dated_back_from_the_first_that_has_a_time() -> None:
    times = FirstTimes()
    assert times.add(_arrival(None)) == []
    assert times.add(_arrival(None)) == []
    assert [one.pts for one in times.add(_arrival(50_000))] == [32_000, 41_000, 50_000]
    assert [one.pts for one in times.add(_arrival(None))] == [None]


def test_a_camera_that_never_tells_the_time_is_not_held_for_ever() -> None:
    times = FirstTimes()
    passed = [one for _ in range(MAX_HELD + 3) for one in times.add(_arrival(None))]
    assert len(passed) == MAX_HELD + 3
