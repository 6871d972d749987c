"""Which pictures go to a viewer whose path carries less than the camera gives, pure.

A picture that is not a keyframe is worth nothing without the one before it, so what is left out is
always the rest of a GOP. First that happens now and then; where the path carries clearly less than
the camera gives, keyframes alone are sent, evenly, rather than a moment of motion and a long wait.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

WAIT_S = 0.8
"""A picture that would wait longer for its turn is left out."""
UNTRIED_WAIT_S = 3.0
"""As long as the path never was too narrow: the GOP that a session begins with is sent whole."""
KEYFRAME_WAIT_S = 0.5
SCARCE = 0.6
"""Below this share of what the camera gives, keyframes alone."""
ENOUGH = 1.2
"""Above this share, every picture again."""
AVERAGED_S = 2.0
MADE_GOOD_S = 1.0
"""A keyframe may still be arriving: a receiver's complaint within this time is about that one."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What was decided so far; times are monotonic seconds."""

    keyframes_only: bool = False
    awaiting_keyframe: bool = False
    keyframe_at_s: float = -math.inf
    """When the newest keyframe was let through."""
    given_bytes: float = 0.0
    """What the camera gave of late, fading over AVERAGED_S."""
    given_at_s: float = 0.0

    @property
    def broken_off(self) -> bool:
        """Whether the next picture that helps is a keyframe."""
        return self.keyframes_only or self.awaiting_keyframe

    @property
    def given_bps(self) -> float:
        """Bits a second that the camera gives, averaged."""
        return self.given_bytes * 8 / AVERAGED_S

    def offer(
        self,
        at_s: float,
        size: int,
        *,
        keyframe: bool,
        queued_bytes: int,
        rate_bps: float,
        tried: bool,
    ) -> tuple[bool, Admission]:
        """Whether a picture of `size` bytes is sent, and the state after it.

        `tried` says that the path has proven too narrow before (`Path.tried`).
        """
        now = self._given(at_s, size)
        wait_s = queued_bytes * 8 / rate_bps
        if keyframe:
            now = now._choose(rate_bps, tried=tried)
            if wait_s > (KEYFRAME_WAIT_S if tried else UNTRIED_WAIT_S):
                return False, replace(now, awaiting_keyframe=True)
            return True, replace(now, awaiting_keyframe=False, keyframe_at_s=at_s)
        if now.broken_off:
            return False, now
        if wait_s > (WAIT_S if tried else UNTRIED_WAIT_S):
            return False, replace(now, awaiting_keyframe=True)
        return True, now

    def cut(self, rate_bps: float) -> Admission:
        """When the path proves too narrow; what waits in the queue is the caller's to drop."""
        return self._choose(rate_bps, tried=True)

    def picture_lost(self, at_s: float) -> Admission:
        """When the receiver says that it cannot decode (PLI, FIR)."""
        if at_s - self.keyframe_at_s < MADE_GOOD_S:
            return self
        return replace(self, awaiting_keyframe=True)

    def broken(self) -> Admission:
        """When a picture that was let through is dropped after all."""
        return replace(self, awaiting_keyframe=True)

    def _given(self, at_s: float, size: int) -> Admission:
        faded = self.given_bytes * math.exp(-max(0.0, at_s - self.given_at_s) / AVERAGED_S)
        return replace(self, given_bytes=faded + size, given_at_s=at_s)

    def _choose(self, rate_bps: float, *, tried: bool) -> Admission:
        if not tried:
            return self
        share = rate_bps / self.given_bps if self.given_bytes else math.inf
        if share < SCARCE:
            return replace(self, keyframes_only=True)
        return replace(self, keyframes_only=False) if share > ENOUGH else self
