"""Whom to look at, and one read for every passage."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edge_agent.plates.carriers import FAINT_IDS
from edge_agent.plates.passages import LEAST_WIDTH_PX, MOST_WISHES, Passages
from edge_agent.plates.types import PlateRead
from edge_agent.plates.vote import Look
from edge_agent.scene import Box, Passage, Track
from tests.edge_agent.plates.reads import read

STEP_S = 0.2
WIDTH_PX = 1920
PICTURE = np.zeros((36, 64, 3), np.uint8)
CROP = np.zeros((22, 104, 3), np.uint8)

Scene = Callable[[float], list[tuple[Track, PlateRead | None]]]
"""Vehicles in sight at a time, each with what its plate would read."""


def car(track: int, box: Box, media_s: float) -> Track:
    return Track(track, "car", box, 0.9, 0.0, media_s, True)


def look_at(vehicle: Box, said: PlateRead, media_s: float) -> Look:
    """The plate in the middle of the vehicle's lower half, a quarter as wide."""
    left, top = vehicle.x + 0.375 * vehicle.w, vehicle.y + 0.7 * vehicle.h
    right, bottom = left + 0.25 * vehicle.w, top + 0.09 * vehicle.w
    quad = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Look(said, media_s, quad, 0.25 * vehicle.w * WIDTH_PX, 400.0, CROP)


def play(passages: Passages, scene: Scene, seconds: float, start_s: float = 0.0) -> list[Passage]:
    told: list[Passage] = []
    for frame in range(round(seconds / STEP_S)):
        now = round(start_s + frame * STEP_S, 3)
        seen = scene(now)
        tracks = [track for track, _ in seen]
        by_track = {track.id: (track, said) for track, said in seen}
        for wish in passages.follow(tracks, now, WIDTH_PX):
            track, said = by_track[wish.track]
            looks = [] if said is None else [look_at(track.box, said, now)]
            passages.take(wish.track, looks, PICTURE)
        told += passages.done()
    return told


def coming(now: float) -> Box:
    """A car that comes closer for three seconds."""
    size = 0.08 + 0.06 * now
    return Box(0.5 - size / 2, 0.3 + 0.1 * now, size, size)


def approach(now: float, came_s: float = 0.0) -> list[tuple[Track, PlateRead | None]]:
    if now - came_s > 3:
        return []
    return [(car(1, coming(now - came_s), now), read("12가3456"))]


def test_one_read_for_one_passage_with_direction_and_best_look() -> None:
    passages = Passages()
    (told,) = play(passages, approach, 6)
    assert told.read.text == "12가3456"
    assert told.direction == "towards"
    assert (told.vehicle, told.paint) == ("car", "unknown"), "its picture has no colour"
    assert told.looks >= 3
    assert told.crop is CROP
    assert told.best_s >= told.start_s
    assert (passages.unread, passages.again) == (0, 0)


def test_a_car_that_is_certain_is_not_looked_at_any_more() -> None:
    passages = Passages()
    told = play(passages, lambda now: [(car(1, Box(0.4, 0.4, 0.3, 0.3), now), read("12가3456"))], 2)
    assert len(told) == 1
    assert passages.follow([car(1, Box(0.4, 0.4, 0.3, 0.3), 2.0)], 2.0, WIDTH_PX) == ()


def test_an_unsure_car_is_read_when_it_is_gone() -> None:
    def scene(now: float) -> list[tuple[Track, PlateRead | None]]:
        said = read("12가3456", unsure={2: {"가": 0.6, "거": 0.35}})
        return [(car(1, coming(now), now), said)] if now < 2 else []

    passages = Passages()
    assert play(passages, scene, 2) == []
    (told,) = play(passages, scene, 2, 2.0)
    assert told.read.text == "12가3456"


