"""Overlaps by hand, and pairings that a refused pair does not disturb."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.sight.association import best_pairs, centred, overlaps, shares_inside

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


def test_centred() -> None:
    np.testing.assert_allclose(centred(B[:1]), [[2, 1, 2, 2]])
