"""How right reads are."""

from __future__ import annotations

import math

import pytest

from polewatch.plates.score import Judged, band, coverage, distance, groups


def judged(truth: str, said: str, confidence: float = 0.9, width: float = 100) -> Judged:
    return Judged("a.jpg", truth, said, confidence, "p7", width)


@pytest.mark.parametrize(
    ("truth", "said", "edits"),
    [
        ("12가3456", "12가3456", 0),
        ("12가3456", "12거3456", 1),
        ("12가3456", "712가3456", 1),
        ("12가3456", "", 7),
        ("", "12", 2),
        ("12?3456", "12허3456", 0),
        ("12?3456", "123456", 1),
        ("12가3456", "12?3456", 1),
    ],
)
def test_edits(truth: str, said: str, edits: int) -> None:
    assert distance(truth, said) == edits


def test_a_masked_character_neither_counts_nor_harms() -> None:
    one = judged("12가34?6", "12가3486")
    assert (one.right, one.characters, one.characters_right) == (True, 6, 6)
    wrong = judged("12가34?6", "72가3486")
    assert (wrong.right, wrong.characters_right) == (False, 5)
    assert judged("12가34?6", "").characters_right == 0


def test_widths_fall_into_bands() -> None:
    assert [band(w) for w in (-1, 49.9, 75, 99, 250, 4000)] == [
        "0-49 px", "0-49 px", "75-99 px", "75-99 px", "250 px and more", "250 px and more",
    ]  # fmt: skip
    parts = groups([judged("1", "1", width=300), judged("1", "1", width=60)], "width")
    assert list(parts) == ["50-74 px", "250 px and more"]


def test_coverage_is_the_largest_set_that_is_right_enough() -> None:
    reads = [judged("1", "1", c) for c in (0.99, 0.98, 0.97, 0.5)] + [judged("1", "7", 0.9)]
    assert coverage(reads, 1.0) == (3, 0.97)
    assert coverage(reads, 0.8) == (5, 0.5)
    assert coverage([], 1.0) == (0, math.inf)


def test_equal_confidences_are_not_parted_and_silence_is_not_kept() -> None:
    tied = [judged("1", "1", 0.9), judged("1", "7", 0.9)]
    assert coverage(tied, 1.0) == (0, math.inf)
    assert coverage([judged("1", "", 0.0)], 0.0) == (0, math.inf)
