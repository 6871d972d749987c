"""How much disk each camera's ring gets, and how many hours that is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ASSUMED_BYTES_PER_S = 500_000.0
"""4 Mbit/s: what a camera is taken for until it was measured."""


@dataclass(frozen=True, slots=True)
class Disk:
    """What there is, in bytes."""

    total: int
    free: int
    rings: int
    """What the rings hold now: theirs to use again."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What one camera asks for."""

    camera: str
    hours: float
    bytes_per_s: float | None
    """As measured; None before it was recorded for long enough."""


@dataclass(frozen=True, slots=True)
class Share:
    """What it gets."""

    camera: str
    budget_bytes: int
    wanted_hours: float
    bytes_per_s: float
    measured: bool

    @property
    def hours(self) -> float:
        """How far back the ring reaches at this rate."""
        return min(self.wanted_hours, self.budget_bytes / self.bytes_per_s / 3600)

    def __str__(self) -> str:
        how = "measured" if self.measured else "assumed"
        return (
            f"{self.camera}: {self.budget_bytes / 1e9:.1f} GB hold {_time(self.hours)}"
            f" of {_time(self.wanted_hours)} at {self.bytes_per_s * 8 / 1e6:.1f} Mbit/s ({how})"
        )


def room_for_rings(disk: Disk, *, share: float, reserve_bytes: int) -> int:
    """Bytes that all rings may take: a share of the disk, and never what others need."""
    return max(0, min(int(disk.total * share), disk.free + disk.rings - reserve_bytes))


def share_out(
    room_bytes: int, demands: Sequence[Demand], most_bytes: int | None = None
) -> tuple[Share, ...]:
    """The room by what each asks for: when it is short, all reach back by the same part.

    All of the room is given out, for a rate may rise; age ends a recording that would fit longer.
    `most_bytes` bounds each.
    """
    rates = [one.bytes_per_s or ASSUMED_BYTES_PER_S for one in demands]
    weights = [one.hours * rate for one, rate in zip(demands, rates, strict=True)]
    total = sum(weights)
    return tuple(
        Share(
            one.camera,
            min(int(room_bytes * weight / total), most_bytes or room_bytes),
            one.hours,
            rate,
            one.bytes_per_s is not None,
        )
        for one, rate, weight in zip(demands, rates, weights, strict=True)
    )


def _time(hours: float) -> str:
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} h"
