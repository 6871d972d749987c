"""What a ring has recorded as the frames that an analysis of that time would have had."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import av.error
import numpy as np

from edge_agent.camera.packet import TICKS
from edge_agent.clips.access_unit import AccessUnit
from edge_agent.clips.index import Segment
from edge_agent.clips.reading import units_of
from edge_agent.scene import Frame

EARLY = 0.2
"""A picture this part of a step early counts as on time, as in the camera's own decoder."""


class RingFrames:
    """Frames of one camera's segments, oldest first, `per_second` of them at the most."""

    def __init__(
        self, camera: str, folder: Path, segments: Sequence[Segment], per_second: float
    ) -> None:
        """`folder` is the camera's own in the ring."""
        self._camera = camera
        self._folder = folder
        self._segments = segments
        self._step = TICKS / per_second
        self._due = 0.0
        self.damaged = 0
        """Access units that could not be decoded, left out."""

    def __iter__(self) -> Iterator[Frame]:
        """Each with the wall time at which the camera sent it; what was evicted is left out."""
        context: av.VideoCodecContext | None = None
        broken = True
        waiting: dict[int, AccessUnit] = {}
        for unit in units_of(self._folder, self._segments):
            if context is None or context.name != unit.codec:
                context = av.CodecContext.create(unit.codec, "r")
                context.thread_count = 1
                broken = True
                waiting.clear()
            if broken and not unit.keyframe:
                continue
            waiting[unit.pts_90k] = unit
            packet = av.Packet(unit.data)
            packet.pts, packet.dts = unit.pts_90k, unit.dts_90k
            try:
                pictures = context.decode(packet)
            except av.error.FFmpegError:
                self.damaged += 1
                broken = True
                continue
            broken = False
            yield from self._frames(pictures, waiting)
        if context is not None and not broken:
            yield from self._frames(context.decode(None), waiting)

    def _frames(
        self, pictures: Sequence[av.VideoFrame], waiting: dict[int, AccessUnit]
    ) -> Iterator[Frame]:
        for picture in pictures:
            unit = None if picture.pts is None else waiting.pop(picture.pts, None)
            if unit is None:
                continue
            for pts in [pts for pts in waiting if pts < unit.pts_90k]:
                del waiting[pts]
            if unit.pts_90k < self._due - self._step * EARLY:
                continue
            late = unit.pts_90k - self._due > self._step
            self._due = (unit.pts_90k if late else self._due) + self._step
            image = np.ascontiguousarray(picture.to_ndarray(format="bgr24"), dtype=np.uint8)
            media_s = unit.pts_90k / TICKS
            yield Frame(self._camera, image, media_s, media_s, unit.at)
