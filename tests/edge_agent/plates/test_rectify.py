"""Rectifying: corners go where they belong, nonsense is refused by name."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from edge_agent.plates.rectify import rectify


def test_a_turned_plate_stands_upright() -> None:
    plate = np.zeros((40, 160, 3), np.uint8)
    plate[:20, :80], plate[:20, 80:], plate[20:, 80:], plate[20:, :80] = 60, 120, 180, 240
    corners = np.array([[60, 40], [210, 80], [200, 125], [50, 78]], np.float32)
    source = np.array([[0, 0], [160, 0], [160, 40], [0, 40]], np.float32)
    move = cv2.getPerspectiveTransform(source, corners)
    image = np.asarray(cv2.warpPerspective(plate, move, (260, 200)), np.uint8)
    quad = [(float(x) / 260, float(y) / 200) for x, y in corners]
    seen = rectify(image, (quad[0], quad[1], quad[2], quad[3]), margin=0)
    height, width = seen.shape[:2]
    assert width == pytest.approx(math.hypot(150, 47), abs=2)
    quarter = [(0.25, 0.25), (0.25, 0.75), (0.75, 0.75), (0.75, 0.25)]
    found = [int(seen[int(height * y), int(width * x), 0]) for y, x in quarter]
    assert found == pytest.approx([60, 120, 180, 240], abs=2)


def test_the_margin_shows_what_lies_around() -> None:
    image = np.full((100, 100, 3), 9, np.uint8)
    image[40:60, 20:80] = 200
    quad = ((0.2, 0.4), (0.8, 0.4), (0.8, 0.6), (0.2, 0.6))
    seen = rectify(image, quad, margin=0.25)
    assert seen.shape == (30, 90, 3)
    assert seen[1, 45, 0] == 9
    assert seen[15, 45, 0] == 200


@pytest.mark.parametrize("corner", [(0.5, 0.5), (math.nan, 0.2)])
def test_corners_that_enclose_nothing_are_refused(corner: tuple[float, float]) -> None:
    image = np.zeros((50, 50, 3), np.uint8)
    with pytest.raises(ValueError, match="corners"):
        rectify(image, (corner, corner, corner, corner))
