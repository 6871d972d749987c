"""Who is who after people hid each other."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from edge_agent.scene import NO_PICTURE, Box, Point, Track
from edge_agent.sight.identities import Identities
from tests.edge_agent.scenes import Clothes, dressed, standing

STEP_S = 0.2
RED: Clothes = ((40, 40, 190), (140, 80, 50))
BLACK: Clothes = ((30, 30, 30), (35, 30, 30))
GREY: Clothes = ((150, 150, 150), (90, 90, 90))

Scene = Mapping[int, tuple[Point, Clothes]]
"""By track where it is and how whom it follows is dressed."""

APART: Scene = {1: ((0.3, 0.8), RED), 2: ((0.7, 0.8), BLACK)}
MIXED: Scene = {1: ((0.5, 0.8), RED), 2: ((0.53, 0.8), BLACK)}


def body(foot: Point) -> Box:
    return standing(foot, 0.3, 0.1)


def track(number: int, foot: Point, now_s: float, *, first_s: float = 0.0) -> Track:
    return Track(number, "person", body(foot), 0.8, first_s, now_s, True)


class Street:
    """Feeds scenes at five pictures a second."""

    def __init__(self) -> None:
        self.identities = Identities()
        self.now_s = 0.0
        self.began: dict[int, float] = {}

    def show(self, scene: Scene, seconds: float, *, hidden: Iterable[Track] = ()) -> list[Track]:
        """The tracks after `seconds` of `scene`; `hidden` ones coast meanwhile."""
        told: tuple[Track, ...] = ()
        picture = dressed({body(foot): clothes for foot, clothes in scene.values()})
        for _ in range(round(seconds / STEP_S)):
            self.now_s += STEP_S
            for number in scene:
                self.began.setdefault(number, self.now_s)
            tracks = [
                track(number, foot, self.now_s, first_s=self.began[number])
                for number, (foot, _) in scene.items()
            ]
            told = self.identities.update(
                [*tracks, *(replace(one, seen=False) for one in hidden)], picture, self.now_s
            )
        return list(told)


def names(tracks: Iterable[Track]) -> list[int]:
    return [one.id for one in tracks]


def test_those_who_were_never_mixed_keep_their_names() -> None:
    assert names(Street().show(APART, 4)) == [1, 2]


def test_exchanged_tracks_are_named_for_the_people_whom_they_follow() -> None:
    street = Street()
    street.show(APART, 3)
    street.show(MIXED, 1)
    exchanged = {1: ((0.7, 0.8), BLACK), 2: ((0.3, 0.8), RED)}
    assert names(street.show(exchanged, 1)) == [2, 1]
    assert names(street.show(exchanged, 10)) == [2, 1]


def test_tracks_that_kept_to_their_people_are_left_alone() -> None:
    street = Street()
    street.show(APART, 3)
    street.show(MIXED, 1)
    assert names(street.show(APART, 5)) == [1, 2]


def test_of_people_dressed_alike_motion_is_believed() -> None:
    street = Street()
    street.show({1: ((0.3, 0.8), BLACK), 2: ((0.7, 0.8), BLACK)}, 3)
    street.show({1: ((0.5, 0.8), BLACK), 2: ((0.53, 0.8), BLACK)}, 1)
    assert names(street.show({1: ((0.7, 0.8), BLACK), 2: ((0.3, 0.8), BLACK)}, 5)) == [1, 2]


def test_while_somebody_is_in_the_way_nothing_is_decided() -> None:
    street = Street()
    street.show(APART, 3)
    assert names(street.show(MIXED, 3)) == [1, 2]


def test_somebody_lost_behind_another_comes_back_under_the_old_name() -> None:
    street = Street()
    street.show(APART, 3)
    street.show(MIXED, 0.4)
    street.show({1: MIXED[1]}, 3)
    back = street.show({1: ((0.4, 0.8), RED), 3: ((0.65, 0.8), BLACK)}, 1)
    assert names(back) == [1, 2]
    assert [one.first_s for one in back] == [pytest.approx(STEP_S)] * 2


def test_a_track_that_took_the_other_over_hands_the_names_back() -> None:
    street = Street()
    street.show(APART, 3)
    street.show(MIXED, 0.4)
    # Track 2 ends, track 1 now follows who wears black; then red comes out as track 3.
    street.show({1: ((0.52, 0.8), BLACK)}, 1)
    assert names(street.show({1: ((0.6, 0.8), BLACK), 3: ((0.35, 0.8), RED)}, 2)) == [2, 1]


def test_somebody_else_does_not_get_the_name_of_who_was_lost() -> None:
    street = Street()
    street.show(APART, 3)
    street.show(MIXED, 0.4)
    street.show({1: MIXED[1]}, 1)
    assert names(street.show({1: ((0.4, 0.8), RED), 3: ((0.65, 0.8), GREY)}, 2)) == [1, 3]


def test_who_comes_in_from_the_side_is_nobody_lost() -> None:
    street = Street()
    street.show({1: ((0.2, 0.8), BLACK)}, 3)
    street.show({}, 1)
    assert names(street.show({2: ((0.055, 0.8), BLACK)}, 2)) == [2]


def test_who_is_lost_too_long_is_forgotten() -> None:
    street = Street()
    street.show({1: ((0.5, 0.8), BLACK)}, 3)
    street.show({}, 6)
    assert names(street.show({2: ((0.5, 0.8), BLACK)}, 2)) == [2]


def test_the_coasting_track_of_who_was_found_gets_the_name_left_over() -> None:
    street = Street()
    street.show(APART, 3)
    street.show(MIXED, 0.4)
    coasting = replace(track(2, (0.55, 0.8), street.now_s), seen=False)
    told = street.show({1: ((0.52, 0.8), BLACK)}, 1, hidden=[coasting])
    assert [(one.id, one.seen) for one in told] == [(2, True), (1, False)]


def test_vehicles_keep_the_trackers_ids() -> None:
    cars = [
        replace(track(number, (0.5, 0.8), 0.2), label="car", seen=number == 1) for number in (1, 2)
    ]
    assert Identities().update(cars, NO_PICTURE, 0.2) == tuple(cars)


def test_without_a_picture_names_are_the_trackers() -> None:
    street = Street()
    street.show(APART, 3)
    street.show(MIXED, 1)
    told = [
        street.identities.update(
            [track(1, (0.7, 0.8), now_s), track(2, (0.3, 0.8), now_s)], NO_PICTURE, now_s
        )
        for now_s in (5.0, 5.2, 5.4, 5.6)
    ]
    assert [names(tracks) for tracks in told] == [[1, 2]] * 4


def test_time_going_backwards_starts_afresh() -> None:
    street = Street()
    street.show(APART, 3)
    street.now_s = 0.0
    assert names(street.show({7: ((0.3, 0.8), BLACK), 8: ((0.7, 0.8), RED)}, 2)) == [7, 8]


def test_names_are_never_given_twice() -> None:
    street = Street()
    clothes = [RED, BLACK, GREY]
    places = [(0.3, 0.8), (0.5, 0.8), (0.7, 0.8)]
    for round_, (order, feet) in enumerate(
        itertools.product(
            itertools.permutations(range(3)), [places, [(0.5, 0.8), (0.52, 0.8), (0.54, 0.8)]]
        )
    ):
        first = 1 if round_ < 6 else 3
        scene = {first + who: (feet[at], clothes[who]) for who, at in enumerate(order)}
        told = street.show(scene, 0.6)
        assert len(set(names(told))) == 3


def test_hostile_tracks_cost_bounded_time_and_no_exception() -> None:
    identities, picture = Identities(), dressed({})
    boxes = [
        Box(math.nan, 0.1, 0.1, 0.1),
        Box(0.1, 0.1, 9.0, 0.1),
        Box(-5.0, 0.1, 9.0, 0.1),
        Box(0.5, 0.5, 0.0, 0.0),
        *[Box(0.001 * n, 0.3, 0.1, 0.3) for n in range(300)],
    ]
    began = time.thread_time()
    for now_s in (0.2, 0.4, 0.6, math.nan, 0.1, 0.8):
        tracks = [
            Track(number, "person", box, 0.8, 0.0, now_s, True) for number, box in enumerate(boxes)
        ]
        assert len(identities.update(tracks, picture, now_s)) == len(boxes)
    assert time.thread_time() - began < 5
