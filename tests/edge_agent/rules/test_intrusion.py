"""Intrusion: the whole body in the zone, said once, closed when the zone is empty."""

from __future__ import annotations

from datetime import datetime

import pytest

from edge_agent.scene import Track
from tests.edge_agent.rules.driving import NOON, SEOUL, phases, play, rule
from tests.edge_agent.scenes import along, track

WITHIN, WITHOUT = (0.5, 0.7), (0.05, 0.7)


def walks_in(now_s: float) -> list[Track]:
    """Along the street for two seconds, then over the yard's left edge at x = 0.2 and on."""
    return [track(1, along((0.0, 0.7), (1.0, 0.7), now_s / 10))]


def test_the_alarm_comes_when_the_whole_body_is_inside_and_not_before() -> None:
    ((now_s, opened),) = play(rule(type="intrusion"), 5, walks_in)
    assert (opened.phase, opened.type, opened.rule, opened.zone) == (
        "open",
        "intrusion",
        "r",
        "yard",
    )
    assert 2.2 <= opened.start_s <= 2.4
    assert opened.alarm_s == now_s == pytest.approx(opened.start_s + 0.2)
    assert [t.id for t in opened.tracks] == [1]
    assert opened.box == opened.tracks[0].box
    assert opened.confidence == pytest.approx(0.8)


def test_it_closes_after_the_zone_is_empty_dated_to_the_last_sight() -> None:
    said = play(rule(type="intrusion"), 20, walks_in)
    assert [finding.phase for _, finding in said] == ["open", "close"]
    (_, opened), (_, closed) = said
    assert closed.key == opened.key
    assert (closed.start_s, closed.alarm_s) == (opened.start_s, opened.alarm_s)
    # The last foot leaves the yard's right edge, x = 0.8, just after eight seconds.
    assert closed.end_s == pytest.approx(10.2, abs=0.5)


def test_feet_beside_the_zone_are_no_intrusion_however_far_the_body_leans_in() -> None:
    head_only = play(rule(type="intrusion"), 5, lambda _: [track(1, (0.5, 0.35))])
    one_foot = play(rule(type="intrusion"), 5, lambda _: [track(1, (0.2, 0.7))])
    assert head_only == one_foot == []


def test_a_track_that_jumps_in_for_one_frame_is_none() -> None:
    assert (
        play(rule(type="intrusion"), 5, lambda t: [track(1, WITHIN if t == 2 else WITHOUT)]) == []
    )


def test_somebody_who_is_inside_from_the_start_is_said_too() -> None:
    said = play(rule(type="intrusion"), 2, lambda _: [track(1, WITHIN)])
    assert phases(said) == [(0.2, "open")]


def test_a_flickering_track_does_not_open_twice() -> None:
    said = play(rule(type="intrusion"), 20, lambda t: [track(1, WITHIN)] if t % 2 < 1 else [])
    assert phases(said) == [(0.2, "open")]


def test_a_new_id_for_the_same_body_does_not_open_twice() -> None:
    said = play(rule(type="intrusion"), 12, lambda t: [track(1 + int(t // 3), WITHIN)])
    assert [phase for _, phase in phases(said)].count("open") == 1


def test_another_who_joins_is_an_update_that_names_both() -> None:
    def scene(now_s: float) -> list[Track]:
        second = [track(2, (0.35, 0.9))] if now_s >= 2 else []
        return [track(1, WITHIN), *second]

    said = play(rule(type="intrusion"), 20, scene)
    assert phases(said) == [(0.2, "open"), (5.2, "update")]
    assert [t.id for t in said[1][1].tracks] == [1, 2]


def test_an_intruder_who_stays_is_told_again_once_a_minute_only() -> None:
    said = play(rule(type="intrusion"), 130, lambda _: [track(1, WITHIN)])
    assert phases(said) == [(0.2, "open"), (60.2, "update"), (120.2, "update")]


def test_after_closing_the_rule_rests_for_its_cooldown() -> None:
    def scene(now_s: float) -> list[Track]:
        return [] if 2 <= now_s < 10 or 12 <= now_s < 40 else [track(1, WITHIN)]

    eager = play(rule(type="intrusion", cooldown_s=0), 50, scene)
    resting = play(rule(type="intrusion", cooldown_s=30), 50, scene)
    assert [phase for _, phase in phases(eager)] == ["open", "close"] * 2 + ["open"]
    assert [phase for _, phase in phases(resting)] == ["open", "close", "open"]
    assert {finding.key for _, finding in eager} == {"1", "2", "3"}


def test_only_the_labels_asked_for_count() -> None:
    car = [track(1, WITHIN, label="car")]
    assert play(rule(type="intrusion"), 5, lambda _: car) == []
    assert play(rule(type="intrusion", labels=["car"]), 5, lambda _: car)


def test_bodies_below_the_least_height_do_not_count() -> None:
    small = [track(1, WITHIN, height=0.05)]
    assert play(rule(type="intrusion", min_height=0.06), 5, lambda _: small) == []
    assert play(rule(type="intrusion", min_height=0.05), 5, lambda _: small)


def test_a_coasting_track_alone_raises_nothing() -> None:
    hidden = [track(1, WITHIN, visible=False)]
    assert play(rule(type="intrusion"), 5, lambda _: hidden) == []


def test_a_rule_that_is_not_armed_says_nothing_and_closes_what_it_said() -> None:
    nightly = {"schedule": [{"from": "22:00", "to": "05:00"}]}
    inside = [track(1, WITHIN)]
    assert play(rule(type="intrusion", **nightly), 5, lambda _: inside, wall=NOON) == []
    dawn = datetime(2026, 6, 1, 4, 59, 50, tzinfo=SEOUL)
    said = play(rule(type="intrusion", **nightly), 20, lambda _: inside, wall=dawn)
    assert phases(said) == [(0.2, "open"), (10.0, "close")]


def test_a_time_line_that_starts_anew_closes_the_finding_and_begins_again() -> None:
    driven = rule(type="intrusion", cooldown_s=0)
    play(driven, 3, lambda _: [track(1, WITHIN)], start_s=100)
    said = play(driven, 3, lambda _: [track(1, WITHIN)], start_s=0)
    assert [finding.phase for _, finding in said] == ["close", "open"]
    assert said[0][1].end_s == pytest.approx(102.8)
    assert said[1][1].start_s < 1
