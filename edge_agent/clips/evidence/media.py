"""Pictures into a faststart MP4 and out of any container, never decoded, never changed."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import av.error

from edge_agent.camera import nal
from edge_agent.camera.packet import TICKS
from edge_agent.clips.access_unit import AccessUnit
from edge_agent.clips.evidence import merkle

_CODECS = {"h264", "hevc"}


class MediaError(Exception):
    """A file whose pictures cannot be read; names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a file."""

    shown: bytes
    """See `merkle.picture`."""
    pts_90k: int
    """As the container rounds it."""


@dataclass(frozen=True, slots=True)
class Media:
    """All pictures of a file, in decoding order."""

    pictures: tuple[Picture, ...]
    slack_90k: int
    """By how much the container may have rounded the difference of two times."""


def write_mp4(path: Path, units: Iterable[AccessUnit]) -> None:
    """Remux to an MP4 with its index in front; the first picture in decoding order is at 0.

    Holds one picture at a time. Writes nothing when there is none. Raises OSError or
    av.error.FFmpegError.
    """
    options = {"movflags": "+faststart", "video_track_timescale": str(TICKS)}
    following = iter(units)
    first = next(following, None)
    if first is None:
        return
    zero = first.dts_90k
    # The first picture as a byte stream tells the muxer all that it must know of the track.
    told = av.open(io.BytesIO(first.data), format=first.codec)
    with told, av.open(str(path), "w", format="mp4", options=options) as container:
        stream = container.add_stream_from_template(told.streams.video[0])
        stream.time_base = Fraction(1, TICKS)
        for unit in chain([first], following):
            packet = av.Packet(unit.data)
            packet.pts, packet.dts = unit.pts_90k - zero, unit.dts_90k - zero
            packet.time_base = Fraction(1, TICKS)
            packet.stream = stream
            packet.is_keyframe = unit.keyframe
            container.mux_one(packet)


def read(path: Path) -> Media:
    """The pictures of the file's first video track; raises MediaError."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise MediaError(f"{path}: holds no video; name the exported clip")
            stream = container.streams.video[0]
            codec = stream.codec_context.name
            if codec not in _CODECS or stream.time_base is None:
                raise MediaError(
                    f"{path}: is {codec}; an exported clip is H.264 or H.265, as recorded"
                )
            known: nal.Codec = "hevc" if codec == "hevc" else "h264"
            rounding = math.ceil(stream.time_base * TICKS) if stream.time_base * TICKS > 1 else 0
            return Media(tuple(_pictures(container, stream, known)), rounding)
    except (av.error.FFmpegError, OSError) as error:
        raise MediaError(f"{path}: cannot be read as video ({error})") from error


def _pictures(
    container: av.container.InputContainer, stream: av.VideoStream, codec: nal.Codec
) -> Iterator[Picture]:
    size = _length_size(stream.codec_context.extradata or b"", codec)
    base = stream.time_base or Fraction(1, TICKS)
    for packet in container.demux(stream):
        if not packet.size:
            continue
        pts = packet.pts if packet.pts is not None else packet.dts
        if pts is None:
            raise MediaError("a picture without a time; remux the clip into MP4 or MPEG-TS")
        data = bytes(packet)
        units = _prefixed(data, size) if size else nal.split(data)
        yield Picture(merkle.picture(units, codec), round(pts * base * TICKS))


def _length_size(extradata: bytes, codec: nal.Codec) -> int:
    """Bytes of the length before each NAL unit (ISO/IEC 14496-15, avcC and hvcC); 0: Annex B."""
    place = 4 if codec == "h264" else 21
    if len(extradata) <= place or extradata[0] != 1:
        return 0
    return (extradata[place] & 3) + 1


def _prefixed(data: bytes, size: int) -> Iterator[bytes]:
    """NAL units behind their lengths; where a length was altered, the rest is one unit."""
    at = 0
    while at + size < len(data):
        end = at + size + int.from_bytes(data[at : at + size])
        unit = data[at + size : end]
        if unit:
            yield unit
        at = max(end, at + size)
