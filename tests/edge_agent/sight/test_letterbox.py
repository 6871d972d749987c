"""A picture keeps its proportions on the way in, and boxes find their way back."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.sight.letterbox import Letterbox, Normalizer, shrink


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (576, 768, Letterbox(256 / 576, 37, 0, 341, 256)),
        (1080, 1920, Letterbox(416 / 1920, 0, 11, 416, 234)),
        (128, 208, Letterbox(2.0, 0, 0, 416, 256)),
        (1, 5000, Letterbox(416 / 5000, 0, 127, 416, 1)),
    ],
)
def test_the_largest_centred_fit(height: int, width: int, expected: Letterbox) -> None:
    assert Letterbox.fit(height, width, 256, 416) == expected


def test_corners_come_back_as_fractions_of_the_picture_clipped_to_it() -> None:
    box = Letterbox.fit(1080, 1920, 256, 416)
    corners = np.array([[0, 11, 416, 245], [104, 128, 500, 300]], np.float32)
    fractions = box.to_fractions(corners)
    np.testing.assert_allclose(fractions[0], [0, 0, 1, 1])
    np.testing.assert_allclose(fractions[1], [0.25, 0.5, 1, 1])


def test_the_tensor_is_normalized_by_channel_and_barred_with_the_fill() -> None:
    normalize = Normalizer(4, 8, fill=100, mean=(10, 20, 30), std=(1, 2, 4))
    image = np.full((8, 8, 3), (50, 60, 70), np.uint8)
    tensor, box = normalize(image)
    assert tensor.shape == (1, 3, 4, 8)
    assert (box.left, box.inner_width) == (2, 4)
    assert tensor[0, :, 0, 2].tolist() == [40, 20, 10]
    assert tensor[0, :, 0, 5].tolist() == [40, 20, 10]
    assert tensor[0, :, 0, 1].tolist() == [90, 40, 17.5]
    assert tensor[0, :, 3, 6].tolist() == [90, 40, 17.5]


def test_a_fine_pattern_shrinks_to_its_average_instead_of_aliasing() -> None:
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 200
    small = shrink(stripes, 100, 100)
    assert small.min() > 80
    assert small.max() < 120
