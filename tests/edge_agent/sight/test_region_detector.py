"""Closer looks, with a detector as short-sighted as real ones: below ten pixels it sees nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

from edge_agent.scene import Box, Detection, Image
from edge_agent.sight.region_detector import RegionDetector, RegionSettings

NEAR = Box(0.1, 0.3, 0.1, 0.4)
FAR = Box(0.7, 0.2, 0.012, 0.035)


class ShortSighted:
    """Calls every bright block a person that is ten pixels tall after shrinking to 256x416."""

    input_size = (256, 416)

    def __init__(self) -> None:
        self.calls = 0

    def detect(self, image: Image) -> tuple[Detection, ...]:
        self.calls += 1
        height, width = image.shape[:2]
        scale = min(self.input_size[0] / height, self.input_size[1] / width)
        size = (round(width * scale), round(height * scale))
        small = cv2.resize(image, size, interpolation=cv2.INTER_NEAREST)
        bright = (small[:, :, 0] > 140).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(bright, connectivity=8)
        return tuple(
            Detection("person", 0.8, Box(x / size[0], y / size[1], w / size[0], h / size[1]))
            for x, y, w, h, _ in stats[1:].tolist()
            if h >= 10
        )


def picture(people: Sequence[Box], height: int = 1080) -> Image:
    width = height * 16 // 9
    image = np.full((height, width, 3), 60, np.uint8)
    for box in people:
        top, left = round(box.y * height), round(box.x * width)
        image[top : round(box.bottom * height), left : round(box.right * width)] = 230
    return image


def watch(
    detector: RegionDetector, frames: int, people: Callable[[int], Sequence[Box]]
) -> list[tuple[Detection, ...]]:
    return [detector.detect(picture(people(number))) for number in range(frames)]


def found(detections: Sequence[Detection], box: Box) -> int:
    return sum(detection.box.iou(box) > 0.5 for detection in detections)


def wander(number: int) -> Box:
    """Far away, walking to the left."""
    return Box(FAR.x - 0.004 * number, FAR.y, FAR.w, FAR.h)


def test_without_a_closer_look_the_far_one_is_not_seen() -> None:
    seen = ShortSighted().detect(picture([NEAR, FAR]))
    assert (found(seen, NEAR), found(seen, FAR)) == (1, 0)


@pytest.mark.parametrize("height", [240, 480, 576])
def test_a_picture_that_a_window_would_hardly_enlarge_is_looked_at_once(height: int) -> None:
    sight = ShortSighted()
    detector = RegionDetector(sight)
    for _ in range(5):
        detector.detect(picture([NEAR], height=height))
    assert sight.calls == 5
    assert detector.looked_closer == 0


def test_somebody_far_who_moves_is_seen_in_every_picture() -> None:
    detector = RegionDetector(ShortSighted())
    seen = watch(detector, 20, lambda n: [NEAR, wander(n)])
    for number, detections in enumerate(seen[1:], 1):
        assert found(detections, wander(number)) == 1
        assert found(detections, NEAR) == 1
        assert len(detections) == 2


def test_one_who_moves_costs_one_window_not_a_sweep() -> None:
    detector = RegionDetector(ShortSighted(), RegionSettings(sweep_every=1000))
    watch(detector, 5, lambda n: [wander(n)])
    before = detector.windows
    watch(detector, 10, lambda n: [wander(n + 5)])
    assert detector.windows - before == 10


def test_somebody_near_who_moves_needs_no_window() -> None:
    detector = RegionDetector(ShortSighted(), RegionSettings(sweep_every=1000))
    watch(detector, 2, lambda _: [])
    before = detector.windows
    watch(detector, 10, lambda n: [Box(NEAR.x + 0.01 * n, NEAR.y, NEAR.w, NEAR.h)])
    assert detector.windows == before


def test_somebody_far_who_stands_still_is_found_by_the_sweep_and_kept_cheaply() -> None:
    detector = RegionDetector(ShortSighted(), RegionSettings(sweep_every=2, believe=5))
    seen = watch(detector, 50, lambda _: [FAR])
    first = next(number for number, detections in enumerate(seen) if found(detections, FAR))
    assert first < 20
    assert all(found(detections, FAR) == 1 for detections in seen[first:])
    # One picture in two for the sweep, one in six for the known one.
    assert detector.windows < 50 * 0.8


def test_somebody_far_who_leaves_is_not_believed_any_longer() -> None:
    detector = RegionDetector(ShortSighted())
    seen = watch(detector, 30, lambda n: [FAR] if n < 15 else [])
    assert found(seen[14], FAR) == 1
    assert all(found(detections, FAR) == 0 for detections in seen[16:])


def test_a_body_across_two_windows_is_reported_once() -> None:
    tall = Box(0.45, 0.42, 0.05, 0.14)
    detector = RegionDetector(ShortSighted(), RegionSettings(sweep_every=1, windows=9))
    for detections in watch(detector, 20, lambda _: [tall]):
        assert found(detections, tall) == 1
        assert len(detections) == 1


def test_more_places_than_windows_are_looked_at_in_turn() -> None:
    def spread(number: int) -> list[Box]:
        shift = 0.002 * (number % 2)
        return [
            Box(x + shift, y, FAR.w, FAR.h) for x in (0.05, 0.45, 0.9) for y in (0.05, 0.5, 0.9)
        ]

    detector = RegionDetector(ShortSighted(), RegionSettings(windows=2, sweep_every=1000))
    seen = watch(detector, 30, spread)
    for index in range(9):
        times = sum(
            found(detections, spread(number)[index]) for number, detections in enumerate(seen)
        )
        assert times >= 4, f"place {index} was looked at {times} times in 30 pictures"


def test_when_everything_moves_the_windows_go_round() -> None:
    random = np.random.default_rng(4)
    detector = RegionDetector(ShortSighted(), RegionSettings(windows=3))
    for _ in range(6):
        base = picture([FAR])
        noise = random.integers(0, 140, (68, 120, 3), np.uint8)
        rain = cv2.resize(noise, (1920, 1080), interpolation=cv2.INTER_NEAREST)
        detector.detect(np.asarray(cv2.add(base, rain), np.uint8))
    assert detector.windows == pytest.approx(18, abs=3)


def test_a_change_of_the_pictures_size_starts_afresh() -> None:
    detector = RegionDetector(ShortSighted())
    watch(detector, 5, lambda n: [wander(n)])
    assert detector.detect(picture([], height=720)) == ()
    assert found(detector.detect(picture([NEAR], height=720)), NEAR) == 1
