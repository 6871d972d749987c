"""Finding plates: which parts are looked at, and how close."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.plates.find import LEAST_CONFIDENCE, LEAST_FOREIGN, around, confident
from edge_agent.plates.locate import PlatePlace
from edge_agent.plates.parts import part_around, vehicle_parts
from edge_agent.plates.types import PlateRead
from edge_agent.scene import Box, Detection

IMAGE = np.zeros((500, 1000, 3), np.uint8)


def place(x: float, y: float, w: float, h: float) -> PlatePlace:
    return PlatePlace(((x, y), (x + w, y), (x + w, y + h), (x, y + h)), 0.9)


def test_the_second_look_shows_the_plate_in_the_middle() -> None:
    part = around(place(0.4, 0.4, 0.1, 0.04), IMAGE)
    assert part.w * 1000 == pytest.approx(250)
    assert part.h * 500 == pytest.approx(175)
    assert part.x + part.w / 2 == pytest.approx(0.45)
    assert part.y + part.h / 2 == pytest.approx(0.42)


def test_the_second_look_may_reach_beyond_the_picture() -> None:
    part = around(place(0.9, 0.9, 0.1, 0.2), IMAGE)
    assert part.x + part.w / 2 == pytest.approx(0.95)
    assert part.y + part.h / 2 == pytest.approx(0.95)
    assert part.right > 1


@pytest.mark.parametrize(("kind", "least"), [("p7", LEAST_CONFIDENCE), ("foreign", LEAST_FOREIGN)])
def test_a_read_that_is_likelier_wrong_than_right_is_not_told(kind: str, least: float) -> None:
    def told(confidence: float) -> bool:
        return confident(PlateRead("12가3456", (), confidence, kind, "white"))

    assert told(least)
    assert not told(least - 0.01)


def test_what_is_no_plate_is_never_told() -> None:
    assert not confident(PlateRead("12가3456", (), 1.0, "none", "white"))


def test_large_vehicles_are_parts_and_nothing_else_is() -> None:
    box, small = Box(0.2, 0.2, 0.3, 0.4), Box(0.1, 0.1, 0.05, 0.05)
    seen = [
        Detection("car", 0.3, box),
        Detection("truck", 0.9, Box(0.0, 0.0, 0.9, 0.9)),
        Detection("car", 0.2, box),
        Detection("person", 0.9, box),
        Detection("bus", 0.9, small),
    ]
    parts = vehicle_parts(seen, IMAGE)
    assert len(parts) == 2
    assert (parts[0].x, parts[0].y) == (0.0, 0.0)
    assert (parts[0].w, parts[0].h) == pytest.approx((0.954, 0.954))
    assert parts[1] == part_around(box)
    assert parts[1].w > box.w
