"""Packets as libav gives them, and time stamps for the first ones, which RTSP sends without."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

MAX_HELD = 8
DEFAULT_STEP = 3600
"""One frame at 25 frames a second, in 90 kHz ticks."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet as libav gave it, with its times of arrival."""

    data: bytes
    pts: int | None
    dts: int | None
    step: int | None
    keyframe: bool
    mono_s: float
    at: datetime


class FirstTimes:
    """Dates packets that come before RTP has told the time.

    They are held until a packet with a time comes, then dated back from it frame by frame: to drop
    them would cost the first keyframe and so the first GOP.
    """

    def __init__(self) -> None:
        self._held: list[Arrival] | None = []

    def add(self, arrival: Arrival) -> list[Arrival]:
        """The packets that may go on now, oldest first."""
        if self._held is None:
            return [arrival]
        if arrival.pts is None and arrival.dts is None and len(self._held) < MAX_HELD:
            self._held.append(arrival)
            return []
        held, self._held = self._held, None
        return [*self._dated(held, arrival), arrival]

    @staticmethod
    def _dated(held: list[Arrival], first: Arrival) -> list[Arrival]:
        time = first.dts if first.dts is not None else first.pts
        if time is None:
            return held
        step = first.step or DEFAULT_STEP
        return [
            replace(one, pts=time - back * step, dts=time - back * step)
            for back, one in zip(range(len(held), 0, -1), held, strict=True)
        ]
