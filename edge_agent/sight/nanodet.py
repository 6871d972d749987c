"""Decoding NanoDet's outputs: class scores and box sides of a grid of cells, in three sizes.

Each cell of stride 8, 16 or 32 pixels says for every class how sure it is (the sigmoid is in the
graph), and for each of the four sides how far it lies from the cell's centre, as a distribution
over 0..10 strides ("Generalized Focal Loss", Li et al. 2020, section 3).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

STRIDES = (8, 16, 32)
_BINS = 11
_MAX_CANDIDATES = 500

Floats = NDArray[np.float32]


def cell_centres(height: int, width: int) -> list[Floats]:
    """For each stride the `(cells, 2)` x, y of the cells' centres, in input pixels, row by row."""
    centres = []
    for stride in STRIDES:
        y, x = np.mgrid[0 : height // stride, 0 : width // stride]
        grid = np.stack([x.ravel(), y.ravel()], axis=1) + 0.5
        centres.append((grid * stride).astype(np.float32))
    return centres


def decode(
    scores: Sequence[Floats], sides: Sequence[Floats], centres: Sequence[Floats], threshold: float
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Candidate boxes at or above `threshold`, most confident first, overlaps not yet removed.

    `scores` and `sides` hold one `(cells, classes)` and one `(cells, 44)` array a stride. Returns
    corners `(n, 4)` in input pixels, scores `(n,)` and class numbers `(n,)`; a cell gives at most
    one candidate, its best class.
    """
    corners, confidences, classes = [], [], []
    for stride, score, side, centre in zip(STRIDES, scores, sides, centres, strict=True):
        best = score.max(axis=1)
        cells = np.flatnonzero(best >= threshold)
        if not cells.size:
            continue
        distances = _expected(side[cells]) * stride
        near, far = centre[cells] - distances[:, :2], centre[cells] + distances[:, 2:]
        corners.append(np.concatenate([near, far], axis=1))
        confidences.append(best[cells])
        classes.append(score[cells].argmax(axis=1))
    if not corners:
        return np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.intp)
    confidence = np.concatenate(confidences)
    order = np.argsort(-confidence, kind="stable")[:_MAX_CANDIDATES]
    return np.concatenate(corners)[order], confidence[order], np.concatenate(classes)[order]


def _expected(logits: Floats) -> Floats:
    """The mean of each side's distribution, `(n, 4)`, in strides."""
    logits = logits.reshape(-1, 4, _BINS)
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    mean: Floats = weights @ np.arange(_BINS, dtype=np.float32) / weights.sum(axis=2)
    return mean


def suppress(corners: Floats, groups: NDArray[np.intp], overlap: float) -> NDArray[np.intp]:
    """Greedy non-maximum suppression within each group; indices kept, in the order given.

    `corners` must be sorted by confidence, best first. Boxes of different groups never suppress
    each other: a rider and the bicycle overlap by nature.
    """
    if not len(corners):
        return np.empty(0, np.intp)
    sizes = np.maximum(corners[:, 2:] - corners[:, :2], 0)
    areas = sizes[:, 0] * sizes[:, 1]
    left, top, right, bottom = corners.T
    width = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    height = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    common = np.maximum(width, 0) * np.maximum(height, 0)
    same = common > overlap * (areas[:, None] + areas - common)
    same &= groups[:, None] == groups
    gone = np.zeros(len(corners), bool)
    kept = []
    for index in range(len(corners)):
        if not gone[index]:
            kept.append(index)
            gone |= same[index]
    return np.array(kept, np.intp)
