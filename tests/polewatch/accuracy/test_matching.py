"""Which detections count as right."""

from __future__ import annotations

from edge_agent.scene import Box
from polewatch.accuracy.matching import SAME, Counts, Found, match

ANN = Box(0.1, 0.1, 0.1, 0.4)
BOB = Box(0.5, 0.1, 0.1, 0.4)


def said(*boxes: Box) -> list[Found]:
    return [Found(box, 0.9 - 0.1 * n) for n, box in enumerate(boxes)]


def moved(box: Box, x: float) -> Box:
    return Box(box.x + x, box.y, box.w, box.h)


def test_each_person_takes_one_detection() -> None:
    assert match([ANN, BOB], [], said(ANN, BOB)) == Counts(2, 0, 0)


def test_a_second_detection_of_one_person_is_false() -> None:
    assert match([ANN], [], said(ANN, moved(ANN, 0.01))) == Counts(1, 1, 0)


def test_the_more_confident_detection_is_the_right_one() -> None:
    weak, strong = Found(ANN, 0.5), Found(moved(ANN, 0.01), 0.8)
    assert match([ANN], [], [weak, strong]) == match([ANN], [], [strong, weak]) == Counts(1, 1, 0)


def test_nobody_there_is_false_and_nobody_found_is_missed() -> None:
    assert match([], [], said(ANN)) == Counts(0, 1, 0)
    assert match([ANN], [], []) == Counts(0, 0, 1)
    assert match([], [], []) == Counts()


def test_overlap_decides_at_the_limit() -> None:
    # Shifted by s of its width, a box has an IoU of (1 - s) / (1 + s) with itself.
    s = (1 - SAME) / (1 + SAME)
    assert match([ANN], [], said(moved(ANN, 0.1 * s - 1e-6))) == Counts(1, 0, 0)
    assert match([ANN], [], said(moved(ANN, 0.1 * s + 1e-6))) == Counts(0, 1, 1)


def test_a_detection_prefers_the_person_it_covers_best() -> None:
    near = moved(ANN, 0.03)
    assert match([ANN, near], [], said(near, ANN)) == Counts(2, 0, 0)


def test_who_is_ignored_counts_neither_for_nor_against() -> None:
    assert match([ANN], [BOB], said(ANN, BOB)) == Counts(1, 0, 0)
    assert match([ANN], [BOB], said(ANN)) == Counts(1, 0, 0)
    half = Box(BOB.x, BOB.y, BOB.w, 0.1)
    assert match([], [BOB], said(half)) == Counts(0, 0, 0)


def test_who_is_counted_comes_before_who_is_ignored() -> None:
    assert match([ANN], [moved(ANN, 0.01)], said(ANN)) == Counts(1, 0, 0)


def test_heights_leave_the_others_out_on_both_sides() -> None:
    tiny = Box(0.8, 0.1, 0.02, 0.05)
    small = (0.02, 0.1)
    assert match([ANN, tiny], [], said(ANN, tiny), heights=small) == Counts(1, 0, 0)
    assert match([ANN, tiny], [], said(ANN), heights=small) == Counts(0, 0, 1)
    assert match([tiny], [], said(BOB), heights=small) == Counts(0, 0, 1)
    elsewhere = Box(0.3, 0.7, 0.02, 0.05)
    assert match([tiny], [], said(elsewhere), heights=small) == Counts(0, 1, 1)


def test_counts_add_up() -> None:
    total = Counts(2, 1, 1) + Counts(1, 0, 2)
    assert total == Counts(3, 1, 3)
    assert (total.found, total.there) == (4, 6)
