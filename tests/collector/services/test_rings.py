"""Ways of escape by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from collector.services.place import Point, moved
from collector.services.rings import rings

PLACE = Point(37.5371, 126.7377)


def at(name: str, metres: float) -> tuple[str, str, Point]:
    return ("pole-1", name, moved(PLACE, metres, 0))


def test_cameras_stand_in_the_ring_in_which_a_runner_reaches_them() -> None:
    found = rings(PLACE, [at("far", 500), at("near", 90), at("edge", 180), at("next", 181)])
    assert [(one.minutes, [c.camera for c in one.cameras]) for one in found] == [
        (1, ["near", "edge"]),
        (2, ["next"]),
        (3, ["far"]),
        (5, []),
        (10, []),
    ]


def test_one_at_the_place_itself_is_in_the_first_and_one_too_far_in_none() -> None:
    found = rings(PLACE, [at("here", 0), at("beyond", 1801)])
    assert [c.camera for ring in found for c in ring.cameras] == ["here"]


def test_a_window_runs_from_the_fastest_to_the_slowest() -> None:
    (passing,) = rings(PLACE, [at("c", 168)])[0].cameras
    since = datetime(2026, 3, 1, tzinfo=UTC)
    begin, end = passing.window(since)
    assert begin == since + timedelta(seconds=12)
    assert end == since + timedelta(seconds=196)
    assert passing.direction_deg == 90
