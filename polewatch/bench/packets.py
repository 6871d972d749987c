"""A clip's packets as its camera would have sent them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Final

import av

from edge_agent.camera.packet import TICKS, EncodedPacket

START: Final = datetime(2026, 1, 1, tzinfo=UTC)

_ANNEX_B: Final = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}


def packets_of(clip: Path) -> Iterator[EncodedPacket]:
    """The packets of an MP4 with H.264 or H.265, Annex B, parameter sets at each keyframe."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        filters = av.BitStreamFilterContext(_ANNEX_B[stream.codec_context.name], stream)
        base = stream.time_base or Fraction(1, TICKS)
        for packet in container.demux(stream):
            for one in filters.filter(packet):
                if one.pts is None or one.dts is None:
                    continue
                at_s = float(one.dts * base)
                yield EncodedPacket(
                    bytes(one),
                    round(one.pts * base * TICKS),
                    round(one.dts * base * TICKS),
                    one.is_keyframe,
                    at_s,
                    START + timedelta(seconds=at_s),
                )
