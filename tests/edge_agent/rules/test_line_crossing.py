"""Line crossing: each passage told once, in the direction that counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge_agent.scene import Track
from tests.edge_agent.rules.driving import phases, play, rule
from tests.edge_agent.scenes import along, track

LEFT, RIGHT = (0.3, 0.7), (0.7, 0.7)


def rightwards(now_s: float) -> list[Track]:
    """Over the gate, x = 0.5, after two seconds."""
    return [track(1, along(LEFT, RIGHT, now_s / 4))]


def leftwards(now_s: float) -> list[Track]:
    return [track(1, along(RIGHT, LEFT, now_s / 4))]


def swaying(amplitude: float) -> Callable[[float], list[Track]]:
    """Comes up to the line, stands astride it and shifts from one foot to the other."""

    def scene(now_s: float) -> list[Track]:
        if now_s < 2:
            return [track(1, along(LEFT, (0.5, 0.7), now_s / 2))]
        return [track(1, (0.5 + amplitude * (1 if round(now_s * 5) % 2 else -1), 0.7))]

    return scene


def test_a_crossing_is_told_once_opened_and_closed_when_the_feet_are_past_the_line() -> None:
    said = play(rule(type="line_crossing"), 8, rightwards)
    assert [finding.phase for _, finding in said] == ["open", "close"]
    (now_s, opened), (_, closed) = said
    assert opened.start_s == pytest.approx(2.2)
    assert opened.alarm_s == now_s
    assert now_s == pytest.approx(2.2, abs=0.21)
    assert (closed.key, closed.end_s) == (opened.key, now_s)
    assert [t.id for t in opened.tracks] == [1]


@pytest.mark.parametrize(
    ("direction", "scene", "told"),
    [
        ("left_to_right", rightwards, 1),
        ("left_to_right", leftwards, 0),
        ("right_to_left", rightwards, 0),
        ("right_to_left", leftwards, 1),
        ("both", leftwards, 1),
    ],
)
def test_only_the_direction_asked_for_counts(
    direction: str, scene: Callable[[float], list[Track]], told: int
) -> None:
    said = play(rule(type="line_crossing", direction=direction), 8, scene)
    assert [finding.phase for _, finding in said] == ["open", "close"] * told


@pytest.mark.parametrize("amplitude", [0.004, 0.015, 0.06])
def test_one_who_dithers_on_the_line_tells_at_most_once_each_way(amplitude: float) -> None:
    said = play(rule(type="line_crossing", direction="left_to_right"), 20, swaying(amplitude))
    assert len([finding for _, finding in said if finding.phase == "open"]) <= 1


def test_one_who_only_comes_up_to_the_line_and_turns_crosses_nothing() -> None:
    def turns(now_s: float) -> list[Track]:
        return [track(1, along(LEFT, (0.505, 0.7), 1 - abs(now_s - 3) / 3))]

    assert play(rule(type="line_crossing"), 6, turns) == []


def test_the_way_around_the_end_of_the_line_is_no_crossing() -> None:
    def around(now_s: float) -> list[Track]:
        if now_s < 3:
            return [track(1, along((0.3, 0.4), (0.5, 0.1), now_s / 3))]
        return [track(1, along((0.5, 0.1), (0.7, 0.4), (now_s - 3) / 3))]

    assert play(rule(type="line_crossing"), 6, around) == []


def test_a_new_id_on_the_line_does_not_lose_the_crossing() -> None:
    def changes(now_s: float) -> list[Track]:
        if 1.8 < now_s < 2.3:
            return []
        return [track(1 if now_s < 2 else 2, along(LEFT, RIGHT, now_s / 4))]

    said = play(rule(type="line_crossing"), 6, changes)
    assert [(f.phase, f.tracks[0].id) for _, f in said] == [("open", 2), ("close", 2)]


def test_two_who_cross_together_are_two_crossings() -> None:
    def pair(now_s: float) -> list[Track]:
        return [track(n, along((0.3, y), (0.7, y), now_s / 4)) for n, y in ((1, 0.6), (2, 0.9))]

    said = play(rule(type="line_crossing"), 6, pair)
    assert sorted(f.tracks[0].id for _, f in said if f.phase == "open") == [1, 2]
    assert len({f.key for _, f in said}) == 2


def test_a_cooldown_that_is_asked_for_keeps_the_rest_quiet() -> None:
    def queue(now_s: float) -> list[Track]:
        return [
            track(n, along(LEFT, RIGHT, (now_s - 4 * n) / 4))
            for n in range(5)
            if 0 <= now_s - 4 * n <= 4
        ]

    every = play(rule(type="line_crossing"), 20, queue)
    some = play(rule(type="line_crossing", cooldown_s=10), 20, queue)
    assert [len(said) // 2 for said in (every, some)] == [5, 2]


def test_a_far_end_of_a_bent_line_counts_like_the_near_one() -> None:
    bent = rule(type="line_crossing", line="gate")
    said = play(bent, 8, lambda t: [track(1, along((0.3, 0.25), (0.7, 0.25), t / 4))])
    assert phases(said)[0][1] == "open"
