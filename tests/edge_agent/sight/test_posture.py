"""The shipped posture model on somebody who walks down a real street, and what a look costs."""

from __future__ import annotations

import math
from pathlib import Path

import av
import numpy as np
import pytest

from edge_agent.scene import Box, Image, Pose
from edge_agent.sight.posture import LOOKS_PER_FRAME, Posture
from models.registry import ModelError, Registry

STREET = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
"""Debian's opencv-doc."""

WALKER = Box(0.652, 0.270, 0.035, 0.130)
"""Somebody upright in its first picture, marked by hand."""

SHOULDERS, HIPS, ANKLES = (5, 6), (11, 12), (15, 16)


@pytest.fixture(scope="module")
def posture() -> Posture:
    return Posture(Registry.default())


@pytest.fixture(scope="module")
def street() -> Image:
    with av.open(str(STREET)) as container:
        picture = next(container.decode(video=0))
    return np.ascontiguousarray(picture.to_ndarray(format="bgr24"), np.uint8)


def level(pose: Pose | None, pair: tuple[int, int]) -> float:
    assert pose is not None
    return sum(pose.points[index].y for index in pair) / 2


def sureness(pose: Pose | None) -> float:
    assert pose is not None
    return sum(point.confidence for point in pose.points) / len(pose.points)


def test_the_points_of_a_walker_lie_where_the_body_is(posture: Posture, street: Image) -> None:
    pose = posture.at(street).pose(WALKER)
    assert pose is not None
    assert len(pose.points) == 17
    share = [(level(pose, pair) - WALKER.y) / WALKER.h for pair in (SHOULDERS, HIPS, ANKLES)]
    assert share == pytest.approx([0.2, 0.5, 0.92], abs=0.1)
    for index in (*SHOULDERS, *HIPS):
        assert pose.points[index].confidence > 0.3
        assert WALKER.x <= pose.points[index].x <= WALKER.right


def test_of_a_body_on_its_side_the_model_is_less_sure(posture: Posture, street: Image) -> None:
    side = np.ascontiguousarray(np.rot90(street))
    flat = posture.at(side).pose(Box(WALKER.y, 1 - WALKER.right, WALKER.h, WALKER.w))
    assert sureness(flat) < 0.5 * sureness(posture.at(street).pose(WALKER))


def test_at_the_rim_the_crop_is_filled_up(posture: Posture, street: Image) -> None:
    halved = np.ascontiguousarray(street[:, round(0.669 * street.shape[1]) :])
    assert posture.at(halved).pose(Box(0.0, WALKER.y, 0.1, WALKER.h)) is not None


def test_a_box_is_computed_once_a_frame(posture: Posture, street: Image) -> None:
    before = posture.crops
    look = posture.at(street)
    assert look.pose(WALKER) is look.pose(WALKER)
    assert posture.crops == before + 1


def test_a_crowd_gets_as_many_looks_as_a_frame_has(posture: Posture, street: Image) -> None:
    crops, refused = posture.crops, posture.refused
    look = posture.at(street)
    poses = [look.pose(Box(0.01 * n, 0.3, 0.05, 0.2)) for n in range(LOOKS_PER_FRAME + 3)]
    assert [pose is None for pose in poses] == [False] * LOOKS_PER_FRAME + [True] * 3
    assert (posture.crops - crops, posture.refused - refused) == (LOOKS_PER_FRAME, 3)


@pytest.mark.parametrize(
    "box",
    [
        Box(2.0, 0.1, 0.1, 0.1),
        Box(0.1, 0.1, 0.0, 0.1),
        Box(0.1, math.nan, 0.1, 0.1),
        Box(0.1, 0.1, math.inf, 0.1),
        Box(0.5, 0.5, 1e-9, 1e-9),
    ],
)
def test_a_box_without_pixels_has_no_pose(posture: Posture, street: Image, box: Box) -> None:
    assert posture.at(street).pose(box) is None


def test_a_model_for_something_else_is_refused() -> None:
    with pytest.raises(ModelError, match=r"nanodet-g-256x416-int8.*detection"):
        Posture(Registry.default(), "nanodet-g-256x416-int8")
