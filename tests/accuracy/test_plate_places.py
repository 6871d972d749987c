"""Where plates are, on composed pictures with a seed of their own."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest

from edge_agent.plates.locate import PlatePlace
from edge_agent.scene import Box
from models.plate_grid import HEIGHT, WIDTH
from models.train.locator.compose import Composer, Corners
from models.train.locator.stock import stock
from polewatch.accuracy.matching import Counts
from polewatch.accuracy.measurement import Figure, detection_figures
from tests.accuracy.labelled import DATA, data
from tests.accuracy.plate_sets import shipped
from tests.accuracy.reporting import leave

pytestmark = pytest.mark.timeout(900)

SEED: Final = 987_654_321
"""Of no training: those use 20261125 and its neighbours."""

SCENES: Final = 400
SAME: Final = 0.5
"""IoU of upright boxes from which on a place is the plate that was composed."""

TUNED: Final = "composed as the training is, from a seed that nothing was fitted to"


def test_places() -> None:
    data("plates")
    composer = Composer(stock(DATA, np.random.default_rng(SEED), share=0.1), SEED)
    counts = Counts()
    corners: list[float] = []
    for _ in range(SCENES):
        scene = composer.scene()
        places = list(shipped().locator.locate(scene.picture))
        hidden = [_box(quad) for quad in scene.doubtful]
        for quad in scene.plates:
            near = max(places, key=lambda one: one.box.iou(_box(quad)), default=None)
            if near is not None and near.box.iou(_box(quad)) >= SAME:
                places.remove(near)
                corners.append(_off(near, quad))
                counts += Counts(true_positives=1)
            else:
                counts += Counts(false_negatives=1)
        false = [one for one in places if not any(one.box.iou(box) > 0.1 for box in hidden)]
        counts += Counts(false_positives=len(false))
    leave(
        "plates-5-places",
        "Plates: locating, composed pictures",
        [
            *detection_figures("plates-places", counts),
            Figure(
                id="plates-places.corners",
                label="corners off by, median, in heights of the plate",
                value=float(np.median(corners)),
                basis=f"{len(corners)} plates",
            ),
        ],
        footage=(
            f"{SCENES} composed pictures of 320 x 224 pixels: drawn plates on painted vehicles, "
            "in real streets and on bare ground, from 13 pixels wide, with decoys"
        ),
        condition=(
            "the locator alone, one look; its threshold is low because the reader refuses what is "
            "no plate"
        ),
        tuned=TUNED,
        test="test_plate_places.py",
        model=shipped().models,
    )


def _box(quad: Corners) -> Box:
    low, high = quad.min(0) / (WIDTH, HEIGHT), quad.max(0) / (WIDTH, HEIGHT)
    return Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))


def _off(place: PlatePlace, quad: Corners) -> float:
    """How far the corners are off on average, in heights of the plate."""
    said = np.array(place.quad) * (WIDTH, HEIGHT)
    height = float(np.hypot(*(quad[3] - quad[0])))
    return float(np.hypot(*(said - quad).T).mean() / height)
