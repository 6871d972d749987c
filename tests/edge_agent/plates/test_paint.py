"""A vehicle's colour: by its body, and none where the light has one itself."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.plates.paint import kind_may_be, paint_may_be, paint_of
from edge_agent.scene import Box, Image

CAR = Box(0.25, 0.25, 0.5, 0.5)
STREET = (96, 104, 100)


def street(body: tuple[int, int, int], ground: tuple[int, int, int] = STREET) -> Image:
    """A car of one colour on a road, BGR, with a lawn's edge."""
    picture = np.full((240, 320, 3), ground, np.uint8)
    picture[:30] = (40, 120, 60)
    picture[60:180, 80:240] = body
    return picture


@pytest.mark.parametrize(
    ("body", "paint"),
    [
        ((235, 235, 235), "white"),
        ((105, 105, 105), "grey"),
        ((25, 25, 25), "black"),
        ((30, 30, 180), "red"),
        ((30, 200, 220), "yellow"),
        ((60, 140, 40), "green"),
        ((160, 70, 20), "blue"),
    ],
)
def test_a_body_is_called_by_its_colour(body: tuple[int, int, int], paint: str) -> None:
    assert paint_of(street(body), CAR) == paint


def test_coloured_light_infrared_and_a_small_box_tell_nothing() -> None:
    assert paint_of(street((180, 120, 235), (110, 60, 170)), CAR) == "unknown"
    infrared = np.repeat(street((235, 235, 235))[..., :1], 3, axis=2)
    assert paint_of(infrared, CAR) == "unknown"
    assert paint_of(street((30, 30, 180)), Box(0.4, 0.4, 0.05, 0.05)) == "unknown"


def test_what_is_not_known_is_never_left_out() -> None:
    assert "unknown" in paint_may_be("red") & kind_may_be("bus")
    assert "grey" in paint_may_be("white")
    assert "motorcycle" not in kind_may_be("car")
