"""Where a look differs from the one before."""

from __future__ import annotations

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.camera.glance import EVERYWHERE, Glance


def _street(
    seed: int, somebody: tuple[int, int] | None = None, *, light: float = 120, lit: int = 0
) -> av.VideoFrame:
    """Grey with a sensor's noise, and 12 by 5 pixels that are darker, at row and column.

    The first `lit` columns are lighter.
    """
    picture: NDArray[np.float64] = light + np.random.default_rng(seed).normal(0, 3, (192, 256))
    picture[:, :lit] += 50
    if somebody is not None:
        row, column = somebody
        picture[row : row + 12, column : column + 5] -= 60
    grey = np.clip(picture, 0, 255).astype(np.uint8)
    return av.VideoFrame.from_ndarray(np.repeat(grey[..., None], 3, axis=2), format="bgr24")


def test_the_first_look_differs_everywhere_and_noise_nowhere() -> None:
    glance = Glance()
    assert glance.differs(_street(1)) == {EVERYWHERE}
    assert glance.differs(_street(2)) == frozenset()


def test_somebody_small_is_told_with_his_place_and_the_one_he_left() -> None:
    glance = Glance()
    glance.differs(_street(1))
    assert glance.differs(_street(2, (70, 40))) == {(2, 1)}
    assert glance.differs(_street(3, (70, 104))) == {(2, 1), (2, 3)}
    assert glance.differs(_street(4, (70, 104))) == frozenset()


def test_when_it_grows_dark_nobody_is_hidden_by_that() -> None:
    glance = Glance()
    glance.differs(_street(1, light=190))
    for step in range(12):
        assert glance.differs(_street(2 + step, light=180 - 10 * step)) == frozenset()
    assert glance.differs(_street(20, (70, 40), light=70)) == {(2, 1)}


def test_a_lamp_that_lights_a_part_is_told_of_no_single_place() -> None:
    glance = Glance()
    glance.differs(_street(1))
    assert glance.differs(_street(2, lit=100)) == {EVERYWHERE}
    assert glance.differs(_street(3, (70, 40), lit=100)) == {(2, 1)}


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le", "nv12"])
def test_pictures_of_any_format_are_looked_at(pixels: str) -> None:
    glance = Glance()
    glance.differs(_street(1).reformat(format=pixels))
    assert glance.differs(_street(2).reformat(format=pixels)) == frozenset()
    assert glance.differs(_street(3, (70, 40)).reformat(format=pixels)) == {(2, 1)}
