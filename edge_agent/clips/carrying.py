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
GROWN_S = 0.03
"""A queue that builds makes each round trip longer than the last by at least this."""
CLEAN = 0.01
"""A path that loses less than this is no radio link at its limit: the rate grows twice as fast."""
CUT = 0.85
FLOOR_S = 5.0
"""The shortest round trip is that of the last one to two times this long: routes change."""
REMEMBERED = 4
"""Reports whose arrivals are kept."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a receiver report says of the time since the one before."""

    at_s: float
    seconds: float
    """Since the report before."""
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
    sign_at_s: float = 0.0
    """When something last spoke of too much."""
    arrived: tuple[float, ...] = ()
    """What arrived by the newest reports, bits a second."""
    held_until_s: float = 0.0
    floor_s: float | None = None
    """The shortest round trip of late."""
    last_s: float | None = None
    """The newest round trip."""
    _near_s: float | None = None
    _near_until_s: float = 0.0

    def after(self, report: Report) -> Path:
        """With what a receiver report says."""
        path = self._timed(report)
        path = replace(path, arrived=(*path.arrived, report.arrived_bps)[-REMEMBERED:])
        many = report.packets >= FEWEST and report.lost > TOO_MANY
        queues = path._queues(report.rtt_s)
        longer = (report.rtt_s or 0.0) > (self.last_s or 0.0) + GROWN_S
        if many or (queues and longer):
            return path._cut(report, many=many)
        if queues:
            # A round trip that is long and stays so may be another route's: neither less nor more.
            return replace(path, sign_at_s=report.at_s)
        if report.lost > BORNE:
            return path
        return replace(path, rate_bps=min(MAX_BPS, path.rate_bps * path._step(report)))

    def _step(self, report: Report) -> float:
        """By which factor the rate may grow: more the longer nothing spoke against it.

        Counted in seconds in which packets waited, so that reports of an idle path prove nothing.
        """
        good_s = report.at_s - self.sign_at_s
        a_second = min(3.0, 1.05 + 0.1 * good_s) if self.tried else 1.5
        clean = 2 if report.lost < CLEAN else 1
        return float(a_second ** (clean * report.busy * report.seconds))

    def after_nacks(self, at_s: float, packets: int, missing: int) -> Path:
        """When `missing` of the last `packets` are asked for again: a report would come later."""
        if packets < 2 * FEWEST or missing <= 2 * TOO_MANY * packets or at_s < self.held_until_s:
            return self
        lost = min(missing / packets, 0.95)
        told = Report(at_s, 0.0, packets, lost, self.rate_bps * (1 - lost), 1.0, None)
        return self._cut(told, many=True)

    def after_remb(self, at_s: float, before_bps: float | None, bps: float) -> Path:
        """When the receiver estimates `bps`, `before_bps` earlier.

        Its estimate is bound to what it got, which may be little because we sent little. So only
        its fall says something, its own view of a queue that builds, and what arrived is believed.
        """
        fell = before_bps is not None and bps < 0.95 * before_bps
        if not fell or bps >= self.rate_bps or at_s < self.held_until_s:
            return self
        carried = max(bps, CUT * max(self.arrived, default=0.0))
        told = Report(at_s, 0.0, 0, 0.0, carried, 1.0, None)
        return self._cut(told, many=True)

    def _queues(self, rtt_s: float | None) -> bool:
        if rtt_s is None or self.floor_s is None:
            return False
        return rtt_s > self.floor_s + max(QUEUE_S, self.floor_s / 2)

    def _cut(self, report: Report, *, many: bool) -> Path:
        if report.at_s < self.held_until_s:
            return replace(self, sign_at_s=report.at_s)
        rate = CUT * self.rate_bps
        if many:
            # One report may be odd; if it was not, the next one halves the rate again.
            carried = report.arrived_bps / max(report.busy, 0.3)
            rate = min(rate, max(carried, max(self.arrived, default=0.0) / 2))
        # What was sent before the cut is still reported for a round trip and a half.
        held = report.at_s + max(0.5, 1.5 * (report.rtt_s or self.floor_s or 0.0))
        return replace(
            self, rate_bps=max(MIN_BPS, rate), tried=True, sign_at_s=report.at_s, held_until_s=held
        )

    def _timed(self, report: Report) -> Path:
        rtt_s = report.rtt_s
        if rtt_s is None:
            return self
        self = replace(self, last_s=rtt_s)
        if report.at_s >= self._near_until_s:
            floor = rtt_s if self._near_s is None else min(self._near_s, rtt_s)
            return replace(self, floor_s=floor, _near_s=rtt_s, _near_until_s=report.at_s + FLOOR_S)
        return replace(
            self,
            floor_s=rtt_s if self.floor_s is None else min(self.floor_s, rtt_s),
            _near_s=rtt_s if self._near_s is None else min(self._near_s, rtt_s),
        )
