"""What the network is to say of a picture, and how wrong it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from models.plate_grid import HEIGHT, REACH, STRIDE, WIDTH
from models.train.locator.compose import Corners, Scene

_ROWS: Final = HEIGHT // STRIDE
_COLUMNS: Final = WIDTH // STRIDE
_LEARNS: Final = 0.3
"""Cells where a plate's bell is above it learn its corners."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Of a batch of n pictures, on the grid of cells."""

    centres: torch.Tensor
    """`(n, rows, columns)`: 1 at a plate's centre, a bell around it (Zhou et al. 2019)."""
    asked: torch.Tensor
    """`(n, rows, columns)`: 0 where either answer is right."""
    corners: torch.Tensor
    """`(n, 8, rows, columns)` in units of REACH pixels from the cell's middle."""
    weight: torch.Tensor
    """`(n, rows, columns)`: how much a corner counts there: less the larger the plate."""


def targets(scenes: Sequence[Scene]) -> Targets:
    parts = [_of(scene) for scene in scenes]
    stacked = [torch.from_numpy(np.stack(part)) for part in zip(*parts, strict=True)]
    return Targets(*stacked)


def _of(scene: Scene) -> tuple[NDArray[np.float32], ...]:
    rows, columns = np.mgrid[:_ROWS, :_COLUMNS].astype(np.float32)
    centres = np.zeros((_ROWS, _COLUMNS), np.float32)
    asked = np.ones_like(centres)
    corners = np.zeros((8, _ROWS, _COLUMNS), np.float32)
    weight = np.zeros_like(centres)
    for quad in scene.doubtful:
        asked[_bell(quad, rows, columns, reach=0.3) > _LEARNS] = 0
    for quad in scene.plates:
        bell = _bell(quad, rows, columns, reach=0.12)
        near = (bell > _LEARNS) & (bell >= centres)
        centres = np.maximum(centres, bell)
        asked[near] = 1
        for number, (x, y) in enumerate(quad):
            corners[2 * number][near] = ((x - (columns + 0.5) * STRIDE) / REACH)[near]
            corners[2 * number + 1][near] = ((y - (rows + 0.5) * STRIDE) / REACH)[near]
        weight[near] = REACH / (
            8 + 0.5 * float(np.ptp(quad[:, 1])) + 0.1 * float(np.ptp(quad[:, 0]))
        )
    return centres, asked, corners, weight


def _bell(
    quad: Corners, rows: NDArray[np.float32], columns: NDArray[np.float32], reach: float
) -> NDArray[np.float32]:
    """1 at the cell of the plate's middle, falling with `reach` of its size."""
    middle = quad.mean(0) / STRIDE - 0.5
    x = float(np.clip(np.round(middle[0]), 0, _COLUMNS - 1))
    y = float(np.clip(np.round(middle[1]), 0, _ROWS - 1))
    wide = max(0.6, float(np.ptp(quad[:, 0])) / STRIDE * reach)
    tall = max(0.5, float(np.ptp(quad[:, 1])) / STRIDE * reach)
    bell: NDArray[np.float32] = np.exp(
        -((columns - x) ** 2 / (2 * wide**2) + (rows - y) ** 2 / (2 * tall**2))
    ).astype(np.float32)
    return bell


def losses(cells: torch.Tensor, wanted: Targets) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the centres (penalty-reduced focal loss) and of the corners, for the network's `cells`."""
    sure = torch.sigmoid(cells[:, 0]).clamp(1e-4, 1 - 1e-4)
    there = (wanted.centres > 0.99).float()
    found = there * (1 - sure) ** 2 * torch.log(sure)
    empty = (1 - there) * (1 - wanted.centres) ** 4 * sure**2 * torch.log(1 - sure)
    count = there.sum().clamp(min=1)
    centres = -((found + empty) * wanted.asked).sum() / count
    away = (cells[:, 1:] - wanted.corners).abs().mean(1) * wanted.weight
    corners = away.sum() / (wanted.weight > 0).float().sum().clamp(min=1)
    return centres, corners
