"""One encoded picture on its way to a viewer, and what may be left out of many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Picture:
    """An access unit to be sent; `burst` when it is due at once, as a cached GOP is."""

    data: bytes
    pts_90k: int
    dts_90k: int
    keyframe: bool
    at: datetime
    burst: bool
    live: bool = False
    """Straight from the camera: it is due when it is there, whatever speed was asked for."""


class Thinning:
    """Leaves out all that is between keyframes; once left out, nothing follows but a keyframe."""

    def __init__(self) -> None:
        self.keyframes_only = False
        self._broken = False

    def takes(self, picture: Picture) -> bool:
        """Whether this picture, the next in decoding order, is to be sent."""
        if picture.keyframe:
            self._broken = False
        elif self.keyframes_only:
            self._broken = True
        return not self._broken
