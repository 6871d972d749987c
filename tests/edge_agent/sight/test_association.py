"""Overlaps by hand, and pairings that a refused pair does not disturb."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from edge_agent.sight.association import (
    best_pairs,
    centred,
    cheapest_pairs,
    connected,
    overlaps,
    shares_inside,
)

A = np.array([[0.0, 0.0, 2.0, 2.0], [10.0, 10.0, 12.0, 12.0]])
B = np.array([[1.0, 0.0, 3.0, 2.0], [2.5, 0.0, 4.5, 2.0], [0.5, 0.5, 1.0, 1.0]])


def test_overlaps_are_intersection_over_union() -> None:
    np.testing.assert_allclose(overlaps(A, B), np.array([[1 / 3, 0, 1 / 16], [0, 0, 0]]))


def test_grown_boxes_reach_further_row_by_row() -> None:
    grown = overlaps(A[:1], B, np.array([0.25]))
    # Both boxes are now 3 wide and 3 high; the second pair, 2.5 apart, comes to touch.
    assert grown[0, 0] == pytest.approx(2 * 3 / (9 + 9 - 6))
    assert grown[0, 1] == pytest.approx(0.5 * 3 / (9 + 9 - 1.5))
    np.testing.assert_allclose(overlaps(A, B, np.array([0.25, 0.0]))[0], grown[0])


def test_shares_inside_are_of_the_first_box() -> None:
    np.testing.assert_allclose(shares_inside(B, A), np.array([[0.5, 0], [0, 0], [1, 0]]))


def test_nothing_against_something_is_an_empty_table() -> None:
    nothing = np.empty((0, 4))
    assert overlaps(nothing, B).shape == (0, 3)
    assert overlaps(A, nothing).shape == (2, 0)


def test_boxes_without_extent_overlap_nothing() -> None:
    point = np.array([[1.0, 1.0, 1.0, 1.0]])
    assert overlaps(point, point).tolist() == [[0.0]]


def test_the_pairing_is_the_best_in_all_not_the_first() -> None:
    assert best_pairs(np.array([[0.6, 0.5], [0.55, 0.1]]), 0.3) == [(0, 1), (1, 0)]


def test_a_pair_below_the_least_does_not_count_and_does_not_disturb() -> None:
    likeness = np.array([[0.8, 0.28], [0.79, 0.0]])
    assert best_pairs(likeness, 0.3) == [(0, 0)]
    assert best_pairs(np.zeros((2, 3)), 0.3) == []


@pytest.mark.parametrize("shape", [(5, 5), (3, 6), (6, 3), (1, 1), (0, 4), (4, 0)])
def test_the_cheapest_pairs_cost_what_the_best_of_all_pairings_costs(
    shape: tuple[int, int],
) -> None:
    costs = np.random.default_rng(7).integers(0, 9, shape).astype(float)
    few, many = sorted(shape)
    table = costs if shape[0] == few else costs.T
    least = min(
        sum(table[row, column] for row, column in enumerate(chosen))
        for chosen in permutations(range(many), few)
    )
    pairs = cheapest_pairs(costs)
    assert len(pairs) == few
    assert sum(costs[row, column] for row, column in pairs) == least
    assert [row for row, _ in pairs] == sorted({row for row, _ in pairs})
    assert len({column for _, column in pairs}) == few


def test_what_hangs_together_is_one_group() -> None:
    linked = np.zeros((6, 6), dtype=bool)
    for a, b in ((0, 4), (4, 2), (1, 5)):
        linked[a, b] = linked[b, a] = True
    assert connected(linked) == [[0, 2, 4], [1, 5], [3]]
    assert connected(np.zeros((0, 0), dtype=bool)) == []


def test_centred() -> None:
    np.testing.assert_allclose(centred(B[:1]), [[2, 1, 2, 2]])
