"""The balance: what was committed is what arrived, or what a signed record names as lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wire.event import LossRecord

Number = tuple[str, int]
"""Epoch and number within it."""


@dataclass(frozen=True)
class Balance:
    """Event ids by how they stand; `missing`, `doubled` and `unknown` must be empty."""

    committed: int
    delivered: int
    lost: int
    """Committed, not delivered, and named by a loss record."""
    missing: frozenset[str]
    """Committed, and neither delivered nor named."""
    doubled: frozenset[str]
    """Delivered under more than one delivery."""
    unknown: frozenset[str]
    """Delivered, and never committed by the pole."""

    @property
    def holds(self) -> bool:
        return not (self.missing or self.doubled or self.unknown)


def balance(
    committed: Mapping[str, Number],
    delivered: Mapping[str, int],
    losses: Iterable[LossRecord],
) -> Balance:
    """`delivered` counts the distinct deliveries that named an id, after the receivers' drop."""
    covered = Cover(losses)
    arrived = {id for id in committed if id in delivered}
    lost = {id for id, number in committed.items() if id not in arrived and covered.has(id, number)}
    return Balance(
        committed=len(committed),
        delivered=len(arrived),
        lost=len(lost),
        missing=frozenset(committed.keys() - arrived - lost),
        doubled=frozenset(id for id, times in delivered.items() if times > 1),
        unknown=frozenset(delivered.keys() - committed.keys()),
    )


class Cover:
    """What loss records name: by id, or by epoch and number."""

    def __init__(self, losses: Iterable[LossRecord]) -> None:
        self._ids: set[str] = set()
        self._ranges: dict[str, list[tuple[int, int]]] = {}
        for loss in losses:
            self._ids.update(loss.event_ids)
            ranges = self._ranges.setdefault(loss.lost_epoch, [])
            ranges += [(one.first, one.last) for one in loss.ranges]

    def has(self, id: str, number: Number) -> bool:
        epoch, seq = number
        return id in self._ids or any(
            first <= seq <= last for first, last in self._ranges.get(epoch, ())
        )
