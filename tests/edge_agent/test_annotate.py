"""What is drawn onto a picture of which way counts."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.annotate import draw
from wire.camera_rules import CameraRules

GATE = {"id": "gate", "points": [[0.5, 0.9], [0.5, 0.1]]}


@pytest.mark.parametrize(
    ("direction", "left", "right"),
    [("left_to_right", False, True), ("right_to_left", True, False), ("both", True, True)],
)
def test_an_arrow_across_a_line_points_the_way_that_counts(
    direction: str, left: bool, right: bool
) -> None:
    rule = {"id": "r", "type": "line_crossing", "line": "gate", "direction": direction}
    asked = CameraRules.model_validate({"lines": [GATE], "rules": [rule]})
    picture = draw(np.zeros((400, 400, 3), np.uint8), 0.0, asked, (), {})
    beside = picture[190:210]
    assert bool(beside[:, 183:193].any()) == left
    assert bool(beside[:, 207:217].any()) == right


def test_the_way_of_a_one_way_zone_is_drawn() -> None:
    corners = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]
    zone = {"id": "lane", "polygon": corners, "direction": [[0.5, 0.8], [0.5, 0.2]]}
    asked = CameraRules.model_validate({"zones": [zone]})
    picture = draw(np.zeros((400, 400, 3), np.uint8), 0.0, asked, (), {})
    assert picture[200, 190:210].any()
