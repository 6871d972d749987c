"""One trace on the pole: what it looks for, and whether it still counts. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from edge_agent.plates.pattern import Pattern, places_of
from edge_agent.plates.types import PlateRead
from wire.names import WireModel
from wire.plate_text import normalise
from wire.tracing import TracedPlate, TraceOrder

LEAST_CHANCE: Final = 0.01
"""A read that is less likely the plate asked for is not told; a search of the diary finds it."""


class KeptTrace(WireModel):
    """A trace as it lies on the disk, before it is sealed."""

    order: TraceOrder
    plate: TracedPlate
    machine_boot: str
    """The machine's boot in which it came: `until_s` is of that boot's clock."""
    until_s: float
    """Seconds of the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Match:
    """A read that may be the vehicle."""

    text: str
    chance: float
    near: bool


def is_over(trace: KeptTrace, machine_boot: str, monotonic_s: float, now: datetime | None) -> bool:
    """By either clock; `now` is None while the box does not know the time."""
    by_boot = trace.machine_boot == machine_boot and monotonic_s >= trace.until_s
    return by_boot or (now is not None and now >= trace.order.expires_at)


def counts(trace: KeptTrace, machine_boot: str, monotonic_s: float, now: datetime | None) -> bool:
    """Whether reads may be told: never while neither clock can say that it is not over."""
    knows = now is not None or trace.machine_boot == machine_boot
    return knows and not is_over(trace, machine_boot, monotonic_s, now)


def match(trace: KeptTrace, camera: str, read: PlateRead) -> Match | None:
    """Whether a read at a camera is likely enough the vehicle that is traced."""
    if trace.order.cameras and camera not in trace.order.cameras:
        return None
    pattern = Pattern.of(trace.plate.pattern, confusable=trace.plate.confusable)
    text = normalise(read.text)
    chance = pattern.chance(text, [candidates for _, candidates in places_of(read)])
    if chance is None or chance < LEAST_CHANCE:
        return None
    return Match(text, min(1.0, chance), pattern.differs(text))
