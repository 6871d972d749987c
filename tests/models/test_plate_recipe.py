"""The reader's recipe: what the street does to a drawn plate, and what is taught of it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from models.plates import COLOURS, PLACES, TYPES
from models.train.plates import samples as stream
from models.train.plates.degrade import street_crop
from models.train.plates.draw import Shapes, draw_plate
from models.train.plates.foreign import foreign_plate, slots
from models.train.plates.glyphs import GlyphError, Mask, drawings
from models.train.plates.layout import LAYOUTS
from models.train.plates.lessons import lesson, masked
from models.train.plates.negatives import no_plate


class _Bars:
    """A font whose every character is a bar: no font need be installed."""

    def shape(self, character: str) -> Mask:
        return np.full((40, 20), 255, np.uint8)


SHAPES = Shapes({}, [_Bars()])
AROUND = np.random.default_rng(0).integers(0, 255, (200, 320, 3)).astype(np.uint8)


@pytest.fixture(autouse=True)
def _fonts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.train.plates.draw._DRAWN", 0.0)
    monkeypatch.setattr(stream, "surroundings", lambda _: [AROUND])


def test_what_is_outside_the_crop_is_not_asked_to_be_read() -> None:
    random = np.random.default_rng(4)
    plate = draw_plate(random, LAYOUTS[0], shapes=SHAPES, worn=False)
    outside = 0
    for _ in range(40):
        crop = street_crop(plate, AROUND, random)
        assert crop.image.ndim == 3
        assert crop.image.shape[1] <= 312
        for place, (x, y) in crop.centres.items():
            inside = 0 < x < 1 and 0 < y < 1
            outside += not inside
            assert inside or crop.places[place] == "?"
            assert crop.places[place] in (plate.places[place], "?")
    assert outside > 0


def test_a_grey_crop_has_no_colour_to_be_told() -> None:
    random = np.random.default_rng(1)
    plate = draw_plate(random, LAYOUTS[5], shapes=SHAPES, worn=False)
    crops = [street_crop(plate, AROUND, random) for _ in range(20)]
    grey = [int(np.ptp(crop.image, axis=2).max()) for crop in crops if crop.grey]
    assert grey
    # JPEG leaves a trace of colour in a grey picture.
    assert max(grey) < 30


def test_the_stream_is_the_same_for_the_same_seed() -> None:
    first, again, other = (
        list(islice(stream.samples(seed, Path(), shapes=SHAPES), 8)) for seed in (3, 3, 4)
    )
    for one, same in zip(first, again, strict=True):
        assert np.array_equal(one.image, same.image)
        assert np.array_equal(one.targets, same.targets)
    assert any(not np.array_equal(a.image, b.image) for a, b in zip(first, other, strict=True))


def test_targets_name_classes_and_centres_lie_in_the_picture() -> None:
    for sample in islice(stream.samples(8, Path(), shapes=SHAPES), 15):
        assert sample.image.shape == (80, 192, 3)
        for target, classes in zip(sample.targets, PLACES.values(), strict=False):
            assert 0 <= target < len(classes)
        assert 0 <= sample.targets[-2] < len(TYPES)
        assert sample.targets[-1] < len(COLOURS)
        known = ~np.isnan(sample.centres[:, 0])
        assert known.any() == (sample.layout != "none")
        assert (sample.centres[known] >= 0).all()
        assert (sample.centres[known] <= (192, 80)).all()


def test_what_is_no_plate_is_a_picture_too() -> None:
    random = np.random.default_rng(2)
    for image in (no_plate(AROUND, SHAPES, random) for _ in range(5)):
        assert image.dtype == np.uint8
        assert image.shape[2] == 3
        assert min(image.shape[:2]) >= 12


@pytest.mark.parametrize("count", [5, 6, 7, 8])
def test_characters_of_a_foreign_plate_keep_their_order(count: int) -> None:
    places = list(PLACES)
    order = [places.index(slot) for slot in slots(count)]
    assert order == sorted(order)
    assert len(set(order)) == count
    assert slots(count)[-4:] == ("serial1", "serial2", "serial3", "serial4")


def test_of_a_foreign_plate_the_digits_are_taught() -> None:
    random = np.random.default_rng(2)
    for plate in (foreign_plate(SHAPES, random) for _ in range(4)):
        said = "".join(plate.places.values())
        assert set(said) <= set("0123456789?")
        assert "?" in said
        assert said.strip("?")
        assert plate.places.keys() == plate.centres.keys()
        across = [x for x, _ in plate.centres.values()]
        assert across == sorted(across)
        assert plate.image.shape[2] == 3


def test_lessons_are_plates_and_what_is_smoothed_away_is_not_read() -> None:
    random = np.random.default_rng(5)
    plates = [lesson(random, SHAPES) for _ in range(12)]
    assert {"moto", "old", "cons"} & {plate.type for plate in plates}
    crop = street_crop(plates[0], AROUND, random, 0.0)
    gone = masked(crop, random)
    (name,) = [place for place in crop.places if gone.places[place] != crop.places[place]]
    assert gone.places[name] == "?"
    assert not np.array_equal(gone.image, crop.image)


def test_missing_drawings_are_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(GlyphError, match=r"glyphs_cvlab is not here; .* --data FOLDER"):
        drawings(tmp_path)
