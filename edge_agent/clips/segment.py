"""Segment files of the ring: their names, writing one, and describing one from its name and end."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from io import RawIOBase
from pathlib import Path

import av

from edge_agent.camera.nal import Codec
from edge_agent.camera.packet import TICKS, EncodedPacket
from edge_agent.clips import mpegts
from edge_agent.clips.index import Segment

Opener = Callable[[Path], RawIOBase]
"""Opens a segment file for appending, unbuffered."""

_NAME = re.compile(
    r"(?P<at>\d{8}T\d{6}\.\d{6})Z_(?P<run>[0-9a-f]{8})_(?P<media>\d{13})_(?P<codec>h264|hevc)\.ts"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TAIL_BYTES = 1 << 20
_SOON_US = 10_000_000
"""Segments of a run follow each other every four seconds or at the next keyframe."""
_OPTIONS = {
    # The camera's time stamps as they are; libav would add its own delay.
    "mpegts_copyts": "1",
    "avoid_negative_ts": "disabled",
    "fflags": "+flush_packets",
}


def to_us(at: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    """The wall time of `to_us`."""
    return _EPOCH + timedelta(microseconds=us)


def open_unbuffered(path: Path) -> RawIOBase:
    """The ring's own opener."""
    return path.open("xb", buffering=0)


def segment_name(start_us: int, run: str, start_90k: int, codec: Codec) -> str:
    """Path below the camera's folder; holds all that the index says of where it begins."""
    at = from_us(start_us)
    return f"{at:%Y%m%d}/{at:%Y%m%dT%H%M%S.%f}Z_{run}_{start_90k:013d}_{codec}.ts"


class SegmentWriter:
    """One open file. Each access unit reaches the kernel in a write of its own.

    So kill -9 loses nothing that was written, and a reader never meets half an access unit.
    """

    def __init__(
        self, folder: Path, run: str, codec: Codec, first: EncodedPacket, opener: Opener
    ) -> None:
        start_us = to_us(first.received_at)
        self.segment = Segment(
            segment_name(start_us, run, first.pts_90k, codec),
            run,
            codec,
            start_us,
            start_us,
            first.pts_90k,
            0,
        )
        self.path = folder / self.segment.name
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._first_dts = self._last_dts = first.dts_90k
        self._step = TICKS // 25
        self._end_90k = first.pts_90k
        self._size = 0
        self._muxed = _Buffer()
        self._container = av.open(self._muxed, "w", format="mpegts", options=_OPTIONS)
        self._stream = self._container.add_mux_stream(codec)
        self._stream.time_base = Fraction(1, TICKS)
        self._file = opener(self.path)

    def lasts(self, following: EncodedPacket) -> float:
        """Seconds that the segment holds if `following` begins the next one."""
        return (following.dts_90k - self._first_dts) / TICKS

    def write(self, packet: EncodedPacket) -> Segment:
        """Append one access unit and return the segment as it stands; raises OSError."""
        encoded = av.Packet(packet.data)
        encoded.pts, encoded.dts = packet.pts_90k, packet.dts_90k
        encoded.time_base = Fraction(1, TICKS)
        encoded.stream = self._stream
        encoded.is_keyframe = packet.keyframe
        self._container.mux_one(encoded)
        self._flush()
        if packet.dts_90k > self._last_dts:
            self._step = packet.dts_90k - self._last_dts
        self._last_dts = packet.dts_90k
        self._end_90k = max(self._end_90k, packet.pts_90k + self._step)
        self.segment = _ending(self.segment, self._end_90k, self._size)
        return self.segment

    def close(self) -> Segment:
        """Finish the file and bring it to the disk itself; raises OSError."""
        try:
            self._container.close()
            self._flush()
            os.fdatasync(self._file.fileno())
        finally:
            self._file.close()
        return self.segment

    def abandon(self) -> Segment:
        """Close after a failed write, keeping what was written whole."""
        self._file.close()
        return self.segment

    def _flush(self) -> None:
        data = self._muxed.take()
        if not data:
            return
        written = self._file.write(data) or 0
        if written < len(data):
            # The kernel took a part: the disk is full. Half an access unit is of no use.
            self._file.truncate(self._size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += written


class _Buffer:
    """Where the muxer writes to."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: bytes) -> int:
        self._data += data
        return len(data)

    def take(self) -> bytes:
        data = bytes(self._data)
        self._data.clear()
        return data


def _ending(segment: Segment, end_90k: int, size: int) -> Segment:
    length_us = (end_90k - segment.start_90k) * 1_000_000 // TICKS
    return Segment(
        segment.name,
        segment.run,
        segment.codec,
        segment.start_us,
        segment.start_us + max(length_us, 0),
        segment.start_90k,
        size,
    )


def ended_before(segment: Segment, start_us: int) -> Segment:
    """The segment as it is once the following one begins at `start_us`."""
    if not segment.start_us < start_us < segment.end_us:
        return segment
    return replace(segment, end_us=start_us)


def named(folder: Path, path: Path) -> Segment | None:
    """What a file's name says of it: a segment without end and size; None when it is not one."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    at = datetime.strptime(found["at"], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    codec: Codec = "hevc" if found["codec"] == "hevc" else "h264"
    name = path.relative_to(folder).as_posix()
    return Segment(name, found["run"], codec, to_us(at), to_us(at), int(found["media"]), 0)


def describe(folder: Path, path: Path, following: Segment | None = None) -> Segment | None:
    """What the index should say of a file; None when it is not a segment or holds no picture.

    Where `following` comes soon after it in the same run, it tells the end and nothing is read: a
    month of segments would take hours.
    """
    bare = named(folder, path)
    if bare is None:
        return None
    size = path.stat().st_size
    if size and following is not None and following.run == bare.run:
        apart_us = following.start_us - bare.start_us
        if 0 < apart_us <= _SOON_US:
            return replace(bare, end_us=following.start_us, bytes=size)
    for tail in (_TAIL_BYTES // 16, _TAIL_BYTES):
        stamps = _stamps(path, bare, size, tail)
        if len(stamps) > 1:
            break
    if not stamps:
        return None
    step = stamps[-1] - stamps[-2] if len(stamps) > 1 else TICKS // 25
    return _ending(bare, stamps[-1] + step, size)


def _stamps(path: Path, bare: Segment, size: int, tail: int) -> list[int]:
    """Times of the pictures in a file's last bytes: all that its name does not say."""
    with path.open("rb") as file:
        # Whole TS packets from the end.
        file.seek(max(0, (size - tail) // mpegts.PACKET * mpegts.PACKET))
        return sorted(mpegts.unwrap(one.pts, bare.start_90k) for one in mpegts.read(file.read()))
