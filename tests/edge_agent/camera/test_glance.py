"""Where a look differs from the one before."""

from __future__ import annotations

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.camera.glance import PLACE, Glance


def _street(seed: int, somebody: tuple[int, int] | None = None) -> av.VideoFrame:
    """Grey with a sensor's noise, and 12 by 5 pixels that are darker, at row and column."""
    picture: NDArray[np.float64] = 120 + np.random.default_rng(seed).normal(0, 3, (192, 256))
    if somebody is not None:
        row, column = somebody
        picture[row : row + 12, column : column + 5] -= 60
    grey = np.clip(picture, 0, 255).astype(np.uint8)
    return av.VideoFrame.from_ndarray(np.repeat(grey[..., None], 3, axis=2), format="bgr24")


def test_the_first_look_differs_everywhere_and_noise_nowhere() -> None:
    glance = Glance()
    assert len(glance.differs(_street(1))) == (192 // PLACE) * (256 // PLACE)
    assert glance.differs(_street(2)) == frozenset()


def test_somebody_small_is_told_with_his_place_and_the_one_he_left() -> None:
    glance = Glance()
    glance.differs(_street(1))
    assert glance.differs(_street(2, (70, 40))) == {(2, 1)}
    assert glance.differs(_street(3, (70, 104))) == {(2, 1), (2, 3)}
    assert glance.differs(_street(4, (70, 104))) == frozenset()


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le", "nv12"])
def test_pictures_of_any_format_are_looked_at(pixels: str) -> None:
    glance = Glance()
    glance.differs(_street(1).reformat(format=pixels))
    assert glance.differs(_street(2).reformat(format=pixels)) == frozenset()
    assert glance.differs(_street(3, (70, 40)).reformat(format=pixels)) == {(2, 1)}
