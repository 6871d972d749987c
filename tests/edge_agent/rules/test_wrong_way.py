"""Wrong way: moving on against the direction, not standing, swaying or crossing the road."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge_agent.rules.base import build_rules
from edge_agent.scene import Point, Track
from tests.edge_agent.rules.driving import SEOUL, document, phases, play, rule
from tests.edge_agent.scenes import along, track
from wire.camera_rules import CameraRules

WEST, EAST = (0.22, 0.7), (0.78, 0.7)
"""The street runs from west to east, from left to right in the picture."""


def drives(start: Point, end: Point, seconds: float = 5) -> Callable[[float], list[Track]]:
    return lambda t: [track(1, along(start, end, min(1, t / seconds)), label="car")]


def test_a_vehicle_against_the_arrow_is_told_once_and_closed() -> None:
    said = play(rule(type="wrong_way"), 20, drives(EAST, WEST))
    assert [finding.phase for _, finding in said] == ["open", "close"]
    assert 1.0 <= said[0][0] <= 2.5
    assert said[0][1].start_s == pytest.approx(0, abs=1.0)


def test_a_vehicle_along_the_arrow_is_not_told() -> None:
    assert play(rule(type="wrong_way"), 20, drives(WEST, EAST)) == []


def test_crossing_the_road_is_not_wrong() -> None:
    assert play(rule(type="wrong_way"), 8, drives((0.5, 0.99), (0.49, 0.45))) == []


def test_who_stands_and_sways_is_not_wrong() -> None:
    def sways(now_s: float) -> list[Track]:
        return [track(1, (0.5 + 0.02 * (round(now_s * 5) % 3), 0.7), label="car")]

    assert play(rule(type="wrong_way"), 30, sways) == []


def test_backing_up_for_a_moment_is_not_wrong() -> None:
    def backs(now_s: float) -> list[Track]:
        return [
            track(1, along(WEST, EAST, (now_s if now_s < 3 else 3.3 - now_s / 10) / 6), label="car")
        ]

    assert play(rule(type="wrong_way", seconds=2), 6, backs) == []


def test_people_count_only_when_asked_for() -> None:
    def walks(now_s: float) -> list[Track]:
        return [track(1, along(EAST, WEST, now_s / 6))]

    assert play(rule(type="wrong_way"), 6, walks) == []
    assert phases(play(rule(type="wrong_way", labels=["person"]), 6, walks))[0][1] == "open"


def test_outside_the_zone_every_way_is_right() -> None:
    assert play(rule(type="wrong_way"), 8, drives((0.8, 0.3), (0.2, 0.3))) == []


def test_a_new_id_on_the_way_is_the_same_vehicle() -> None:
    def changes(now_s: float) -> list[Track]:
        return [track(1 + int(now_s / 1.2), along(EAST, WEST, now_s / 5), label="car")]

    said = play(rule(type="wrong_way", seconds=2), 5, changes)
    assert [finding.phase for _, finding in said] == ["open"]


def test_a_line_along_a_bend_gives_the_direction_where_it_is_nearest() -> None:
    road = {"id": "bend", "points": [[0.2, 0.95], [0.5, 0.95], [0.5, 0.3]]}
    given = document({"type": "wrong_way", "line": "bend"}) | {"lines": [road]}

    def ridden(start: Point, end: Point) -> list[tuple[float, str]]:
        (built,) = build_rules(CameraRules.model_validate(given), SEOUL)
        return phases(play(built, 6, drives(start, end)))

    assert ridden((0.5, 0.4), (0.5, 0.85))[0][1] == "open"
    assert ridden((0.5, 0.85), (0.5, 0.4)) == []
    assert ridden((0.45, 0.99), (0.2, 0.99))[0][1] == "open"
