"""Plates in the pipeline: whom to look at after each frame, and the passages that are read.

In a recording the looks are made at once. Live they are spare work: the analysis of pictures goes
first, and what finds no room is dropped and counted.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final, Protocol

import numpy as np

from edge_agent.plates.carriers import SPOT_EVERY_S, Carriers
from edge_agent.plates.diary_times import Moment
from edge_agent.plates.passages import Passages, Wish
from edge_agent.plates.rectify import Quad
from edge_agent.plates.types import PlateRead
from edge_agent.plates.vote import Look, sharpness
from edge_agent.scene import Box, Detection, Frame, Image, Passage, PlateHit, Track
from edge_agent.sight.detector import ModelId
from edge_agent.sight.scheduler import InferenceScheduler
from edge_agent.uplink.still import shrink

STILL_EDGE: Final = 640
"""Pixels of a passage's picture, as of any still."""


class _Place(Protocol):
    @property
    def quad(self) -> Quad: ...


class Found(Protocol):
    """A plate that was found and read: edge_agent.plates.find.FoundPlate."""

    @property
    def place(self) -> _Place: ...

    @property
    def read(self) -> PlateRead: ...

    @property
    def crop(self) -> Image: ...


class FindsPlates(Protocol):
    """What finds and reads plates: edge_agent.plates.find.PlateFinder."""

    def find(self, image: Image, parts: Sequence[Box]) -> Sequence[Found]:
        """The plates in `parts` of `image` (`(H, W, 3)` uint8 BGR)."""
        ...

    def spot(self, image: Image) -> Sequence[Box]:
        """Where plates may be in the whole of `image`."""
        ...


@dataclass(frozen=True, slots=True)
class NamedFinder:
    """A finder with the model whose word its reads are."""

    finder: FindsPlates
    model: ModelId
    beside: tuple[ModelId, ...] = ()
    """Others that take part."""


Match = Callable[[PlateRead], tuple[PlateHit, ...]]
"""Lists that a read is on."""


class Pictures(Protocol):
    """Where the pictures come from that plates are read in."""

    @property
    def width(self) -> int:
        """In pixels; 0 before it is known."""
        ...

    def seen(self, frame: Frame) -> None:
        """A picture was analysed."""
        ...

    def ask(self, frame: Frame, take: Callable[[Image | None], None]) -> None:
        """Have the picture of `frame`'s moment given to `take`, once, on any thread.

        Never blocks.
        """
        ...


def look_at(finder: FindsPlates, image: Image, part: Box, media_s: float) -> tuple[Look, ...]:
    """The plates in `part` of `image`, as looks at `media_s`."""
    height, width = image.shape[:2]
    return tuple(
        Look(
            read=one.read,
            media_s=media_s,
            quad=one.place.quad,
            width_px=_across(one.place.quad, width, height),
            sharpness=sharpness(one.crop),
            crop=one.crop,
        )
        for one in finder.find(image, (part,))
    )


class _Sight:
    """The carriers of one camera; now and then plates are looked for in the whole picture."""

    def __init__(self, finder: FindsPlates) -> None:
        self._finder = finder
        self._carriers = Carriers()
        self._spotted_s = -math.inf

    def update(
        self, frame: Frame, tracks: Iterable[Track], detections: Iterable[Detection]
    ) -> tuple[Track, ...]:
        plates: Sequence[Box] = ()
        if abs(frame.media_s - self._spotted_s) >= SPOT_EVERY_S:
            plates, self._spotted_s = self._finder.spot(frame.image), frame.media_s
        return self._carriers.update(tracks, detections, plates, frame.media_s)


