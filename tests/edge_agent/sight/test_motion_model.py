"""The filter follows what moves evenly, whatever the rate, and knows what it does not know."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.sight.motion_model import MotionModel

BOX = np.array([[0.5, 0.5, 0.1, 0.2]])


def followed(speed: float, step_s: float, seconds: float) -> MotionModel:
    model = MotionModel()
    model.add(BOX)
    for step in range(1, round(seconds / step_s) + 1):
        model.predict(step_s)
        measured = BOX + np.array([[speed * step * step_s, 0, 0, 0]])
        model.correct(np.array([0]), measured)
    return model


@pytest.mark.parametrize("step_s", [0.04, 0.1, 0.2])
def test_an_even_walk_is_predicted_at_any_rate(step_s: float) -> None:
    model = followed(0.1, step_s, 2.0)
    assert model.velocity[0, 0] == pytest.approx(0.1, abs=0.01)
    before = model.position[0, 0]
    model.predict(1.0)
    assert model.position[0, 0] - before == pytest.approx(0.1, abs=0.01)


def test_what_stands_still_stays() -> None:
    model = followed(0.0, 0.2, 5.0)
    model.predict(2.0)
    np.testing.assert_allclose(model.position, BOX)


def test_a_wild_measurement_is_not_followed_all_the_way() -> None:
    model = followed(0.0, 0.1, 3.0)
    model.predict(0.1)
    model.correct(np.array([0]), BOX + np.array([[0.05, 0, 0, 0]]))
    assert 0.01 < model.position[0, 0] - 0.5 < 0.035


def test_after_a_gap_the_next_measurement_counts_more() -> None:
    moved = []
    for gap_s in (0.1, 2.0):
        model = followed(0.0, 0.1, 3.0)
        model.predict(gap_s)
        model.correct(np.array([0]), BOX + np.array([[0.05, 0, 0, 0]]))
        moved.append(model.position[0, 0] - 0.5)
    assert moved[1] > 1.5 * moved[0]


def test_only_the_rows_measured_are_corrected() -> None:
    model = MotionModel()
    model.add(np.repeat(BOX, 3, axis=0))
    model.predict(0.1)
    model.correct(np.array([1]), BOX + 0.02)
    assert model.position[:, 0].tolist()[::2] == [0.5, 0.5]
    assert model.position[1, 0] > 0.5
    model.keep(np.array([1, 2]))
    assert len(model) == 2
    assert model.position[0, 0] > 0.5


def test_corners_are_around_the_centre() -> None:
    model = MotionModel()
    model.add(BOX)
    np.testing.assert_allclose(model.corners(), [[0.45, 0.4, 0.55, 0.6]])
