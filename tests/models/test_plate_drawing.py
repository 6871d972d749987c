"""The drawn plates: the same for the same seed, their truth in the places that exist."""

from __future__ import annotations

import numpy as np
import pytest

from models import plates as alphabet
from models.train.plates.draw import DrawnPlate, Shapes, draw_plate
from models.train.plates.glyphs import Mask
from models.train.plates.layout import LAYOUTS, Layout


class _Bars:
    """A font whose every character is a bar: no font need be installed."""

    def shape(self, character: str) -> Mask:
        return np.full((40, 20), 255, np.uint8)


def _drawn(layout: Layout, *, seed: int = 3, worn: bool = False) -> DrawnPlate:
    shapes = Shapes({}, [_Bars()])
    return draw_plate(np.random.default_rng(seed), layout, shapes=shapes, worn=worn)


@pytest.fixture(autouse=True)
def _fonts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.train.plates.draw._DRAWN", 0.0)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_every_character_stands_where_its_centre_says(layout: Layout) -> None:
    plate = _drawn(layout)
    height, width = plate.image.shape[:2]
    assert width / height == pytest.approx(layout.width / layout.height, rel=0.03)
    assert plate.text == alphabet.text_of(plate.places)
    assert plate.type in alphabet.TYPES
    assert plate.colour in alphabet.COLOURS
    for place, (x, y) in plate.centres.items():
        assert plate.places[place] in alphabet.PLACES[place]
        assert 0 < x < 1
        assert 0 < y < 1


def test_the_same_seed_draws_the_same_plate() -> None:
    first, again, other = (_drawn(LAYOUTS[0], seed=seed, worn=True) for seed in (7, 7, 8))
    assert np.array_equal(first.image, again.image)
    assert first.text == again.text
    assert first.text != other.text


def test_what_is_covered_is_not_asked_to_be_read() -> None:
    covered = 0
    for seed in range(30):
        clean, worn = (_drawn(LAYOUTS[0], seed=seed, worn=w) for w in (False, True))
        for place, text in worn.places.items():
            assert text in (clean.places[place], "?")
            if text == "?":
                covered += 1
                x, y = worn.centres[place]
                height, width = worn.image.shape[:2]
                at = int(y * height), int(x * width)
                assert not np.array_equal(worn.image[at], clean.image[at])
    assert 0 < covered < 12


def test_places_become_texts() -> None:
    private = {"prefix2": "1", "prefix3": "2", "letter": "가", "serial1": "3"}
    assert alphabet.text_of(private) == "12가3"
    diplomatic = {"region": "외교", "prefix1": "0", "prefix2": "1", "prefix3": "2", "serial2": "3"}
    assert alphabet.text_of(diplomatic) == "외교012-3"
    moto = {"region": "인천", "district": "계양", "letter": "가", "serial1": "1"}
    assert alphabet.text_of(moto) == "인천계양가1"
