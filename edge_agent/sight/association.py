"""Which detection belongs to which track: overlaps of boxes, and the best pairing. Pure arrays."""

from __future__ import annotations

from typing import Any

import lap
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def overlaps(a: Floats, b: Floats, grow: Floats | None = None) -> Floats:
    """IoU of every box of `a` `(n, 4)` with every one of `b` `(m, 4)`, corners; `(n, m)`.

    With `grow` `(n,)`, both boxes of a pair are first grown on every side by that share of their
    own size, row by row (Yang et al. 2023, "Hard to Track Objects with Irregular Motions").
    """
    (al, at, ar, ab), (bl, bt, br, bb) = _planes(a, b)
    if grow is not None:
        share = grow[:, None]
        aw, ah, bw, bh = share * (ar - al), share * (ab - at), share * (br - bl), share * (bb - bt)
        al, at, ar, ab = al - aw, at - ah, ar + aw, ab + ah
        bl, bt, br, bb = bl - bw, bt - bh, br + bw, bb + bh
    common = _common((al, at, ar, ab), (bl, bt, br, bb))
    union = (ar - al) * (ab - at) + (br - bl) * (bb - bt) - common
    iou: Floats = common / np.maximum(union, 1e-12)
    return iou


def shares_inside(a: Floats, b: Floats) -> Floats:
    """Share of every box of `a` `(n, 4)` that lies inside every one of `b` `(m, 4)`; `(n, m)`."""
    first, second = _planes(a, b)
    left, top, right, bottom = first
    share: Floats = _common(first, second) / np.maximum((right - left) * (bottom - top), 1e-12)
    return share


def best_pairs(likeness: Floats, least: float) -> list[tuple[int, int]]:
    """Rows and columns paired for the greatest total likeness, each pair at least `least`."""
    # A pair that will be refused must not draw the assignment away from pairs that count.
    allowed = likeness >= least
    if not allowed.any():
        return []
    pairs = cheapest_pairs(np.where(allowed, -likeness, 0.0))
    return [(row, column) for row, column in pairs if allowed[row, column]]


def cheapest_pairs(costs: Floats) -> list[tuple[int, int]]:
    """Rows and columns of `costs` `(n, m)` paired for the least total, `min(n, m)` pairs by row.

    Jonker and Volgenant 1987, "A shortest augmenting path algorithm for dense and sparse linear
    assignment problems". Costs are finite.
    """
    if not costs.size:
        return []
    columns = lap.lapjv(costs, extend_cost=True)[1].tolist()
    return [(row, column) for row, column in enumerate(columns) if column >= 0]


def connected(linked: NDArray[np.bool_]) -> list[list[int]]:
    """Groups of what hangs together in the symmetric table `linked` `(n, n)`, each by index."""
    left, groups = set(range(len(linked))), []
    while left:
        group, edge = set(), {min(left)}
        while edge:
            group |= edge
            edge = set(np.flatnonzero(linked[sorted(edge)].any(axis=0)).tolist()) - group
        groups.append(sorted(group))
        left -= group
    return groups


def centred(corners: Floats) -> Floats:
    """Left, top, right, bottom `(n, 4)` as centre x, centre y, width, height."""
    out = np.empty_like(corners)
    out[:, 2:] = corners[:, 2:] - corners[:, :2]
    out[:, :2] = corners[:, :2] + 0.5 * out[:, 2:]
    return out


def _planes(a: Floats, b: Floats) -> tuple[Any, Any]:
    return a.T[:, :, None], b.T[:, None, :]


def _common(a: Any, b: Any) -> Any:
    width = np.minimum(a[2], b[2]) - np.maximum(a[0], b[0])
    height = np.minimum(a[3], b[3]) - np.maximum(a[1], b[1])
    return np.maximum(width, 0.0) * np.maximum(height, 0.0)
