"""One decoded picture of a GOP, as a JPEG that bears the mark or bears none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

import av
import av.error
import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.camera.packet import TICKS
from edge_agent.clips.access_unit import AccessUnit
from edge_agent.clips.evidence.mark import Mark, draw
from edge_agent.clips.evidence.media import MediaError

_QUALITY = 92


def jpeg_of(units: Sequence[AccessUnit], at: datetime, mark: Mark | None) -> tuple[bytes, datetime]:
    """The picture that was to be seen at `at`, of a whole GOP, and its own wall time.

    Raises MediaError.
    """
    wanted = max(
        (unit for unit in units if unit.at <= at), key=lambda unit: unit.pts_90k, default=units[0]
    )
    image = _decoded(units, wanted)
    if mark is not None:
        image = draw(mark, image, wanted.at)
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise MediaError(f"the picture of {wanted.at} cannot be written as JPEG")
    return data.tobytes(), wanted.at


def _decoded(units: Sequence[AccessUnit], wanted: AccessUnit) -> npt.NDArray[np.uint8]:
    codec = av.CodecContext.create(wanted.codec, "r")
    assert isinstance(codec, av.VideoCodecContext)
    try:
        for unit in (*units, None):
            for frame in codec.decode(None if unit is None else _packet(unit)):
                if frame.pts == wanted.pts_90k:
                    return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    except av.error.FFmpegError as error:
        raise MediaError(f"the picture of {wanted.at} cannot be decoded ({error})") from error
    raise MediaError(f"the picture of {wanted.at} cannot be decoded")


def _packet(unit: AccessUnit) -> av.Packet[Any]:
    packet: av.Packet[Any] = av.Packet(unit.data)
    packet.pts, packet.dts = unit.pts_90k, unit.dts_90k
    packet.time_base = Fraction(1, TICKS)
    return packet
