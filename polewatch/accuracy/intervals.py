"""How far a measured share or rate can be trusted. Pure."""

from __future__ import annotations

import math
from typing import Final

_Z: Final = 1.959963984540054
"""Quantile of the normal distribution for a two-sided interval of 95 %."""


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927), 0..1; everything when `total` is 0.

    It takes the cases as independent: with the same people in many frames it is too narrow.
    Raises ValueError when `right` is not within 0..total.
    """
    if not 0 <= right <= total:
        raise ValueError(f"{right} of {total} is no share")
    if total == 0:
        return 0.0, 1.0
    share, weight = right / total, _Z * _Z / total
    middle = (share + weight / 2) / (1 + weight)
    reach = _Z / (1 + weight) * math.sqrt(share * (1 - share) / total + weight / (4 * total))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def poisson_upper(events: int, exposure: float, confidence: float = 0.95) -> float:
    """The one-sided upper bound of a rate after `events` in `exposure` (exact: Garwood 1936).

    In units of 1 / `exposure`; infinite when nothing was watched.
    Raises ValueError when a number is negative.
    """
    if events < 0 or exposure < 0:
        raise ValueError("events and exposure must not be negative")
    if exposure == 0:
        return math.inf
    # Of the tools for accuracy, not of the product: what else stands here goes without it.
    from scipy.special import gammaincinv

    # Half the chi-square quantile of 2 (events + 1) degrees of freedom.
    return float(gammaincinv(events + 1, confidence)) / exposure


def f1_interval(true_positives: int, wrong: int) -> tuple[float, float]:
    """The 95 % interval of F1 from its own counts, `wrong` being false plus missed ones.

    F1 is 2 s / (1 + s) of s = TP / (TP + wrong), so that it inherits the interval of that share.
    """
    low, high = wilson(true_positives, true_positives + wrong)
    return 2 * low / (1 + low), 2 * high / (1 + high)
