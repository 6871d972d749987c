"""What can be told of somebody by the clothes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge_agent.scene import NO_PICTURE, Box
from edge_agent.sight.appearance import Look, blended, look, unlike
from tests.edge_agent.scenes import dressed, standing

SPOT = standing((0.5, 0.8), 0.3, 0.1)
ELSEWHERE = standing((0.2, 0.7), 0.24, 0.08)
JEANS = (140, 80, 50)
RED, BLACK = (40, 40, 190), (30, 30, 30)


def seen(box: Box, upper: tuple[int, int, int], lower: tuple[int, int, int]) -> Look:
    found = look(dressed({box: (upper, lower)}), box)
    assert found is not None
    return found


def test_the_same_clothes_are_alike_elsewhere_and_smaller() -> None:
    assert unlike(seen(SPOT, RED, JEANS), seen(ELSEWHERE, RED, JEANS)) < 0.1


def test_other_clothes_are_not() -> None:
    assert unlike(seen(SPOT, RED, JEANS), seen(SPOT, BLACK, JEANS)) > 0.4


def test_what_is_worn_above_and_below_is_told_apart() -> None:
    assert unlike(seen(SPOT, RED, BLACK), seen(SPOT, BLACK, RED)) > 0.4


def test_a_little_more_light_changes_little() -> None:
    brighter = [tuple(round(1.1 * part) for part in colour) for colour in (RED, JEANS)]
    lit = seen(SPOT, (brighter[0][0], brighter[0][1], brighter[0][2]), JEANS)
    assert unlike(seen(SPOT, RED, JEANS), lit) < 0.25


def test_what_stands_behind_on_either_side_does_not_matter() -> None:
    here = dressed({SPOT: (RED, JEANS)})
    there = here.copy()
    left, width = round(SPOT.x * 320), round(SPOT.w * 320)
    there[:, :left] = (60, 160, 60)
    there[:, left + width :] = (60, 160, 60)
    one, other = look(here, SPOT), look(there, SPOT)
    assert one is not None
    assert other is not None
    assert unlike(one, other) < 0.05


def test_distances_are_between_nothing_and_one_and_a_blend_lies_between() -> None:
    a, b = seen(SPOT, RED, JEANS), seen(SPOT, BLACK, BLACK)
    middle = blended(a, b, 0.5)
    assert unlike(a, a) == pytest.approx(0.0, abs=1e-6)
    assert 0 < unlike(a, middle) < unlike(a, b) <= 1
    for one in (a, b, middle):
        assert one.shape == (96,)
        assert np.linalg.norm(one) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "box",
    [
        Box(0.5, 0.5, 0.1, 0.05),
        Box(0.5, 0.5, 0.01, 0.3),
        Box(-0.1, 0.2, 0.2, 0.4),
        Box(0.9, 0.2, 0.2, 0.4),
        Box(0.5, 0.8, 0.1, 0.4),
        Box(math.nan, 0.2, 0.1, 0.4),
        Box(0.5, 0.2, 0.1, math.nan),
        Box(0.5, 0.2, math.inf, 0.4),
    ],
    ids=["low", "thin", "left", "right", "below", "nan", "nan-high", "endless"],
)
def test_what_is_too_small_or_cut_off_is_not_looked_at(box: Box) -> None:
    assert look(dressed({}), box) is None


def test_without_a_picture_nobody_looks_like_anything() -> None:
    assert look(NO_PICTURE, SPOT) is None
