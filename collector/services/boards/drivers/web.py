"""A screen that has a page of ours open: told by its stream, and it says what it shows.

The page counts the time by itself, so that what stands goes with the link cut, too.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import timedelta

from collector.changes import Change, Changes
from collector.services.boards.drivers.base import BoardError, Shown
from collector.services.boards.layout import Page, lay_out
from collector.services.boards.record import Standing
from collector.services.boards.registry import Board
from wire.names import WireModel

SILENT_S = 20.0
"""A page says what it shows every five seconds."""
SHOWN_S = 8.0
"""Until a page that is told something says that it shows it."""


class Face(WireModel):
    """A message as the page draws it."""

    multi: str
    pages: tuple[Page, ...]


class ScreenOrder(WireModel):
    """What a page shall show: for `lasts_s` seconds, then `then`; None: until the next order."""

    number: int
    width: int
    height: int
    face: Face
    lasts_s: float | None
    then: Face


@dataclass(frozen=True, slots=True)
class _Told:
    number: int
    face: Face
    then: Face
    ends_s: float | None
    """By the monotonic clock."""


@dataclass(frozen=True, slots=True)
class _Report:
    multi: str
    left: timedelta | None
    at_s: float


class Screens:
    """Orders to pages and what they say; safe from any thread. Time here is a live page's."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._news = threading.Condition()
        self._told: dict[str, _Told] = {}
        self._reports: dict[str, _Report] = {}

    def tell(self, board: Board, multi: str, lasts: timedelta | None, then: str) -> None:
        """Have the board's page show it."""
        ends = None if lasts is None else time.monotonic() + lasts.total_seconds()
        with self._news:
            number = self._told[board.id].number + 1 if board.id in self._told else 1
            self._told[board.id] = _Told(number, _face(board, multi), _face(board, then), ends)
        self._changes.publish(Change("screen", board.id))

    def order(self, board: Board) -> ScreenOrder | None:
        """What its page shall show now; None: nothing was told since the start."""
        with self._news:
            told = self._told.get(board.id)
        if told is None:
            return None
        lasts = None if told.ends_s is None else max(0.0, told.ends_s - time.monotonic())
        return ScreenOrder(
            number=told.number,
            width=board.width_px,
            height=board.height_px,
            face=told.face,
            lasts_s=lasts,
            then=told.then,
        )

    def hear(self, board_id: str, multi: str, left: timedelta | None) -> None:
        """A page says what it shows."""
        with self._news:
            self._reports[board_id] = _Report(multi, left, time.monotonic())
            self._news.notify_all()

    def last(self, board_id: str) -> _Report | None:
        """What its page said last, unless that was too long ago."""
        with self._news:
            found = self._reports.get(board_id)
        return None if found is None or time.monotonic() - found.at_s > SILENT_S else found

    def wait(self, board_id: str, multi: str, timeout_s: float) -> None:
        """Until its page says that it shows this, or for so long."""

        def shown() -> bool:
            found = self._reports.get(board_id)
            return found is not None and found.multi == multi

        with self._news:
            self._news.wait_for(shown, timeout_s)


class WebDriver:
    """One screen."""

    grain = timedelta(0)

    def __init__(self, board: Board, screens: Screens) -> None:
        self._board = board
        self._screens = screens

    def check(self) -> str | None:
        return None

    def read(self) -> Shown:
        found = self._screens.last(self._board.id)
        if found is None:
            raise BoardError("screen", "no screen has its page open")
        ago = timedelta(seconds=time.monotonic() - found.at_s)
        return Shown(multi=found.multi, left=None if found.left is None else found.left - ago)

    def show(self, multi: str, priority: int, lasts: timedelta, before: Standing) -> None:  # noqa: ARG002  # of Driver
        self._screens.tell(self._board, multi, lasts, before.multi)
        self._screens.wait(self._board.id, multi, SHOWN_S)

    def renew(self, multi: str, lasts: timedelta, before: Standing) -> None:
        self._screens.tell(self._board, multi, lasts, before.multi)

    def restore(self, before: Standing) -> None:
        self._screens.tell(self._board, before.multi, None, before.multi)
        self._screens.wait(self._board.id, before.multi, SHOWN_S)

    def close(self) -> None:
        """Its page waits for the next order."""


def _face(board: Board, multi: str) -> Face:
    return Face(multi=multi, pages=lay_out(board, multi).pages)
