"""Points in polygons, and where a body stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.rules.geometry import inside, stance
from edge_agent.scene import Box

SQUARE = [(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)]
HORSESHOE = [(0, 0), (1, 0), (1, 1), (0.7, 1), (0.7, 0.3), (0.3, 0.3), (0.3, 1), (0, 1)]


@pytest.mark.parametrize("point", [(0.5, 0.5), (0.21, 0.21), (0.79, 0.5)])
def test_a_point_within(point: tuple[float, float]) -> None:
    assert inside(point, SQUARE)


@pytest.mark.parametrize("point", [(0.1, 0.5), (0.5, 0.9), (-1, -1), (0.9, 0.2)])
def test_a_point_without(point: tuple[float, float]) -> None:
    assert not inside(point, SQUARE)


def test_a_hollow_of_a_polygon_is_outside() -> None:
    assert inside((0.15, 0.8), HORSESHOE)
    assert inside((0.85, 0.8), HORSESHOE)
    assert not inside((0.5, 0.8), HORSESHOE)


@given(st.floats(-1, 2), st.floats(-1, 2), st.booleans())
def test_the_direction_of_the_corners_does_not_matter(x: float, y: float, turned: bool) -> None:
    corners = SQUARE[::-1] if turned else SQUARE[1:] + SQUARE[:1]
    assert inside((x, y), corners) == inside((x, y), SQUARE)


def test_the_stance_is_across_the_feet_and_within_the_box() -> None:
    left, middle, right = stance(Box(0.4, 0.2, 0.2, 0.8))
    assert (left[0], middle[0], right[0]) == pytest.approx((0.45, 0.5, 0.55))
    assert left[1] == middle[1] == right[1] == pytest.approx(0.976)
