"""Everything about plates on one box: finder, lists and diary, and the stage of each camera."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from edge_agent.camera.glimpse import Glimpses
from edge_agent.plates.diary import Diary
from edge_agent.plates.diary_times import Moment
from edge_agent.plates.pictures import MainPictures, SamePictures
from edge_agent.plates.search import DiarySearch
from edge_agent.plates.stage import LivePlates, Match, NamedFinder
from edge_agent.plates.trace_desk import TraceDesk
from edge_agent.scene import Passage
from edge_agent.sight.scheduler import InferenceScheduler

FILE_NAME = "plates.sqlite"


class PlateDesk:
    """`start` once, `close` once."""

    def __init__(
        self,
        folder: Path,
        finder: NamedFinder,
        match: Match,
        scheduler: InferenceScheduler,
        now: Callable[[], datetime | None],
        monotonic: Callable[[], float],
        *,
        days: float,
        megabytes: int,
        traces: TraceDesk,
    ) -> None:
        """The diary lies in `folder`, for `days`; `now` is None while the time is not known.

        Raises sqlite3.Error when the diary cannot be opened.
        """
        self._finder = finder.finder
        self.model = finder.model
        """The reader's, for events."""
        self._match = match
        self._scheduler = scheduler
        self.traces = traces
        self._stages: dict[str, LivePlates] = {}
        self.diary = Diary(folder / FILE_NAME, now, monotonic, days=days, megabytes=megabytes)
        self.search = DiarySearch(folder / FILE_NAME, lambda: self.diary.revision)

    def stage(self, camera: str, glimpses: Glimpses | None) -> LivePlates:
        """The stage of one camera; `glimpses` of its main stream when it has a substream."""
        pictures = SamePictures() if glimpses is None else MainPictures(glimpses)
        made = LivePlates(camera, self._finder, self._match, pictures, self._scheduler, self._note)
        self._stages[camera] = made
        return made

    def start(self) -> None:
        self.diary.start()
        self.search.warm()

    def end_expired(self) -> None:
        """Delete what is older than it may be; what was dated anew is read into memory again."""
        before = self.diary.revision
        self.diary.end_expired()
        if self.diary.revision != before:
            self.search.warm()

    def close(self) -> None:
        """Write what waits."""
        self.diary.close()

    def _note(self, camera: str, at: Moment, passage: Passage) -> None:
        # What is traced first: it is to be told at once.
        self.traces.heard(camera, at, passage)
        self.diary.add(camera, at, passage)

    def dropped(self) -> dict[str, int]:
        """What full queues, slow disks and unreadable plates lost, by name."""
        totals = {"diary": self.diary.dropped, "diary.given-up": self.diary.given_up}
        for camera, stage in self._stages.items():
            totals[f"{camera}.plate-pictures"] = stage.missed
            totals[f"{camera}.plates-unread"] = stage.unread
        return totals
