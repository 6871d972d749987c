"""One time line over reconnects, clock resets and packets without a time stamp."""

from __future__ import annotations

from edge_agent.camera.packet import TICKS

MAX_JUMP_S = 10.0
"""A camera's clock that departs from ours by more than this within one step was reset."""
DEFAULT_STEP = TICKS // 25


class Timeline:
    """Places a camera's time stamps on a line that starts at 0 and never goes back."""

    def __init__(self) -> None:
        self._offset: int | None = None
        self._last_raw = 0
        self._last_out = -1
        self._last_mono = 0.0
        self._step = DEFAULT_STEP

    def reconnect(self) -> None:
        """The next packet comes from a new connection, with a clock of its own."""
        self._offset = None

    def place(
        self, pts: int | None, dts: int | None, step: int | None, mono_s: float
    ) -> tuple[int, int]:
        """(pts, dts) on the line from the camera's own, all in 90 kHz ticks.

        `step` is one frame's duration if known; `mono_s` the monotonic time of arrival, by which
        gaps are bridged.
        """
        self._step = step or self._step
        raw = dts if dts is not None else self._decoding_time(pts)
        if self._offset is None or self._was_reset(raw, mono_s):
            self._offset = self._resume_at(mono_s) - raw
        out = max(raw + self._offset, self._last_out + 1)
        shown = out if pts is None else max(pts + self._offset, out)
        self._last_raw, self._last_out, self._last_mono = raw, out, mono_s
        return shown, out

    def _decoding_time(self, pts: int | None) -> int:
        following = self._last_raw + self._step
        if pts is None:
            return following
        # Until libav knows how far B-frames reach back, it gives no dts: pts alone would run ahead.
        return pts if self._offset is None else min(pts, following)

    def _was_reset(self, raw: int, mono_s: float) -> bool:
        moved = (raw - self._last_raw) / TICKS
        return abs(moved - (mono_s - self._last_mono)) > MAX_JUMP_S

    def _resume_at(self, mono_s: float) -> int:
        if self._last_out < 0:
            return 0
        gap = round((mono_s - self._last_mono) * TICKS)
        return self._last_out + max(gap, self._step)
