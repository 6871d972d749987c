"""The memory of people who stand: one each, at their height, for as long as it serves."""

from __future__ import annotations

import math

import pytest

from edge_agent.rules.persons import MOST_BOXES, MOST_PEOPLE, StandingPeople, bodies
from edge_agent.scene import Box, Detection
from tests.edge_agent.rules.falls import ASPECT, lying, person, standing


def test_a_body_keeps_its_measure_when_it_turns() -> None:
    (upright,) = bodies([standing()], ASPECT)
    (flat,) = bodies([lying()], ASPECT)
    assert upright.upright
    assert not flat.upright
    assert upright.square.h == pytest.approx(0.4)
    assert flat.square.w == pytest.approx(0.9 * 0.4)


def test_other_labels_and_boxes_that_are_no_numbers_are_left_out() -> None:
    odd = [
        Detection("dog", 0.9, Box(0, 0, 1, 1)),
        person(Box(math.nan, 0, 1, 1)),
        person(Box(0, 0, 0, 1)),
        person(Box(0, 0, 1, 1), math.inf),
        person(Box(0, 1e9, 1, 1)),
    ]
    assert bodies(odd, ASPECT) == []
    assert bodies([standing()], math.nan) == []


def test_a_crowd_is_cut_to_the_surest() -> None:
    crowd = [standing(confidence=n / 1000) for n in range(1000)]
    kept = bodies(crowd, ASPECT)
    assert len(kept) == MOST_BOXES
    assert kept[0].detection.confidence == 0.999


def test_somebody_who_walks_is_one_person_at_one_height() -> None:
    memory = StandingPeople(1.2)
    for frame in range(10):
        foot = (0.2 + 0.04 * frame, 0.8)
        memory.update(bodies([standing(foot)], ASPECT), 0.2 * frame)
    (walker,) = memory.people
    assert walker.sightings == 10
    assert walker.height == pytest.approx(0.4)
    assert walker.top == pytest.approx(0.4)


def test_a_part_of_a_body_is_nobody_of_its_own() -> None:
    memory = StandingPeople(1.2)
    whole = standing()
    torso = person(Box(whole.box.x, whole.box.y, whole.box.w, 0.5 * whole.box.h), 0.4)
    memory.update(bodies([torso, whole], ASPECT), 0.0)
    assert [p.height for p in memory.people] == [pytest.approx(0.4)]


def test_the_top_is_the_highest_of_the_last_moments() -> None:
    memory = StandingPeople(1.2)
    for frame in range(6):
        stooping = standing(height=0.4 - 0.02 * frame)
        memory.update(bodies([stooping], ASPECT), 0.2 * frame)
    assert memory.people[0].top == pytest.approx(0.4)
    memory.update(bodies([standing(height=0.3)], ASPECT), 2.0)
    assert memory.people[0].top > 0.4


def test_they_are_forgotten_when_it_is_time() -> None:
    memory = StandingPeople(1.2)
    memory.update(bodies([standing()], ASPECT), 0.0)
    memory.update([], 1.2)
    assert len(memory.people) == 1
    memory.update([], 1.3)
    assert memory.people == []


def test_the_memory_is_bounded() -> None:
    memory = StandingPeople(1.2)
    crowd = [standing((0.01 + 0.006 * n, 0.9), height=0.02) for n in range(150)]
    memory.update(bodies(crowd, ASPECT), 0.0)
    assert len(memory.people) == MOST_PEOPLE
