"""Loitering: staying, not passing, also when a post hides somebody for a moment."""

from __future__ import annotations

import pytest

from edge_agent.scene import Track
from tests.edge_agent.rules.driving import phases, play, rule
from tests.edge_agent.scenes import along, track

WITHIN = (0.5, 0.7)


def test_the_alarm_comes_after_the_seconds_asked_for_dated_from_the_entry() -> None:
    ((now_s, opened),) = play(rule(type="loitering", seconds=8), 10, lambda _: [track(1, WITHIN)])
    assert (now_s, opened.start_s, opened.alarm_s) == (8.0, 0.0, 8.0)


def test_ten_seconds_are_the_default() -> None:
    assert play(rule(type="loitering"), 10, lambda _: [track(1, WITHIN)]) == []
    assert phases(play(rule(type="loitering"), 11, lambda _: [track(1, WITHIN)])) == [
        (10.0, "open")
    ]


def test_passing_through_is_not_loitering() -> None:
    def passes(now_s: float) -> list[Track]:
        return [track(1, along((0.0, 0.7), (1.0, 0.7), now_s / 12))]

    assert play(rule(type="loitering"), 12, passes) == []


def test_walking_up_and_down_within_the_zone_is_loitering() -> None:
    def paces(now_s: float) -> list[Track]:
        there = (now_s % 6) / 3
        return [track(1, along((0.3, 0.7), (0.7, 0.7), there if there < 1 else 2 - there))]

    assert phases(play(rule(type="loitering"), 12, paces)) == [(10.0, "open")]


@pytest.mark.parametrize("hidden_s", [0.4, 1.8])
def test_a_short_occlusion_does_not_start_the_count_again(hidden_s: float) -> None:
    def behind_a_post(now_s: float) -> list[Track]:
        return [track(1, WITHIN, visible=not 4 <= now_s < 4 + hidden_s)]

    assert phases(play(rule(type="loitering"), 12, behind_a_post)) == [(10.0, "open")]


def test_who_is_known_again_by_the_looks_goes_on_counting() -> None:
    def behind_others(now_s: float) -> list[Track]:
        return [] if 3 <= now_s < 6.5 else [track(1, WITHIN)]

    said = play(rule(type="loitering"), 14, behind_others)
    assert [(now_s, finding.start_s) for now_s, finding in said] == [(10.0, 0.0)]


def test_nobody_hidden_for_long_is_said_to_linger_meanwhile() -> None:
    def behind_others(now_s: float) -> list[Track]:
        return [] if 7 <= now_s < 11.5 else [track(1, WITHIN)]

    said = play(rule(type="loitering", seconds=9), 14, behind_others)
    assert [(now_s, finding.start_s) for now_s, finding in said] == [(11.6, 0.0)]


def test_who_was_seen_elsewhere_meanwhile_starts_the_count_again() -> None:
    def comes_and_goes(now_s: float) -> list[Track]:
        return [track(1, (0.5, 0.1) if 3 <= now_s < 6.5 else WITHIN)]

    said = play(rule(type="loitering"), 17, comes_and_goes)
    assert [(now_s, finding.start_s) for now_s, finding in said] == [(16.6, 6.6)]


def test_a_new_id_after_an_occlusion_goes_on_counting() -> None:
    def behind_a_post(now_s: float) -> list[Track]:
        if 4 <= now_s < 5:
            return []
        return [track(1 if now_s < 4 else 2, (0.5, 0.7) if now_s < 4 else (0.53, 0.7))]

    ((now_s, opened),) = play(rule(type="loitering"), 12, behind_a_post)
    assert (now_s, opened.start_s) == (10.0, 0.0)
    assert [t.id for t in opened.tracks] == [2]


def test_a_track_that_comes_back_goes_on_counting_though_another_took_its_place() -> None:
    def two_in_one_box(now_s: float) -> list[Track]:
        if 4 <= now_s < 5:
            return [track(2, (0.52, 0.7))]
        return [track(1, WITHIN)]

    said = play(rule(type="loitering"), 12, two_in_one_box)
    assert [(now_s, finding.start_s) for now_s, finding in said] == [(10.0, 0.0)]


def test_two_who_came_side_by_side_as_one_have_both_been_there_since() -> None:
    def told_apart(now_s: float) -> list[Track]:
        one = track(1, WITHIN)
        if now_s < 3:
            return [one]
        # The one who was followed so far leaves; the other stays.
        return [track(2, (0.51, 0.7)), *([one] if now_s < 7 else [])]

    said = play(rule(type="loitering"), 12, told_apart)
    assert [(now_s, finding.start_s) for now_s, finding in said] == [(10.0, 0.0)]


