"""The fire network as shipped, and how it is asked."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.scene import Box
from edge_agent.sight.fire import FireNetwork, FireWatch
from models.registry import ModelError, Registry


@pytest.fixture(scope="module")
def network() -> FireNetwork:
    return FireNetwork(Registry.default())


def grey(height: int = 240, width: int = 320) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 110, np.uint8)


def test_it_says_for_each_cell_how_sure_it_is(network: FireNetwork) -> None:
    cells = network.cells(grey(100, 100))
    assert cells.shape == (2, 12, 12)
    assert 0 <= cells.min() <= cells.max() <= 1


def test_nothing_burns_on_a_grey_wall(network: FireNetwork) -> None:
    for kind in ("fire", "smoke"):
        assert network.look(grey(), Box(0.3, 0.3, 0.2, 0.2), kind) < 0.5


@pytest.mark.parametrize(
    "box",
    [
        Box(-1, -1, 0.1, 0.1),
        Box(2, 2, 1, 1),
        Box(0, 0, 1, 1),
        Box(0.999, 0.999, 0.001, 0.001),
        Box(0.5, 0.5, 0, 0),
    ],
)
def test_any_box_is_answered(network: FireNetwork, box: Box) -> None:
    assert 0 <= network.look(grey(), box, "fire") <= 1
    assert 0 <= network.look(grey(3, 2), box, "smoke") <= 1


def test_another_kind_of_model_is_refused() -> None:
    with pytest.raises(ModelError, match="is for posture"):
        FireNetwork(Registry.default(), "movenet-lightning-192")


def test_a_scene_at_rest_costs_no_look(network: FireNetwork) -> None:
    watch = FireWatch(network)
    picture = grey()
    cv2.circle(picture, (100, 100), 20, (200, 220, 255), -1)
    for number in range(10):
        assert watch.update(picture, number * 0.2) == ()
    assert (watch.pictures, watch.looks) == (10, 0)
