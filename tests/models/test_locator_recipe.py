"""The recipe of the plate locator: what it composes and asks for."""

from __future__ import annotations

import numpy as np
import pytest

from models.plate_grid import HEIGHT, WIDTH
from models.train.locator import decoys
from models.train.locator.compose import Composer, Plate, Scene, Stock, Street, stock_of_decoys
from models.train.locator.spoil import bar, spoil
from models.train.locator.vehicles import vehicle


@pytest.fixture(scope="module")
def stock() -> Stock:
    random = np.random.default_rng(3)
    ground = np.full((300, 400, 3), 90, np.uint8)
    return Stock(
        grounds=[ground],
        streets=[Street(ground, ((150.0, 200.0, 230.0, 220.0),))],
        plates=[Plate(np.full((60, 280, 3), 255, np.uint8), 520.0)],
        decoys=stock_of_decoys(random, 12),
        vehicles=[vehicle(random) for _ in range(4)],
    )


def test_the_same_seed_composes_the_same_pictures(stock: Stock) -> None:
    first, again = Composer(stock, 7), Composer(stock, 7)
    for _ in range(6):
        one, other = first.scene(), again.scene()
        assert np.array_equal(one.picture, other.picture)
        assert len(one.plates) == len(other.plates)


def test_plates_that_are_asked_for_lie_in_the_picture_and_apart(stock: Stock) -> None:
    composer = Composer(stock, 5)
    scenes = [composer.scene() for _ in range(25)]
    assert {(s.picture.shape, s.picture.dtype) for s in scenes} == {
        ((HEIGHT, WIDTH, 3), np.dtype(np.uint8))
    }
    plates = [quad for scene in scenes for quad in scene.plates]
    assert len(plates) > 12
    for quad in plates:
        slack = 0.05 * np.ptp(quad[:, 0]) + 1
        assert (quad > -slack).all()
        assert (quad < np.array([WIDTH, HEIGHT]) + slack).all()
    for scene in scenes:
        assert _apart(scene)


def _apart(scene: Scene) -> bool:
    middles = [tuple(np.round(quad.mean(0))) for quad in scene.plates]
    return len(set(middles)) == len(middles)


def test_every_kind_of_decoy_is_painted() -> None:
    random = np.random.default_rng(0)
    found = [decoys.decoy(random) for _ in range(40)]
    for patch, mask in found:
        assert patch.dtype == np.uint8
        assert patch.shape[:2] == mask.shape
        assert 0 <= mask.min() <= mask.max() <= 1


def test_spoiling_keeps_shape_and_leaves_the_original_alone() -> None:
    random = np.random.default_rng(1)
    picture = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    for _ in range(12):
        assert spoil(picture, random).shape == picture.shape
        framed, (left, top, right, bottom) = bar(picture, random)
        assert (framed[top:bottom, left:right] == 120).all()
    assert (picture == 120).all()