def test_who_comes_out_from_behind_somebody_later_has_not_been_there_as_long() -> None:
    def hidden_at_first(now_s: float) -> list[Track]:
        if now_s < 8:
            return [track(1, WITHIN)]
        return [track(2, (0.51, 0.7)), *([track(1, WITHIN)] if now_s < 9 else [])]

    assert play(rule(type="loitering"), 15, hidden_at_first) == []


def test_who_was_followed_before_the_other_was_lost_does_not_inherit_the_time() -> None:
    def comes_as_the_other_goes(now_s: float) -> list[Track]:
        walker = track(2, along((0.0, 0.7), (0.4, 0.7), now_s / 15))
        return [track(1, (0.3, 0.7)), walker] if now_s < 7 else [walker]

    assert play(rule(type="loitering"), 15, comes_as_the_other_goes) == []


def test_who_begins_in_the_picture_in_which_the_other_ends_goes_on_counting() -> None:
    def takes_a_wrong_box_as_it_ends(now_s: float) -> list[Track]:
        ending = [track(1, WITHIN)] if now_s <= 6 else []
        return [*ending, *([track(2, WITHIN, visible=now_s > 6)] if now_s >= 6 else [])]

    assert phases(play(rule(type="loitering"), 12, takes_a_wrong_box_as_it_ends)) == [
        (10.0, "open")
    ]


@pytest.mark.parametrize("out", [(0.02, 0.7), (0.98, 0.7)])
def test_who_comes_in_where_another_walked_out_of_the_picture_does_not_inherit_the_time(
    out: tuple[float, float],
) -> None:
    whole = [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]]

    def out_and_in(now_s: float) -> list[Track]:
        if now_s < 8:
            return [track(1, along(WITHIN, out, now_s / 8))]
        return [track(2, along(out, WITHIN, (now_s - 9) / 8))] if now_s >= 9 else []

    assert play(rule(type="loitering", polygon=whole), 14, out_and_in) == []


def test_who_is_lost_outside_hands_no_time_on() -> None:
    def leaves_and_is_lost(now_s: float) -> list[Track]:
        if now_s < 8:
            return [track(1, (0.3, 0.7))]
        if now_s < 9:
            return [track(1, (0.1, 0.7))]
        return [track(2, (0.3, 0.7))]

    assert play(rule(type="loitering"), 15, leaves_and_is_lost) == []


def test_the_time_of_who_comes_in_hidden_counts_from_where_the_track_came_in() -> None:
    def hidden_while_entering(now_s: float) -> list[Track]:
        where = along((0.0, 0.7), WITHIN, min(now_s / 4, 1.0))
        return [track(1, where, visible=not 1 <= now_s < 3)]

    ((_, finding),) = play(rule(type="loitering"), 16, hidden_while_entering)
    assert finding.start_s < 3


def test_one_who_follows_another_through_the_zone_does_not_inherit_the_time() -> None:
    def queue(now_s: float) -> list[Track]:
        walkers = []
        for number in range(6):
            share = (now_s - 4 * number) / 8
            if 0 <= share <= 1:
                walkers.append(track(number, along((0.0, 0.7), (1.0, 0.7), share)))
        return walkers

    assert play(rule(type="loitering"), 30, queue) == []


def test_leaving_for_good_starts_the_count_again() -> None:
    def leaves(now_s: float) -> list[Track]:
        return [track(1, (0.05, 0.7) if 6 <= now_s < 10 else WITHIN)]

    said = play(rule(type="loitering"), 25, leaves)
    assert said[0][1].start_s == 10.0
    assert said[0][1].alarm_s == 20.0


def test_who_left_before_the_time_was_up_is_never_said() -> None:
    def almost(now_s: float) -> list[Track]:
        return [track(1, WITHIN)] if now_s <= 9.6 else []

    assert play(rule(type="loitering"), 20, almost) == []


def test_it_closes_after_the_loiterer_left() -> None:
    said = play(rule(type="loitering"), 25, lambda t: [track(1, WITHIN)] if t < 15 else [])
    assert [finding.phase for _, finding in said] == ["open", "close"]
    assert said[1][1].end_s == pytest.approx(15, abs=2.1)
