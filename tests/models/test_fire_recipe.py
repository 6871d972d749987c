"""The recipe of the fire network: what it paints and labels, and that the graph is the head's."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from models.registry import Registry
from models.train.fire import left_out, lookalikes, paint
from models.train.fire.backbone import CHANNELS, GRID, SIDE, features_graph, with_head
from models.train.fire.crops import GROUPS, UNKNOWN, Background, painted_crops


def test_no_group_is_on_both_sides() -> None:
    splits = defaultdict(set)
    with GROUPS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            splits[row["group"]].add(row["split"])
    assert all(len(found) == 1 for found in splits.values())
    assert {"train", "held"} == set.union(*splits.values())


def test_painting_is_the_same_for_the_same_seed() -> None:
    picture = np.full((SIDE, SIDE, 3), 90, np.uint8)
    for painter in (paint.flame, paint.smoke, paint.haze):
        first, mask = painter(picture, np.random.default_rng(5))
        again, _ = painter(picture, np.random.default_rng(5))
        assert np.array_equal(first, again)
        assert (picture == 90).all()
        assert 0 <= mask.min() <= mask.max() <= 1


def test_lookalikes_leave_no_trace_in_what_they_paint_over() -> None:
    picture = np.full((96, 96, 3), 90, np.uint8)
    for painter in lookalikes.BRIGHT + lookalikes.GREY:
        first = painter(picture, np.random.default_rng(5))
        assert first.shape == picture.shape
        assert np.array_equal(first, painter(picture, np.random.default_rng(5)))
        assert (picture == 90).all()


def test_a_group_left_out_is_counted_by_its_surest_window() -> None:
    def cells(picture: paint.Picture) -> NDArray[np.float32]:
        said = np.zeros((2, 12, 12), np.float32)
        said[0, :2, :2] = picture.mean() / 255
        return said

    dark = np.zeros((64, 64, 3), np.uint8)
    corner = dark.copy()
    corner[:32, :32] = 255
    assert left_out.surest(cells, corner) == (1.0, 0.0)
    pictures = [(corner, True, False), (dark, True, False), (corner, False, False)]
    fire, smoke = left_out.counted("yard", pictures, cells)
    assert fire == left_out.Count("yard", "fire", showing=2, seen=1, normal=1, false=1)
    assert smoke == left_out.Count("yard", "smoke", showing=0, seen=0, normal=1, false=0)


def test_counts_of_the_last_training_are_read_as_written(tmp_path: Path) -> None:
    counts = left_out.read()
    assert {count.kind for count in counts} == {"fire", "smoke"}
    assert all(count.seen <= count.showing and count.false <= count.normal for count in counts)
    left_out.write(counts, tmp_path / "again.csv")
    assert left_out.read(tmp_path / "again.csv") == counts


def test_a_cell_is_labelled_only_where_something_was_painted() -> None:
    backgrounds = [Background(np.full((300, 400, 3), 90, np.uint8))]
    crops = list(painted_crops(backgrounds, [], 20, np.random.default_rng(2)))
    assert {crop.picture.shape for crop in crops} == {(SIDE, SIDE, 3)}
    labels = np.stack([crop.labels for crop in crops])
    assert set(np.unique(labels)) == {UNKNOWN, 0.0, 1.0}
    burning = (labels == 1).any(axis=(1, 2, 3))
    assert 0.3 < burning.mean() < 0.9


def test_the_graph_computes_what_the_head_does() -> None:
    registry = Registry.default()
    front = features_graph(registry.verified_path("nanodet-g-256x416-int8"))
    random = np.random.default_rng(1)
    shapes = [(4, CHANNELS, 1, 1), (2, 4, 1, 1)]
    layers = [
        {
            "weight": random.normal(0, 0.1, shape).astype(np.float32),
            "bias": random.normal(0, 0.1, shape[0]).astype(np.float32),
        }
        for shape in shapes
    ]
    image = random.normal(0, 1, (1, 3, SIDE, SIDE)).astype(np.float32)
    front_session = onnxruntime.InferenceSession(front.SerializeToString())
    whole_session = onnxruntime.InferenceSession(with_head(front, layers))
    (features,) = front_session.run(["features"], {"image": image})
    assert features.shape == (1, CHANNELS, GRID, GRID)
    hidden = np.einsum("oc,cyx->oyx", layers[0]["weight"][..., 0, 0], features[0])
    hidden += layers[0]["bias"][:, None, None]
    hidden = np.where(hidden > 0, hidden, 0.1 * hidden)
    logits = np.einsum("oc,cyx->oyx", layers[1]["weight"][..., 0, 0], hidden)
    logits += layers[1]["bias"][:, None, None]
    (cells,) = whole_session.run(["cells"], {"image": image})
    assert cells[0] == pytest.approx(1 / (1 + np.exp(-logits)), abs=1e-4)
