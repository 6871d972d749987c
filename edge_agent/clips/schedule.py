"""Which picture goes out when, and under which time stamp: decided without a clock of its own.

The viewer's time line runs with the viewer's clock: it never goes back, and a pause, a seek or a
hole in the recording moves it by what they took in real time. A player so never takes the next
picture for a late one.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.camera.packet import TICKS
from edge_agent.clips.picture import Picture

BURST_BPS = 30_000_000
"""Bits a second at most: an unpaced GOP overruns a TURN server's buffers and aiortc's history."""
MAX_GAP = TICKS
"""A longer hole in the recording is not waited out."""
LATE_S = 0.5
"""Further behind than this (a stalled host), the clip goes on from here rather than racing."""
SLOWEST, FASTEST = 0.5, 8.0
FAST = 2.0
"""Above this speed only keyframes are sent."""


@dataclass(frozen=True, slots=True)
class Slot:
    """When to send a picture, in seconds of the caller's clock, and its stamps."""

    at_s: float
    pts_90k: int
    dts_90k: int


class Schedule:
    """One viewer's. `place` says when, `sent` makes it so; in between a control may intervene."""

    def __init__(self) -> None:
        self.speed = 1.0
        self._origin_s: float | None = None
        self._line = -1.0
        self._last_dts: int | None = None
        self._step = TICKS / 25
        self._free_at_s = 0.0

    def anew(self) -> None:
        """After a pause or a seek the next picture is due at once."""
        self._last_dts = None

    def place(self, picture: Picture, now_s: float) -> Slot:
        """Where the next picture belongs if nothing changes until then."""
        origin = now_s if self._origin_s is None else self._origin_s
        here = (now_s - origin) * TICKS
        line = self._next(picture, here)
        if here - line > LATE_S * TICKS:
            line = here
        # What is live is due when it is there; the camera paces it.
        due = now_s if picture.live or picture.burst else origin + line / TICKS
        shown = line + (picture.pts_90k - picture.dts_90k) / self._speed_of(picture)
        return Slot(max(due, self._free_at_s), round(shown), round(line))

    def sent(self, picture: Picture, slot: Slot, now_s: float) -> None:
        """The picture went out at `now_s` as it was placed."""
        if self._origin_s is None:
            self._origin_s = now_s - slot.dts_90k / TICKS
        if self._last_dts is not None and not picture.burst and self.speed <= FAST:
            moved = picture.dts_90k - self._last_dts
            self._step = moved if 0 < moved <= MAX_GAP else self._step
        self._line = slot.dts_90k
        self._last_dts = picture.dts_90k
        self._free_at_s = max(now_s, self._free_at_s) + len(picture.data) * 8 / BURST_BPS

    def _next(self, picture: Picture, here: float) -> float:
        if self._last_dts is None or picture.burst:
            # A cached GOP is behind us: shown in quick motion it leads up to what is asked for.
            return max(self._line + 1, here)
        speed = self._speed_of(picture)
        moved: float = picture.dts_90k - self._last_dts
        if not 0 < moved <= MAX_GAP * (FASTEST if speed > FAST else 1):
            moved = self._step
        return max(self._line + moved / speed, self._line + 1)

    def _speed_of(self, picture: Picture) -> float:
        return 1.0 if picture.live else self.speed