class RecordedPlates:
    """Plates of a recording: the analysed pictures are looked at, at once."""

    def __init__(self, finder: FindsPlates, match: Match) -> None:
        self._finder = finder
        self._match = match
        self._sight = _Sight(finder)
        self._passages = Passages()

    def update(
        self, frame: Frame, tracks: Iterable[Track], detections: Iterable[Detection]
    ) -> tuple[Passage, ...]:
        """Passages that are read now, with the lists that they are on."""
        picture = None
        carriers = self._sight.update(frame, tracks, detections)
        for wish in self._passages.follow(carriers, frame.media_s, frame.image.shape[1]):
            picture = shrink(frame.image, STILL_EDGE) if picture is None else picture
            looks = look_at(self._finder, frame.image, wish.part, frame.media_s)
            self._passages.take(wish.track, looks, picture)
        return self._matched(self._passages.done())

    def finish(self) -> tuple[Passage, ...]:
        """Of vehicles still in sight when the recording ends."""
        return self._matched(self._passages.finish())

    def _matched(self, passages: Sequence[Passage]) -> tuple[Passage, ...]:
        return tuple(replace(one, hits=self._match(one.read)) for one in passages)


class LivePlates:
    """Plates of a camera: `update` never waits, looks are spare work of the scheduler."""

    def __init__(
        self,
        camera: str,
        finder: FindsPlates,
        match: Match,
        pictures: Pictures,
        scheduler: InferenceScheduler,
        note: Callable[[str, Moment, Passage], None],
    ) -> None:
        """`note` takes every passage for the diary, with the moment of its best look."""
        self._camera = camera
        self._finder = finder
        self._match = match
        self._pictures = pictures
        self._scheduler = scheduler
        self._note = note
        self._lock = threading.Lock()
        self._sight = _Sight(finder)
        self._passages = Passages()
        self.missed = 0
        """Looks without a picture: its moment was gone, or never came."""

    @property
    def unread(self) -> int:
        """Vehicles that passed with a plate in sight and no read worth telling."""
        return self._passages.unread

    @property
    def awaited(self) -> int:
        """Looks that are asked for and not made yet."""
        with self._lock:
            return self._passages.awaited

    def update(
        self, frame: Frame, tracks: Iterable[Track], detections: Iterable[Detection]
    ) -> tuple[Passage, ...]:
        """Passages that were read since the last frame, with the lists that they are on."""
        self._pictures.seen(frame)
        carriers = self._sight.update(frame, tracks, detections)
        with self._lock:
            wishes = self._passages.follow(
                carriers, frame.media_s, self._pictures.width or frame.image.shape[1]
            )
            done = self._passages.done()
        if wishes:
            self._pictures.ask(frame, partial(self._look, frame, wishes))
        told = tuple(replace(one, hits=self._match(one.read)) for one in done)
        for one in told:
            self._note(self._camera, _moment(frame, one.best_s), one)
        return told

    def finish(self) -> tuple[Passage, ...]:
        """A camera has no end at which anything could still be told."""
        return ()

    def _look(self, frame: Frame, wishes: tuple[Wish, ...], image: Image | None) -> None:
        for wish in wishes:
            job = partial(self._look_closely, frame, wish, image) if image is not None else None
            if job is None or not self._scheduler.spare(self._camera, job):
                self.missed += job is None
                with self._lock:
                    self._passages.give_up(wish.track)

    def _look_closely(self, frame: Frame, wish: Wish, image: Image) -> None:
        try:
            looks = look_at(self._finder, image, wish.part, frame.media_s)
        except Exception:
            with self._lock:
                self._passages.give_up(wish.track)
            raise
        picture = shrink(image, STILL_EDGE)
        with self._lock:
            self._passages.take(wish.track, looks, picture)


def _moment(frame: Frame, media_s: float) -> Moment:
    """When the media time `media_s` was, by the clocks of a later `frame`."""
    ago_s = frame.media_s - media_s
    return Moment(frame.received_at - timedelta(seconds=ago_s), frame.received_mono_s - ago_s)


def _across(quad: Quad, width: int, height: int) -> float:
    """The plate's width in pixels, the mean of its upper and lower edge."""
    corners = np.array(quad) * (width, height)
    upper, lower = corners[1] - corners[0], corners[2] - corners[3]
    return float(np.hypot(*upper) + np.hypot(*lower)) / 2
