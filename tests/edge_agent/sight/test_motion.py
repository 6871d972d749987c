"""What counts as motion: things that move, not noise, not what has come to stay."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.scene import Box, Image
from edge_agent.sight.motion import MotionMap


def scene(*blocks: Box, noise: float = 0, seed: int = 0, height: int = 180) -> Image:
    width = height * 16 // 9
    image = np.full((height, width, 3), 90.0)
    for block in blocks:
        top, left = round(block.y * height), round(block.x * width)
        image[top : round(block.bottom * height), left : round(block.right * width)] = 200
    if noise:
        image += np.random.default_rng(seed).normal(0, noise, image.shape)
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def test_the_first_picture_has_nothing_to_differ_from() -> None:
    assert MotionMap().update(scene()) is None


def test_a_still_scene_does_not_move() -> None:
    motion = MotionMap()
    motion.update(scene())
    for _ in range(10):
        still = motion.update(scene())
        assert still is not None
        assert (still.boxes, still.share) == ((), 0)


@pytest.mark.parametrize("height", [120, 360, 1080])
def test_something_that_comes_in_is_found_where_it_is(height: int) -> None:
    motion = MotionMap()
    motion.update(scene(height=height))
    moved = motion.update(scene(Box(0.4, 0.4, 0.05, 0.15), height=height))
    assert moved is not None
    (box,) = moved.boxes
    assert box.iou(Box(0.4, 0.4, 0.05, 0.15)) > 0.6
    assert moved.touches(Box(0.42, 0.45, 0.5, 0.5))
    assert not moved.touches(Box(0.6, 0.4, 0.2, 0.2))


def test_a_small_person_in_a_large_picture_is_found() -> None:
    motion = MotionMap()
    motion.update(scene(height=1080))
    moved = motion.update(scene(Box(0.5, 0.5, 10 / 1920, 25 / 1080), height=1080))
    assert moved is not None
    assert len(moved.boxes) == 1


def test_two_who_walk_apart_are_two() -> None:
    motion = MotionMap()
    motion.update(scene())
    moved = motion.update(scene(Box(0.2, 0.4, 0.05, 0.15), Box(0.7, 0.4, 0.08, 0.2)))
    assert moved is not None
    assert len(moved.boxes) == 2
    assert moved.boxes[0].x > 0.5, "the largest comes first"


@pytest.mark.parametrize("noise", [2, 6, 15])
def test_the_sensors_noise_is_no_motion_and_hides_no_person(noise: float) -> None:
    motion = MotionMap()
    for number in range(5):
        quiet = motion.update(scene(noise=noise, seed=number))
    assert quiet is not None
    assert quiet.share < 0.001
    moved = motion.update(scene(Box(0.4, 0.4, 0.05, 0.15), noise=noise, seed=99))
    assert moved is not None
    assert any(box.iou(Box(0.4, 0.4, 0.05, 0.15)) > 0.5 for box in moved.boxes)


def test_who_passes_leaves_no_trail() -> None:
    motion = MotionMap()
    motion.update(scene())
    for step in range(20):
        passing = motion.update(scene(Box(0.04 * step, 0.4, 0.05, 0.15)))
    assert passing is not None
    assert all(box.right > 0.65 for box in passing.boxes)


def test_what_comes_to_stay_becomes_background_in_time() -> None:
    motion = MotionMap()
    motion.update(scene())
    parked = scene(Box(0.4, 0.4, 0.2, 0.2))
    seen = [moved for _ in range(150) if (moved := motion.update(parked)) is not None]
    assert len(seen[0].boxes) == 1
    assert seen[10].share > 0.02
    assert seen[10].boxes == (), "what stands still does not move"
    assert seen[-1].share == 0


def test_a_picture_of_another_size_starts_afresh() -> None:
    motion = MotionMap()
    motion.update(scene())
    assert motion.update(scene(height=120)) is None
