"""When the next picture is worth reading: once all of it is there. Pure.

A camera sends a picture as a burst of packets. A reader that waits for it is woken by each of them,
which costs more than all that is done with the picture; so it rests until the burst is over. When
that is, is seen by not resting for a moment now and then: a picture is never early, so the least
delay in that time tells where the camera's time lies on ours.

Where nobody waits for the pictures several of them are read at a time, which costs a third; when
each came is then reckoned from its own time.
"""

from __future__ import annotations

import math
from typing import Final

from edge_agent.camera.packet import TICKS

BURST_S: Final = 0.012
"""From the first packet of a picture to its last: 150 kB at 100 Mbit/s."""
LATEST_S: Final = 0.05
"""Pictures whose moments waver are rested for up to this much longer than the least delay."""
LATER_S: Final = 0.004
"""... in steps of this, at each picture that had to be waited for after all;"""
SOONER: Final = 0.75
"""... of which so much is left after each look."""
WOKEN_S: Final = 0.002
"""A read that took longer had to wait for the camera."""
SMALL: Final = 4_000
"""Bytes; a picture of three packets or fewer costs no more to wait for than a rest does."""
LOOK_S: Final = 0.25
LOOK_PICTURES: Final = 4
"""No rest for so long and so many pictures: what had piled up is read, then some are awaited."""
BELIEVED_S: Final = 10.0
"""Until the next look; clocks part by 1 ms meanwhile."""
LONGEST_S: Final = 0.25
"""Of one rest."""
TOGETHER_S: Final = 0.24
"""Of pictures that nobody waits for so much is read at a time ..."""
TOGETHER_BYTES: Final = 64_000
"""... if it fits into a socket's buffer, of which the system gives half to what was not read."""
SIZES: Final = 16
"""Pictures over which their size is averaged."""
LEAST_APART_S: Final = 1e-4
"""Between the arrivals of two pictures."""
LOST_S: Final = 1.0
"""An expectation this far off is none: the camera's clock was reset, or pictures stayed away."""


class Pace:
    """Of one connection; times are monotonic seconds, `dts` in ticks of 90 kHz."""

    def __init__(self) -> None:
        self._dts: int | None = None
        self._delay_s = math.inf
        """Least monotonic time of arrival minus the picture's own."""
        self._margin_s = BURST_S
        self._look_from_s = -math.inf
        self._looked_at = 0
        self._rested = False
        self._until = 0
        """The picture of this time is the last of those that are there after the rest."""
        self._size = 0.0
        """A picture's usual one."""
        self._arrived_s = -math.inf

    def arrived_s(self, dts: int | None, asked_s: float, read_s: float) -> float:
        """When a picture came that was read between `asked_s` and `read_s`: perhaps in a rest."""
        lay_there = self._rested and read_s - asked_s <= WOKEN_S
        came_s = self._delay_s + dts / TICKS if lay_there and dts is not None else read_s
        self._arrived_s = min(read_s, max(came_s, self._arrived_s + LEAST_APART_S))
        return self._arrived_s

    def rest_s(
        self, dts: int | None, size: int, asked_s: float, came_s: float, *, patient: bool = False
    ) -> float:
        """How long to leave the camera alone after a picture of `size` bytes, read at `came_s`.

        `asked_s` is when that reading began; `patient`: nobody waits for the pictures.
        """
        before, self._dts = self._dts, dts
        if dts is None or before is None or dts <= before:
            self._look(came_s)
            return 0.0
        self._size += (size - self._size) / SIZES if self._size else size
        self._delay_s = min(self._delay_s, came_s - dts / TICKS)
        self._looked_at += 1
        if dts < self._until:
            return 0.0
        passed_s = came_s - self._look_from_s
        if passed_s > BELIEVED_S:
            self._look(came_s)
            return 0.0
        rested, self._rested = self._rested, False
        if passed_s < LOOK_S or self._looked_at < LOOK_PICTURES:
            return 0.0
        if size < SMALL and not patient:
            return 0.0
        if rested and came_s - asked_s > WOKEN_S:
            self._margin_s = min(self._margin_s + LATER_S, LATEST_S)
        until = dts + (dts - before) * (self._together(dts - before) if patient else 1)
        rest_s = self._delay_s + until / TICKS + self._margin_s - came_s
        if abs(rest_s) > LOST_S:
            self._look(came_s)
            return 0.0
        self._rested, self._until = rest_s > 0, until
        return min(max(0.0, rest_s), LONGEST_S)

    def _together(self, step: int) -> int:
        """How many pictures are read at a time where nobody waits for them."""
        fit = TOGETHER_BYTES / max(self._size, 1.0)
        return max(1, int(min(TOGETHER_S * TICKS / step, fit)))

    def _look(self, now_s: float) -> None:
        self._delay_s, self._look_from_s, self._looked_at = math.inf, now_s, 0
        self._rested, self._until = False, 0
        self._margin_s = max(BURST_S, self._margin_s * SOONER)
