"""Falls: somebody who stood collapses and stays down; everything else that looks low is none."""

from __future__ import annotations

import math
import time
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.scene import Box, Detection, Sighting, Track
from tests.edge_agent.rules.driving import NOON
from tests.edge_agent.rules.falls import (
    ASPECT,
    HEIGHT,
    Looking,
    bent,
    fall_rule,
    lying,
    person,
    pose,
    standing,
    watch,
)

UPRIGHT = pose((0.5, 0.45), (0.5, 0.6))
FLAT = pose((0.4, 0.75), (0.52, 0.76))


def falls_at_two(now_s: float) -> list[Detection]:
    return [standing()] if now_s < 2 else [lying()]


def test_a_collapse_that_stays_down_is_said_when_it_has_lasted() -> None:
    ((now_s, opened),) = watch(fall_rule(), 5, falls_at_two)
    assert (opened.phase, opened.type, opened.rule) == ("open", "fall", "r")
    assert opened.start_s == pytest.approx(1.8)
    assert now_s == opened.alarm_s == pytest.approx(3.0)
    assert opened.box == lying().box


@pytest.mark.parametrize(("seconds", "alarm_s"), [(0.3, 2.4), (3, 5.0), (10, 12.0)])
def test_it_waits_for_the_seconds_asked_for(seconds: float, alarm_s: float) -> None:
    ((now_s, opened),) = watch(fall_rule(seconds=seconds), 15, falls_at_two)
    assert now_s == opened.alarm_s == pytest.approx(alarm_s)


def test_it_closes_after_they_stood_up() -> None:
    def scene(now_s: float) -> list[Detection]:
        return [standing()] if now_s < 2 or now_s >= 6 else [lying()]

    said = watch(fall_rule(), 15, scene)
    assert [finding.phase for _, finding in said] == ["open", "close"]
    assert said[1][1].end_s == pytest.approx(5.8)


def test_it_closes_after_the_body_is_gone() -> None:
    said = watch(fall_rule(), 15, lambda now_s: falls_at_two(now_s) if now_s < 6 else [])
    assert [finding.phase for _, finding in said] == ["open", "close"]
    assert said[1][1].end_s == pytest.approx(5.8)


def test_standing_up_in_time_calls_it_off() -> None:
    def scene(now_s: float) -> list[Detection]:
        return [lying()] if 2 <= now_s < 4 else [standing()]

    assert watch(fall_rule(seconds=3), 12, scene) == []


def test_a_body_that_the_detector_loses_now_and_then_still_lies() -> None:
    def scene(now_s: float) -> list[Detection]:
        return [] if now_s > 2 and round(now_s * 5) % 5 == 0 else falls_at_two(now_s)

    assert [f.phase for _, f in watch(fall_rule(seconds=3), 8, scene)] == ["open"]


def test_a_body_seen_less_than_most_of_the_time_is_not_believed() -> None:
    def scene(now_s: float) -> list[Detection]:
        return [] if now_s > 2 and round(now_s * 5) % 2 else falls_at_two(now_s)

    assert watch(fall_rule(seconds=3), 8, scene) == []


def test_a_fall_along_the_line_of_sight_is_short_rather_than_wide() -> None:
    end_on = person(Box(0.47, 0.66, 0.1, 0.16), 0.2)
    scene = lambda now_s: [standing()] if now_s < 2 else [end_on]  # noqa: E731 - a scene in a line
    assert [f.phase for _, f in watch(fall_rule(), 5, scene)] == ["open"]


def test_lying_down_slowly_is_no_fall() -> None:
    def scene(now_s: float) -> list[Detection]:
        """Kneels for two seconds, sits for two, lies."""
        if now_s < 2:
            return [standing()]
        if now_s < 4:
            return [standing(height=0.7 * HEIGHT)]
        return [bent()] if now_s < 6 else [lying()]

    assert watch(fall_rule(), 12, scene) == []


@pytest.mark.parametrize("answer", [UPRIGHT, pose((0.4, 0.62), (0.5, 0.61))])
def test_a_posture_with_legs_or_torso_upright_holds_the_alarm_back(answer: object) -> None:
    assert isinstance(answer, type(UPRIGHT))
    scene = lambda now_s: [standing()] if now_s < 2 else [bent()]  # noqa: E731 - a scene in a line
    assert watch(fall_rule(), 6, scene, look=Looking(answer)) == []


def test_a_posture_along_the_ground_makes_it_surer() -> None:
    ((_, unknown),) = watch(fall_rule(), 5, falls_at_two)
    ((_, known),) = watch(fall_rule(), 5, falls_at_two, look=Looking(FLAT))
    assert 0 < unknown.confidence < known.confidence <= 1


def test_the_posture_is_asked_of_candidates_only_and_no_more_once_it_is_said() -> None:
    look = Looking(FLAT)
    watch(fall_rule(), 2, falls_at_two, look=look)
    assert look.asked == []
    watch(fall_rule(), 20, falls_at_two, look=look)
    assert set(look.asked) == {lying().box}
    assert len(look.asked) <= 7


def test_a_weak_low_box_where_nobody_stood_is_none() -> None:
    far = lying((0.05, 0.95))
    scene = lambda now_s: [standing()] if now_s < 2 else [far]  # noqa: E731 - a scene in a line
    assert watch(fall_rule(), 8, scene) == []


