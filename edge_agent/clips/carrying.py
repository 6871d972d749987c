"""What a viewer's path carries: an estimate made of receiver reports, pure.

Loss alone does not mean that we send too much: radio links lose some packets at any rate. So a
share of losses is borne, and too much is told by what grows with our rate: many losses, or packets
that queue on the way (the round trip grows). After a cut the rate feels its way up again, only
while packets really wait for their turn: an idle path proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

START_BPS = 12_000_000.0
"""A first keyframe of 200 kB is out in 0.13 s; what is less is found out within a round trip."""
MIN_BPS = 100_000.0
MAX_BPS = 60_000_000.0
BORNE = 0.10
"""Losses up to this share do not keep the rate from growing."""
TOO_MANY = 0.15
FEWEST = 10
"""A share of losses among fewer packets says nothing."""
QUEUE_S = 0.12
"""A round trip longer than the shortest by this, and by half of it, is a queue on the way."""
CUT = 0.85
FLOOR_S = 5.0
"""The shortest round trip is that of the last one to two times this long: routes change."""
BUSY = 0.1


@dataclass(frozen=True, slots=True)
class Report:
    """What a receiver report says of the time since the one before."""

    at_s: float
    packets: int
    """That should have arrived."""
    lost: float
    """Share of them, 0..1."""
    arrived_bps: float
    busy: float
    """Share of the time in which packets waited for their turn, 0..1."""
    rtt_s: float | None


@dataclass(frozen=True, slots=True)
class Path:
    """The estimate; each method gives the next one. Times are monotonic seconds."""

    rate_bps: float = START_BPS
    tried: bool = False
    """True once a cut was needed: then the rate is no guess any more."""
    good: int = 0
    """Reports in a row without a sign of too much."""
    held_until_s: float = 0.0
    floor_s: float | None = None
    _near_s: float | None = None
    _near_until_s: float = 0.0

    def after(self, report: Report) -> Path:
        """With what a receiver report says."""
        path = self._timed(report)
        many = report.packets >= FEWEST and report.lost > TOO_MANY
        if many or path._queues(report.rtt_s):
            return path._cut(report, many=many)
        if report.lost > BORNE or report.busy < BUSY:
            return replace(path, good=path.good + 1)
        # The longer nothing spoke against it, the larger the steps: 1 to 4 Mbit/s in seven.
        step = min(1.5, 1.08 + 0.07 * path.good) if path.tried else 1.5
        rate = min(MAX_BPS, path.rate_bps * step)
        return replace(path, rate_bps=rate, good=path.good + 1)

    def after_nacks(self, at_s: float, packets: int, missing: int) -> Path:
        """When `missing` of the last `packets` are asked for again: a report would come later."""
        if packets < 2 * FEWEST or missing <= 2 * TOO_MANY * packets or at_s < self.held_until_s:
            return self
        lost = min(missing / packets, 0.95)
        told = Report(at_s, packets, lost, self.rate_bps * (1 - lost), 1.0, None)
        return self._cut(told, many=True)

    def after_remb(self, at_s: float, before_bps: float | None, bps: float) -> Path:
        """When the receiver estimates `bps`, `before_bps` earlier.

        Its estimate is bound to what it got, so only its fall says something: its own view of a
        queue that builds.
        """
        fell = before_bps is not None and bps < 0.95 * before_bps
        if not fell or bps >= self.rate_bps or at_s < self.held_until_s:
            return self
        told = Report(at_s, 0, 0.0, bps, 1.0, None)
        return self._cut(told, many=True)

    def _queues(self, rtt_s: float | None) -> bool:
        if rtt_s is None or self.floor_s is None:
            return False
        return rtt_s > self.floor_s + max(QUEUE_S, self.floor_s / 2)

    def _cut(self, report: Report, *, many: bool) -> Path:
        if report.at_s < self.held_until_s:
            return replace(self, good=0)
        rate = CUT * self.rate_bps
        if many:
            rate = min(rate, report.arrived_bps / max(report.busy, 0.3))
        # What was sent before the cut is still reported for a round trip and a half.
        held = report.at_s + max(0.5, 1.5 * (report.rtt_s or self.floor_s or 0.0))
        return replace(self, rate_bps=max(MIN_BPS, rate), tried=True, good=0, held_until_s=held)

    def _timed(self, report: Report) -> Path:
        rtt_s = report.rtt_s
        if rtt_s is None:
            return self
        if report.at_s >= self._near_until_s:
            floor = rtt_s if self._near_s is None else min(self._near_s, rtt_s)
            return replace(self, floor_s=floor, _near_s=rtt_s, _near_until_s=report.at_s + FLOOR_S)
        return replace(
            self,
            floor_s=rtt_s if self.floor_s is None else min(self.floor_s, rtt_s),
            _near_s=rtt_s if self._near_s is None else min(self._near_s, rtt_s),
        )
