"""One camera's recorded and live pictures, and which of them a viewer gets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from edge_agent.camera import nal
from edge_agent.camera.packet import StreamInfo
from edge_agent.clips.catch_up import CatchUpFeed
from edge_agent.clips.feeds import Feed, LiveTap, RecordedFeed
from edge_agent.clips.programme import Programme, ProgrammeError, Stream
from edge_agent.clips.ring import Ring
from edge_agent.clips.transcode import Transcoder
from wire.clock import Clock

SILENT_S = 10.0
"""A camera that sent nothing for this long is down, whatever it sent before."""
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ClipSource:
    """One camera: its ring, its live pictures, and those of its substream where it has one."""

    ring: Ring
    live: LiveTap
    sub: LiveTap | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is shown: `stream` may be another than was asked for."""

    feed: Feed
    stream: Stream
    transcoded: bool
    start_at: datetime | None
    """Wall time of the first picture sent; None for live."""


class Sources:
    """All cameras of the box."""

    def __init__(
        self, cameras: Mapping[str, ClipSource], clock: Clock, transcoder: Transcoder
    ) -> None:
        self._cameras = cameras
        self._clock = clock
        self._transcoder = transcoder

    async def open(self, camera: str, programme: Programme, viewer: str) -> Chosen:
        """The pictures of a programme for a session; raises ProgrammeError for what cannot be."""
        source = self._cameras.get(camera)
        if source is None:
            raise ProgrammeError("grant.foreign", f"no camera {camera}")
        if programme.mode == "live":
            return self._live(camera, source, programme.stream, viewer)
        return await self._recorded(camera, source, programme, viewer)

    def _live(self, camera: str, source: ClipSource, asked: Stream, viewer: str) -> Chosen:
        stream, tap = self._tap(camera, source, asked)
        info = self._sending(camera, tap)
        feed = tap.follow(asyncio.get_running_loop())
        if _plain(info.codec, info.has_b_frames):
            return Chosen(feed, stream, False, None)
        return Chosen(self._converted(feed, info.codec, viewer), stream, True, None)

    def _tap(self, camera: str, source: ClipSource, asked: Stream) -> tuple[Stream, LiveTap]:
        if asked == "sub":
            if source.sub is None:
                raise ProgrammeError("clip.no-substream", f"{camera} has only its main stream")
            return "sub", source.sub
        info = source.live.info
        unplayable = info is not None and not _plain(info.codec, info.has_b_frames)
        # The camera's own small pictures before ours of its large ones.
        if unplayable and source.sub is not None and self._plays(source.sub):
            return "sub", source.sub
        return "main", source.live

    def _plays(self, tap: LiveTap) -> bool:
        info = tap.info
        return (
            info is not None
            and _plain(info.codec, info.has_b_frames)
            and self._clock.monotonic() - tap.newest_mono_s <= SILENT_S
        )

    def _sending(self, camera: str, tap: LiveTap) -> StreamInfo:
        silent_s = self._clock.monotonic() - tap.newest_mono_s
        if tap.info is None or silent_s > SILENT_S:
            raise ProgrammeError("clip.camera-down", f"{camera} sends nothing")
        return tap.info

    async def _recorded(
        self, camera: str, source: ClipSource, programme: Programme, viewer: str
    ) -> Chosen:
        assert programme.start_at is not None
        start, end = programme.start_at, programme.end_at
        recorded = RecordedFeed(source.ring, self._clock, start, end or NEVER)
        first = await recorded.peek()
        if not first:
            raise ProgrammeError(
                "clip.not-recorded", f"nothing of {camera} from {start} to {end or 'now'}"
            )
        codec = first[0].codec
        reordered = any(nal.has_b_slice(nal.split(unit.data)) for unit in first)
        feed: Feed = recorded
        if end is None:
            self._sending(camera, source.live)
            feed = CatchUpFeed(recorded, source.live)
        if _plain(codec, reordered):
            return Chosen(feed, "main", False, first[0].at)
        return Chosen(self._converted(feed, codec, viewer), "main", True, first[0].at)

    def _converted(self, feed: Feed, codec: nal.Codec, viewer: str) -> Feed:
        try:
            return self._transcoder.open(feed, codec, viewer)
        except ProgrammeError:
            feed.close()
            raise


def _plain(codec: nal.Codec, has_b_frames: bool) -> bool:
    """Whether browsers play it as it is: WebRTC knows neither H.265 nor re-ordered pictures."""
    return codec == "h264" and not has_b_frames
