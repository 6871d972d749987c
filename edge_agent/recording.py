"""Reading a recorded video as the camera's frames would come, at the analysis rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.container
import numpy as np

from edge_agent.scene import Frame, Image


class RecordingError(Exception):
    """A file that cannot be analysed; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a recording's pictures are."""

    width: int
    height: int
    duration_s: float | None
    """As its container says; None where it does not."""


class Recording:
    """A video file as a sequence of frames; a context manager."""

    def __init__(self, path: Path, started_at: datetime | None = None) -> None:
        """Open `path`. `started_at` is the wall time of its first picture, if known.

        Raises RecordingError when there is no such file, or no video in it.
        """
        self.path = path
        self.damaged = 0
        """Packets that could not be decoded, left out."""
        try:
            self._container: av.container.InputContainer = av.open(str(path))
        except FileNotFoundError:
            raise RecordingError(f"{path}: there is no such file") from None
        except (av.error.FFmpegError, OSError) as error:
            raise RecordingError(f"{path}: not a video that can be read ({error})") from error
        if not self._container.streams.video:
            self._container.close()
            raise RecordingError(f"{path}: holds no video stream")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self.started_at = started_at or self._created()
        """Wall time of the first picture; None when neither the caller nor the file knows it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._container.close()

    @property
    def shape(self) -> Shape:
        """Size and length of the recording."""
        seconds = self._container.duration
        return Shape(
            self._stream.codec_context.width,
            self._stream.codec_context.height,
            seconds / av.time_base if seconds else None,
        )

    def frames(self, per_second: float) -> Iterator[Frame]:
        """Pictures at most `per_second` of media time apart, timed from the first one.

        `received_at` is the wall time of the picture if it is known, else counted from the epoch.
        Raises RecordingError when not one picture can be decoded.
        """
        base = self.started_at or datetime.fromtimestamp(0, UTC)
        step = 1.0 / per_second
        usual = 1.0 / float(self._stream.average_rate or Fraction(25))
        # A picture up to half a picture early is the one that was meant.
        slack = min(usual, step) / 2
        due = 0.0
        seen = False
        for media_s, picture in self._timed(usual):
            seen = True
            if media_s + slack < due:
                continue
            due = max(due + step, media_s + step - slack)
            image: Image = np.ascontiguousarray(picture.to_ndarray(format="bgr24"), np.uint8)
            at = base + timedelta(seconds=media_s)
            yield Frame(self.path.stem, image, media_s, media_s, at)
        if not seen:
            raise RecordingError(f"{self.path}: not one picture of it can be decoded")

    def _timed(self, usual: float) -> Iterator[tuple[float, av.VideoFrame]]:
        """Every picture with its time since the first; times that do not grow are made to."""
        first: float | None = None
        media_s = -usual
        for picture in self._pictures():
            if picture.pts is None:
                media_s += usual
            else:
                if first is None:
                    first = picture.time
                told = picture.time - first
                media_s = told if told > media_s else media_s + usual
            yield media_s, picture

    def _pictures(self) -> Iterator[av.VideoFrame]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:
                # A file cut short: what was read so far counts.
                self.damaged += 1
                return
            try:
                yield from packet.decode()
            except av.error.FFmpegError:
                self.damaged += 1

    def _created(self) -> datetime | None:
        text = self._container.metadata.get("creation_time")
        try:
            created = datetime.fromisoformat(text) if text else None
        except ValueError:
            return None
        if created is None:
            return None
        # Cameras without a clock write the epoch of MP4 (1904) or of Unix.
        aware = created if created.tzinfo else created.replace(tzinfo=UTC)
        return aware if aware.year > 2000 else None
