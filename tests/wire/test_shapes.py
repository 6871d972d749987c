"""Polygons: how large they are, and whether they cross themselves."""

from __future__ import annotations

import pytest

from wire.shapes import area, crossing

SQUARE = [(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)]
BOW = [(0.2, 0.2), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8)]
STAR = [(0.5, 0.0), (0.8, 1.0), (0.0, 0.4), (1.0, 0.4), (0.2, 1.0)]


def test_areas() -> None:
    assert area(SQUARE) == pytest.approx(0.36)
    assert area(SQUARE[::-1]) == pytest.approx(0.36)
    assert area([(0.1, 0.1), (0.5, 0.5), (0.9, 0.9)]) == pytest.approx(0)


def test_a_plain_outline_crosses_nothing_either_way_round() -> None:
    horseshoe = [(0, 0), (1, 0), (1, 1), (0.7, 1), (0.7, 0.3), (0.3, 0.3), (0.3, 1), (0, 1)]
    for outline in (SQUARE, horseshoe, SQUARE[:3]):
        assert crossing(outline) is None
        assert crossing(outline[::-1]) is None


@pytest.mark.parametrize(
    ("outline", "edges"),
    [
        pytest.param(BOW, (0, 2), id="bow"),
        pytest.param(STAR, (0, 2), id="star"),
        pytest.param([*SQUARE, (0.5, 0.2)], (0, 3), id="touches an edge"),
        pytest.param([(0.2, 0.2), (0.8, 0.2), (0.5, 0.2), (0.5, 0.8)], (0, 1), id="runs back"),
    ],
)
def test_where_an_outline_meets_itself(
    outline: list[tuple[float, float]], edges: tuple[int, int]
) -> None:
    assert crossing(outline) == edges
