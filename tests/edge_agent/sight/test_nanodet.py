"""NanoDet's outputs by hand: one cell that speaks, distances as distributions, overlaps removed."""

from __future__ import annotations

import numpy as np

from edge_agent.sight import nanodet

CENTRES = nanodet.cell_centres(64, 96)


def silent() -> tuple[list[nanodet.Floats], list[nanodet.Floats]]:
    scores = [np.zeros((len(centre), 2), np.float32) for centre in CENTRES]
    sides = [np.zeros((len(centre), 44), np.float32) for centre in CENTRES]
    return scores, sides


def test_cells_are_counted_row_by_row_from_the_top_left() -> None:
    assert [len(centre) for centre in CENTRES] == [8 * 12, 4 * 6, 2 * 3]
    assert CENTRES[2].tolist() == [[16, 16], [48, 16], [80, 16], [16, 48], [48, 48], [80, 48]]


def test_a_cell_gives_the_box_around_its_centre_in_strides() -> None:
    scores, sides = silent()
    scores[2][4] = [0.1, 0.8]
    logits = sides[2][4].reshape(4, 11)
    for side, distance in enumerate([1, 2, 0, 3]):
        logits[side, distance] = 100
    corners, confidence, classes = nanodet.decode(scores, sides, CENTRES, 0.5)
    np.testing.assert_allclose(corners, [[48 - 32, 48 - 64, 48 + 0, 48 + 96]], atol=1e-4)
    assert confidence.tolist() == [np.float32(0.8)]
    assert classes.tolist() == [1]


def test_a_distance_is_the_mean_of_its_distribution() -> None:
    scores, sides = silent()
    scores[0][0, 0] = 0.9
    corners, _, _ = nanodet.decode(scores, sides, CENTRES, 0.5)
    np.testing.assert_allclose(corners, [[4 - 40, 4 - 40, 4 + 40, 4 + 40]], atol=1e-4)


def test_nothing_at_the_threshold_means_no_boxes() -> None:
    scores, sides = silent()
    corners, confidence, classes = nanodet.decode(scores, sides, CENTRES, 0.5)
    assert corners.shape == (0, 4)
    assert len(confidence) == len(classes) == 0


def test_candidates_come_most_confident_first() -> None:
    scores, sides = silent()
    scores[0][3, 0], scores[1][5, 1], scores[2][0, 0] = 0.6, 0.9, 0.7
    _, confidence, classes = nanodet.decode(scores, sides, CENTRES, 0.5)
    np.testing.assert_allclose(confidence, [0.9, 0.7, 0.6])
    assert classes.tolist() == [1, 0, 0]


def boxes(*rows: tuple[float, float, float, float]) -> nanodet.Floats:
    return np.array(rows, np.float32)


def test_of_overlapping_boxes_of_a_group_the_first_is_kept() -> None:
    corners = boxes((0, 0, 10, 10), (1, 0, 11, 10), (30, 0, 40, 10))
    groups = np.array([0, 0, 0])
    assert nanodet.suppress(corners, groups, 0.6).tolist() == [0, 2]


def test_boxes_of_different_groups_never_remove_each_other() -> None:
    corners = boxes((0, 0, 10, 10), (0, 0, 10, 10))
    assert nanodet.suppress(corners, np.array([0, 1]), 0.6).tolist() == [0, 1]


def test_a_removed_box_removes_no_other() -> None:
    corners = boxes((0, 0, 10, 10), (2, 0, 12, 10), (4, 0, 14, 10))
    assert nanodet.suppress(corners, np.zeros(3, int), 0.6).tolist() == [0, 2]


def test_empty_and_degenerate_boxes_are_survived() -> None:
    empty = np.empty((0, 4), np.float32)
    assert nanodet.suppress(empty, np.empty(0, int), 0.6).tolist() == []
    points = boxes((5, 5, 5, 5), (5, 5, 5, 5))
    assert nanodet.suppress(points, np.zeros(2, int), 0.6).tolist() == [0, 1]
