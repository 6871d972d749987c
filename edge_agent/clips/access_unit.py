"""One access unit as recorded, and the identity by which it is known from camera to court."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from edge_agent.camera import nal


def identity(data: bytes, codec: nal.Codec = "h264") -> str:
    """SHA-256 (hex) over the VCL NAL units of an Annex B access unit, without start codes.

    Containers and RTP change start codes, delimiters and where parameter sets stand; the picture
    data they may not touch.
    """
    digest = hashlib.sha256()
    for unit in nal.split(data):
        if nal.is_vcl(codec, unit):
            digest.update(unit)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """An encoded picture with its place in time."""

    data: bytes
    """Annex B; a keyframe carries its parameter sets."""
    codec: nal.Codec
    pts_90k: int
    """Presentation time; within one reading it runs on over segments and restarts of the agent."""
    dts_90k: int
    keyframe: bool
    at: datetime
    """Wall time of the picture: the segment's first arrival plus the camera's own time since."""

    @property
    def identity(self) -> str:
        """See `identity`."""
        return identity(self.data, self.codec)
