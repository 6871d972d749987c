"""Two looks at one picture: what both see is surer than what one sees."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.scene import Box, Detection, Image
from edge_agent.sight.region_detector import RegionDetector
from edge_agent.sight.two_scales import FINE_ALONE, TwoScales, fused

HERE = Box(0.4, 0.3, 0.1, 0.3)
NEARLY = Box(0.41, 0.31, 0.1, 0.3)
ELSEWHERE = Box(0.7, 0.3, 0.1, 0.3)


def person(box: Box, confidence: float) -> Detection:
    return Detection("person", confidence, box)


def test_what_both_see_has_their_mean_confidence_and_place() -> None:
    (one,) = fused([person(HERE, 0.8)], [person(NEARLY, 0.4)])
    assert one.confidence == pytest.approx(0.6)
    assert one.box.x == pytest.approx(0.4 + 0.01 / 3)
    assert (one.box.w, one.box.h) == pytest.approx((HERE.w, HERE.h))


@pytest.mark.parametrize("which", [0, 1])
def test_what_one_sees_alone_is_believed_less(which: int) -> None:
    looks: list[list[Detection]] = [[], []]
    looks[which] = [person(HERE, 0.7)]
    (one,) = fused(*looks)
    assert one.box == HERE
    assert one.confidence == pytest.approx(0.45)


def test_a_weak_detection_of_one_look_stays_what_it_is() -> None:
    (one,) = fused([person(HERE, 0.16)], [])
    assert one.confidence == pytest.approx(0.16)


def test_two_things_stay_two_the_surer_first() -> None:
    both = fused([person(HERE, 0.5)], [person(ELSEWHERE, 0.9)])
    assert [d.box for d in both] == [ELSEWHERE, HERE]


def test_somebody_and_a_dog_are_never_one() -> None:
    both = fused([person(HERE, 0.8), Detection("dog", 0.7, HERE)], [person(HERE, 0.8)])
    assert [d.label for d in both] == ["person", "dog"]


def test_of_vehicles_the_coarse_look_alone_tells() -> None:
    car = Detection("car", 0.5, HERE)
    assert fused([car], [Detection("truck", 0.7, ELSEWHERE)]) == (car,)


def test_a_doubled_box_of_one_look_does_not_come_through() -> None:
    found = fused([person(HERE, 0.8), person(NEARLY, 0.5)], [person(HERE, 0.8)])
    assert len(found) == 1


class Look:
    """Sees one person, always in the same place, and counts the pictures."""

    def __init__(self, height: int, width: int, confidence: float) -> None:
        self.input_size = (height, width)
        self.confidence = confidence
        self.pictures = 0

    def detect(self, image: Image) -> tuple[Detection, ...]:
        self.pictures += 1
        return (person(HERE, self.confidence),)


def test_a_picture_without_windows_is_looked_at_both_ways() -> None:
    coarse, fine = Look(256, 416, 0.8), Look(384, 512, 0.6)
    (one,) = RegionDetector(TwoScales(coarse, fine)).detect(np.zeros((576, 768, 3), np.uint8))
    assert (coarse.pictures, fine.pictures) == (1, 1)
    assert one.confidence == pytest.approx(0.7)


def test_a_large_picture_is_looked_at_coarsely_and_its_windows_finely() -> None:
    coarse, fine = Look(256, 416, 0.8), Look(384, 512, 0.6)
    detector = RegionDetector(TwoScales(coarse, fine))
    found = detector.detect(np.zeros((1152, 1536, 3), np.uint8))
    assert (coarse.pictures, fine.pictures) == (1, detector.windows)
    assert sorted({d.confidence for d in found}) == pytest.approx([FINE_ALONE * 0.6, 0.8])
