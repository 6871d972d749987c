"""Crowd: enough people for long enough, without coming and going on the border."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge_agent.scene import Track
from tests.edge_agent.rules.driving import phases, play, rule
from tests.edge_agent.scenes import track


def people(number: int, first: int = 0) -> list[Track]:
    return [track(first + n, (0.25 + 0.09 * (n % 6), 0.6 + 0.15 * (n // 6))) for n in range(number)]


def test_it_opens_when_the_number_has_been_there_for_the_seconds() -> None:
    said = play(rule(type="crowd", count=4, seconds=3), 10, lambda t: people(4 if t >= 2 else 3))
    ((now_s, opened),) = said
    assert (opened.start_s, opened.alarm_s, now_s) == (2.0, 5.0, 5.0)
    assert sorted(t.id for t in opened.tracks) == [0, 1, 2, 3]
    assert opened.box is not None
    assert opened.box.w > 0.3


def test_one_fewer_is_no_crowd() -> None:
    assert play(rule(type="crowd", count=4, seconds=3), 20, lambda _: people(3)) == []


@pytest.mark.parametrize(
    "number",
    [
        lambda t: 5 if round(t * 5) % 4 else 4,
        lambda t: 5 if t % 4 < 3.4 else 4,
    ],
)
def test_flickering_about_the_number_opens_once(number: Callable[[float], int]) -> None:
    said = play(rule(type="crowd", count=5, seconds=3), 40, lambda t: people(number(t)))
    assert [f.phase for _, f in said if f.phase != "update"] == ["open"]


def test_a_crowd_that_thins_a_little_stays_one_and_closes_when_it_disperses() -> None:
    def thins(now_s: float) -> list[Track]:
        return people(10 if now_s < 8 else 8 if now_s < 16 else 7)

    said = play(rule(type="crowd", count=10, seconds=3), 30, thins)
    assert [f.phase for _, f in said] == ["open", "close"]
    assert said[1][1].end_s == pytest.approx(17, abs=0.5)


def test_many_who_pass_one_after_the_other_are_no_crowd() -> None:
    def queue(now_s: float) -> list[Track]:
        return people(2, first=2 * int(now_s / 2))

    assert play(rule(type="crowd", count=5, seconds=2), 30, queue) == []


def test_who_is_hidden_for_a_moment_still_counts() -> None:
    def flickers(now_s: float) -> list[Track]:
        return [one for one in people(5) if (round(now_s * 5) + one.id) % 5]

    assert phases(play(rule(type="crowd", count=5, seconds=3), 10, flickers))[0][1] == "open"


def test_outside_the_zone_nobody_counts() -> None:
    outside = [track(n, (0.05, 0.1 * n)) for n in range(9)]
    assert play(rule(type="crowd", count=2), 20, lambda _: [*outside, track(9, (0.5, 0.7))]) == []


def test_who_joins_an_open_crowd_is_named_in_an_update() -> None:
    said = play(rule(type="crowd", count=4, seconds=3), 20, lambda t: people(4 if t < 6 else 6))
    assert [f.phase for _, f in said] == ["open", "update"]
    assert len(said[1][1].tracks) == 6