def test_a_low_thing_that_was_there_before_is_none() -> None:
    thing = lying((0.55, 0.8))
    scene = lambda now_s: [standing(), thing] if now_s < 2 else [thing]  # noqa: E731 - as above
    assert watch(fall_rule(), 8, scene) == []


def test_walking_past_a_low_thing_and_out_of_sight_is_none() -> None:
    thing = lying((0.5, 0.8))

    def scene(now_s: float) -> list[Detection]:
        foot = (0.1 + 0.1 * now_s, 0.8)
        return [standing(foot)] if 2.5 < now_s < 5.5 else [standing(foot), thing]

    assert watch(fall_rule(), 9, scene) == []


def test_pieces_of_somebody_who_stands_are_none() -> None:
    def scene(now_s: float) -> list[Detection]:
        """One steps behind another, whose legs answer as a low box of their own."""
        front = standing((0.52, 0.85), height=0.5)
        legs = person(Box(0.48, 0.72, 0.09, 0.1), 0.2)
        return [standing(), front] if now_s < 2 else [front, legs]

    assert watch(fall_rule(), 8, scene) == []


def test_helpers_beside_the_body_do_not_call_it_off() -> None:
    def scene(now_s: float) -> list[Detection]:
        helpers = [standing((0.3, 0.8)), standing((0.72, 0.8))] if now_s >= 3 else []
        return [*falls_at_two(now_s), *helpers]

    assert [f.phase for _, f in watch(fall_rule(seconds=3), 12, scene)] == ["open"]


def test_passers_by_at_a_distance_do_not_call_it_off_while_the_body_is_lost() -> None:
    def scene(now_s: float) -> list[Detection]:
        passer_by = standing((0.97, 0.8))
        return [passer_by] if 3 <= now_s < 4 else [*falls_at_two(now_s), passer_by]

    assert [f.phase for _, f in watch(fall_rule(seconds=5), 9, scene)] == ["open"]


def test_two_who_fall_together_are_one_finding() -> None:
    def scene(now_s: float) -> list[Detection]:
        feet = ((0.2, 0.8), (0.8, 0.8))
        return [(standing if now_s < 2 else lying)(foot) for foot in feet]

    assert [f.phase for _, f in watch(fall_rule(), 6, scene)] == ["open"]


def test_the_track_that_covers_the_body_is_named() -> None:
    def tracks(now_s: float) -> tuple[Track, ...]:
        box = lying().box if now_s >= 2 else standing().box
        return (Track(7, "person", box, 0.5, 0.0, now_s, True),)

    ((_, opened),) = watch(fall_rule(), 5, falls_at_two, tracks=tracks)
    assert [track.id for track in opened.tracks] == [7]


def test_only_falls_inside_the_zone_count() -> None:
    def outside(now_s: float) -> list[Detection]:
        return [(standing if now_s < 2 else lying)((0.1, 0.8))]

    assert [f.phase for _, f in watch(fall_rule(zone="yard"), 5, falls_at_two)] == ["open"]
    assert watch(fall_rule(zone="yard"), 5, outside) == []


def test_people_below_the_least_height_do_not_count() -> None:
    assert watch(fall_rule(min_height=0.5), 5, falls_at_two) == []


def test_times_that_go_backwards_start_afresh() -> None:
    driven = fall_rule()
    watch(driven, 2.2, falls_at_two, start_s=100)
    assert watch(driven, 5, lambda _: [lying()]) == []
    assert [f.phase for _, f in watch(driven, 5, falls_at_two, start_s=200)] == ["open"]


def test_a_gap_in_the_pictures_hides_what_happened() -> None:
    driven = fall_rule()
    watch(driven, 2, falls_at_two)
    assert watch(driven, 5, lambda _: [lying()], start_s=30) == []


NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=64)
FRACTIONS = st.floats(0, 1)
BOXES = st.builds(Box, FRACTIONS, FRACTIONS, FRACTIONS, FRACTIONS) | st.builds(
    Box, NUMBERS, NUMBERS, NUMBERS, NUMBERS
)
DETECTIONS = st.builds(Detection, st.sampled_from(["person", "car"]), FRACTIONS | NUMBERS, BOXES)
FRAMES = st.lists(
    st.tuples(st.lists(DETECTIONS, max_size=6), st.floats(0, 3) | NUMBERS, NUMBERS), max_size=10
)


@settings(deadline=None)
@given(frames=FRAMES)
def test_no_input_makes_it_raise(
    frames: list[tuple[list[Detection], float, float]],
) -> None:
    driven = fall_rule(seconds=0.1)
    opened = 0
    for detections, now_s, aspect in frames:
        look = Looking(pose((math.nan, aspect), (now_s, 0.5)))
        for finding in driven.update(Sighting(now_s, NOON, (), tuple(detections), aspect, look)):
            opened += {"open": 1, "update": 0, "close": -1}[finding.phase]
            assert opened in (0, 1)
            assert 0 <= finding.confidence <= 1


def test_thousands_of_boxes_take_bounded_time() -> None:
    driven = fall_rule()
    started = time.perf_counter()
    for frame in range(5):
        make = standing if frame < 3 else lying
        crowd = tuple(
            make((0.01 + n % 60 / 61, 0.3 + n // 60 / 100), 0.5, 0.1) for n in range(3000)
        )
        wall = NOON + timedelta(seconds=frame)
        driven.update(Sighting(frame * 0.2, wall, (), crowd, ASPECT, Looking()))
    assert time.perf_counter() - started < 5