def test_a_parked_car_is_read_once_not_for_hours_though_its_track_breaks() -> None:
    def scene(now: float) -> list[tuple[Track, PlateRead | None]]:
        track = 1 + int(now // 60)
        hidden = now % 60 > 55
        parked = car(track, Box(0.4, 0.4, 0.2, 0.2), now)
        return [] if hidden else [(parked, read("12가3456"))]

    passages = Passages()
    told = play(passages, scene, 130)
    assert len(told) == 1
    assert passages.again == 2
    later = play(passages, scene, 60, 4 * 3600.0)
    assert later == []


def test_a_plate_that_comes_again_another_time_is_another_passage() -> None:
    passages = Passages()
    first = play(passages, approach, 5)
    again = play(passages, lambda now: approach(now, came_s=300), 5, 300.0)
    assert len(first) == len(again) == 1
    assert again[0].id != first[0].id


def test_a_broken_track_is_one_passage_even_if_one_character_differs() -> None:
    def scene(now: float) -> list[tuple[Track, PlateRead | None]]:
        track, said = (1, "12가3456") if now < 1.6 else (2, "12가3458")
        return [(car(track, coming(now), now), read(said, 0.99))] if now < 3 else []

    assert len(play(Passages(), scene, 5)) == 1


def test_a_track_that_goes_on_as_another_while_its_plate_is_unsure_is_one_passage() -> None:
    def scene(now: float) -> list[tuple[Track, PlateRead | None]]:
        doubt = {1: {"2": 0.6, "7": 0.4}, 4: {"4": 0.6, "1": 0.4}}
        other = {1: {"7": 0.6, "2": 0.4}, 4: {"1": 0.6, "4": 0.4}}
        track, unsure = (1, doubt) if now < 1.6 else (2, other)
        return [(car(track, coming(now), now), read("12가3456", unsure=unsure))] if now < 3 else []

    (told,) = play(Passages(), scene, 5)
    assert told.looks > 5
    assert told.start_s < 1.6


def test_two_cars_are_two_passages() -> None:
    def scene(now: float) -> list[tuple[Track, PlateRead | None]]:
        if now > 3:
            return []
        right = Box(0.1 * now, 0.5, 0.2, 0.2)
        return [
            (car(1, coming(now), now), read("12가3456")),
            (car(2, right, now), read("78도9012")),
        ]

    told = play(Passages(), scene, 5)
    assert {one.read.text for one in told} == {"12가3456", "78도9012"}
    assert {one.direction for one in told} == {"towards", "right"}


def test_no_plate_is_sought_ever_more_seldom() -> None:
    passages = Passages()
    asked = 0
    for frame in range(300):
        now = frame * STEP_S
        box = Box(0.4, 0.4, 0.2, 0.2)
        for wish in passages.follow([car(1, box, now)], now, WIDTH_PX):
            asked += 1
            passages.take(wish.track, [], PICTURE)
        passages.done()
    assert asked < 25


def test_what_cannot_be_read_is_no_read_and_counted() -> None:
    def scene(now: float) -> list[tuple[Track, PlateRead | None]]:
        return [(car(1, coming(now), now), read("12가3456", 0.5))] if now < 2 else []

    passages = Passages()
    assert play(passages, scene, 5) == []
    assert passages.unread == 1


def test_a_vehicle_that_nothing_but_its_plate_speaks_for_needs_a_surer_read() -> None:
    def told(track: int, sure: float) -> list[Passage]:
        rest = (1 - sure) / 2
        said = read("12가3456", unsure={2: {"가": sure, "거": rest, "더": rest}})
        return play(
            Passages(), lambda now: [(car(track, coming(now), now), said)] if now < 2 else [], 5
        )

    assert told(FAINT_IDS + 1, 0.4) == []
    assert len(told(1, 0.4)) == 1
    (faint,) = told(FAINT_IDS + 1, 0.9)
    assert faint.vehicle == "unknown"


def test_a_plate_beside_what_is_seen_faintly_is_its_own_unless_it_is_anothers() -> None:
    lamp, beside = Box(0.6, 0.5, 0.08, 0.08), Box(0.45, 0.4, 0.2, 0.2)
    plate = look_at(beside, read("12가3456"), 0.0)

    def told(*others: Track) -> list[Passage]:
        passages = Passages()
        (wish,) = (
            one
            for one in passages.follow([car(FAINT_IDS + 1, lamp, 0.0), *others], 0.0, WIDTH_PX)
            if one.track > FAINT_IDS
        )
        assert wish.part.x < plate.box.x
        assert plate.box.right < wish.part.right
        passages.take(wish.track, [plate], PICTURE)
        passages.follow([], 2.0, WIDTH_PX)
        return list(passages.done())

    assert len(told()) == 1
    assert told(car(1, beside, 0.0)) == []


def test_people_and_far_away_cars_are_not_looked_at() -> None:
    person = Track(1, "person", Box(0.4, 0.4, 0.3, 0.3), 0.9, 0.0, 0.0, True)
    far = car(2, Box(0.4, 0.4, (LEAST_WIDTH_PX - 1) / WIDTH_PX, 0.1), 0.0)
    coasting = Track(3, "car", Box(0.4, 0.4, 0.3, 0.3), 0.9, 0.0, 0.0, False)
    assert Passages().follow([person, far, coasting], 0.0, WIDTH_PX) == ()


def test_a_full_street_asks_for_a_bounded_number_of_looks_and_everyone_has_a_turn() -> None:
    passages = Passages()
    asked: set[int] = set()
    for frame in range(20):
        now = frame * STEP_S
        cars = [car(n, Box(0.05 * n, 0.4, 0.1, 0.1), now) for n in range(1, 13)]
        wishes = passages.follow(cars, now, WIDTH_PX)
        assert len(wishes) <= MOST_WISHES
        asked |= {wish.track for wish in wishes}
        for wish in wishes:
            passages.take(wish.track, [], PICTURE)
    assert asked == set(range(1, 13))


def test_a_look_under_way_is_not_asked_for_again_unless_it_is_lost() -> None:
    passages = Passages()
    box = Box(0.4, 0.4, 0.3, 0.3)
    assert len(passages.follow([car(1, box, 0.0)], 0.0, WIDTH_PX)) == 1
    assert passages.follow([car(1, box, 0.2)], 0.2, WIDTH_PX) == ()
    passages.give_up(1)
    assert passages.follow([car(1, box, 0.6)], 0.6, WIDTH_PX)


def test_a_car_behind_in_the_same_part_is_not_taken_for_it() -> None:
    passages = Passages()
    near, far = Box(0.4, 0.4, 0.3, 0.3), Box(0.05, 0.1, 0.1, 0.1)
    passages.follow([car(1, near, 0.0)], 0.0, WIDTH_PX)
    passages.take(1, [look_at(far, read("78도9012"), 0.0)], PICTURE)
    assert passages.finish() == ()


@pytest.mark.parametrize("metres_per_s", [0.0, 5.0, 15.0, 30.0])
def test_speed_class_follows_the_plate(metres_per_s: float) -> None:
    def scene(now: float) -> list[tuple[Track, PlateRead | None]]:
        distance = 30.0 - metres_per_s * now
        if now > 1.4 or distance < 3:
            return []
        width = 4 * 0.52 / distance * 0.866
        box = Box(0.5 - width / 2, 0.5, width, width)
        return [(car(1, box, now), read("12가3456", 0.97))]

    (told,) = play(Passages(), scene, 4)
    assert told.speed == {0.0: "standing", 5.0: "slow", 15.0: "normal", 30.0: "fast"}[metres_per_s]


def test_time_that_goes_back_forgets_all() -> None:
    passages = Passages()
    play(passages, approach, 2, 0.0)
    assert len(play(passages, approach, 5, 0.0)) == 1
