"""Where plates are: corners in the picture's own fractions, and nonsense without a crash."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.plates.locate import PlateLocator, PlatePlace, same_place
from edge_agent.scene import Box, Image
from models.registry import ModelError, Registry

LEFT, TOP, WIDE, TALL = 420, 380, 156, 33


@pytest.fixture(scope="module")
def locator() -> PlateLocator:
    return PlateLocator(Registry.default())


def street() -> Image:
    """A grey car's lower half on a road, with a plate as long ones are."""
    image = np.full((540, 960, 3), 105, np.uint8)
    cv2.rectangle(image, (260, 150), (740, 470), (150, 150, 155), -1)
    cv2.rectangle(image, (300, 170), (700, 270), (45, 40, 40), -1)
    for x in (270, 650):
        cv2.ellipse(image, (x + 40, 320), (42, 20), 0, 0, 360, (230, 230, 225), -1)
    cv2.rectangle(image, (LEFT, TOP), (LEFT + WIDE, TOP + TALL), (245, 245, 245), -1)
    cv2.rectangle(image, (LEFT + 2, TOP + 2), (LEFT + WIDE - 2, TOP + TALL - 2), (30, 30, 30), 1)
    face = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(image, "12", (LEFT + 14, TOP + 27), face, 0.9, (20, 20, 20), 3)
    cv2.putText(image, "o", (LEFT + 52, TOP + 26), face, 0.8, (20, 20, 20), 2)
    cv2.putText(image, "3456", (LEFT + 76, TOP + 27), face, 0.9, (20, 20, 20), 3)
    return image


PLATE = Box(LEFT / 960, TOP / 540, WIDE / 960, TALL / 540)


@pytest.mark.parametrize(
    "part", [Box(0, 0, 1, 1), Box(0.25, 0.25, 0.55, 0.7), Box(0.2, 0.4, 0.7, 0.9)]
)
def test_a_plate_is_found_from_any_part_that_shows_it(locator: PlateLocator, part: Box) -> None:
    places = locator.locate(street(), part)
    assert places[0].box.iou(PLATE) > 0.55
    top_left, _, bottom_right, _ = places[0].quad
    assert top_left[0] < bottom_right[0]
    assert top_left[1] < bottom_right[1]


def test_no_more_than_asked_for_the_surest_first(locator: PlateLocator) -> None:
    twice = np.concatenate([street()[:, 200:760], street()[:, 200:760]], 1)
    places = locator.locate(np.ascontiguousarray(twice), limit=2)
    assert len(places) == 2
    assert places[0].score >= places[1].score
    assert not same_place(*places)
    assert len(locator.locate(np.ascontiguousarray(twice), limit=1)) == 1


@pytest.mark.parametrize("value", [0, 114, 255])
def test_an_empty_picture_shows_no_plate(locator: PlateLocator, value: int) -> None:
    assert locator.locate(np.full((480, 640, 3), value, np.uint8)) == ()


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (9, 9), (4000, 9), (8, 3000)])
def test_odd_shapes_do_no_harm(locator: PlateLocator, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    for place in locator.locate(noise):
        assert 0 <= place.box.w <= 1
        assert 0 <= place.box.h <= 1


def test_a_part_outside_shows_nothing(locator: PlateLocator) -> None:
    assert locator.locate(street(), Box(1.2, 0.1, 0.5, 0.5)) == ()
    assert locator.locate(street(), Box(0.5, 0.5, 0.001, 0.001)) == ()


def test_the_box_lies_within_the_picture() -> None:
    place = PlatePlace(((-0.1, 0.2), (0.5, 0.1), (0.5, 0.3), (0.0, 0.4)), 0.9)
    box = place.box
    assert (box.x, box.y, box.w) == (0.0, 0.1, 0.5)
    assert box.h == pytest.approx(0.3)


def test_another_model_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match="is for fire"):
        PlateLocator(Registry.default(), "fire-192-int8")


def test_an_altered_file_is_refused(tmp_path: Path) -> None:
    shipped = Registry.default()
    entry = shipped.entry("plate-locator-320x224")
    (tmp_path / entry.file).write_bytes(b"not a network")
    with pytest.raises(ModelError, match="expected sha256"):
        PlateLocator(Registry(tmp_path, shipped.manifest))
