"""The shipped detector on pictures drawn here: loading, refusals, and what empty pictures show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_agent.sight.detector import DEFAULT_MODEL, Detector
from models.registry import FOLDER, ModelError, Registry


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(Registry.default())


def test_it_says_which_model_it_is(detector: Detector) -> None:
    assert detector.model.name == DEFAULT_MODEL
    assert detector.model.sha256 == Registry.default().entry(DEFAULT_MODEL).sha256


@pytest.mark.parametrize("shape", [(576, 768, 3), (1080, 1920, 3), (16, 2000, 3), (1, 1, 3)])
def test_an_even_grey_picture_of_any_shape_shows_nothing(
    detector: Detector, shape: tuple[int, int, int]
) -> None:
    strong = [d for d in detector.detect(np.full(shape, 114, np.uint8)) if d.confidence >= 0.4]
    assert strong == []


def test_whatever_noise_shows_has_sound_boxes(detector: Detector) -> None:
    loose = Detector(Registry.default(), threshold=0.01)
    noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    found = loose.detect(noise)
    assert found
    for detection in found:
        box = detection.box
        assert 0 <= box.x < box.right <= 1.000001
        assert 0 <= box.y < box.bottom <= 1.000001
        assert 0.01 <= detection.confidence <= 1
    confidences = [detection.confidence for detection in found]
    assert confidences == sorted(confidences, reverse=True)


def test_a_model_for_something_else_is_refused() -> None:
    with pytest.raises(ModelError, match=r"movenet-lightning-192.*posture"):
        Detector(Registry.default(), "movenet-lightning-192")


def test_an_altered_file_is_not_loaded(tmp_path: Path) -> None:
    registry = Registry(tmp_path, Registry.default().manifest)
    whole = (FOLDER / registry.entry(DEFAULT_MODEL).file).read_bytes()
    (tmp_path / registry.entry(DEFAULT_MODEL).file).write_bytes(whole[:-1])
    with pytest.raises(ModelError, match="expected sha256"):
        Detector(registry)
