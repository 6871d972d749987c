"""A search of the diary: with a case and a legal basis, for a pattern within a span of time.

The texts of all passages are kept in memory from the start on (about 50 bytes each), so that
a pattern with unknown places needs no walk over the disk.
"""

from __future__ import annotations

import base64
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from edge_agent.plates.diary_times import to_us
from edge_agent.plates.paint import kind_may_be, paint_may_be
from edge_agent.plates.pattern import OTHERS, WIDTH, Pattern, PatternError
from edge_agent.plates.types import UNREADABLE
from edge_agent.uplink.commands import Answer, CommandFailedError, Handler
from wire.command import Command, PlateCropCommand, PlateSearchCommand
from wire.plates import LONGEST_LOOK, PlateAnswer, PlateRead, PlateSearch

LEAST_CHANCE: Final = 1e-4
"""What is less likely the plate asked for is left out of the answer."""
LONGEST_SPAN: Final = timedelta(days=31)
_AT_ONCE: Final = 500
_STALE: Final = 0.1
"""Of the texts, gone from the diary: then all are read anew."""

_COLUMNS = (
    "id, at_us, camera, text, type, colour, confidence, direction, candidates, crop_sha256,"
    " vehicle, paint"
)


# By an index that holds it all: the rows themselves are large with their pictures.
_WHOLE: Final = (
    "SELECT group_concat(id), group_concat(at_us),"
    f" group_concat(substr(:pad || text, -{WIDTH}), ''),"
    f" group_concat(substr(others || :pad, 1, {OTHERS}), '')"
    " FROM passage INDEXED BY passage_by_text"
)

log = structlog.get_logger()


class Record(Protocol):
    """Takes what is to stand in the audit."""

    def __call__(self, action: str, *, case: str, detail: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Texts:
    """What the diary holds, row by row."""

    ids: NDArray[np.int64]
    at_us: NDArray[np.int64]
    codes: NDArray[np.uint16]
    """`(WIDTH, N)`, the last character first; 0 before the text."""
    others: NDArray[np.uint16]
    """`(OTHERS, N)`; 0 where there is none."""

    @property
    def bytes(self) -> int:
        return sum(one.nbytes for one in (self.ids, self.at_us, self.codes, self.others))

    @classmethod
    def whole(cls, run: sqlite3.Connection) -> _Texts:
        """All of it, as four long texts: four times as fast as row by row."""
        ids, at_us, texts, others = run.execute(_WHOLE, {"pad": " " * WIDTH}).fetchone()
        numbers = np.array((ids or "").split(","), np.int64) if ids else np.zeros(0, np.int64)
        order = np.argsort(numbers)
        times = np.array(at_us.split(","), np.int64) if at_us else numbers
        return cls(
            numbers[order],
            times[order],
            np.ascontiguousarray(_grid(texts, WIDTH)[order, ::-1].T),
            np.ascontiguousarray(_grid(others, OTHERS)[order].T),
        )

    @classmethod
    def of(cls, rows: list[tuple[int, int, str, str]]) -> _Texts:
        return cls(
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.int64),
            _columns([row[2][: -WIDTH - 1 : -1].ljust(WIDTH, "\0") for row in rows], WIDTH),
            _columns([row[3].ljust(OTHERS, "\0") for row in rows], OTHERS),
        )

    def with_rows(self, rows: list[tuple[int, int, str, str]]) -> _Texts:
        if not rows:
            return self
        fresh = _Texts.of(rows)
        return _Texts(
            np.concatenate([self.ids, fresh.ids]),
            np.concatenate([self.at_us, fresh.at_us]),
            np.concatenate([self.codes, fresh.codes], axis=1),
            np.concatenate([self.others, fresh.others], axis=1),
        )


class DiarySearch:
    """Thread-safe; reads the diary's file on a connection of its own."""

    def __init__(self, path: Path, revision: Callable[[], int]) -> None:
        """`revision` changes when times of passages that stand were set right."""
        self._path = path
        self._revision = revision
        self._lock = threading.Lock()
        self._texts: _Texts | None = None
        self._of: int | None = None

    def warm(self) -> None:
        """Read the texts into memory on a thread of its own: the first question finds them there.

        A diary of 300,000 passages takes a second or two.
        """
        threading.Thread(target=self._warm, name="diary-texts", daemon=True).start()

    def _warm(self) -> None:
        began = time.monotonic()
        try:
            with self._lock, closing(self._connect()) as run:
                texts = self._refreshed(run)
            log.info(
                "diary.warm", passages=len(texts.ids), megabytes=round(texts.bytes / 1e6, 1),
                seconds=round(time.monotonic() - began, 2),
            )  # fmt: skip
        except sqlite3.Error as error:
            # The first question meets the same fault, and tells it.
            log.error("diary.texts", error=str(error))

    def _connect(self) -> sqlite3.Connection:
        run = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=5)
        run.row_factory = sqlite3.Row
        return run

    def find(self, asked: PlateSearch) -> PlateAnswer:
        """Passages that say what is asked for first, each kind newest first.

        Raises PatternError, ValueError or sqlite3.Error.
        """
        if not timedelta(0) < asked.end_at - asked.start_at <= LONGEST_SPAN:
            days = LONGEST_SPAN.days
            raise ValueError(f"the span must end after its start, by {days} days at most")
        if asked.camera is not None:
            return self._at_the_time(asked, asked.camera)
        pattern = Pattern.of(asked.pattern, confusable=asked.confusable)
        with self._lock, closing(self._connect()) as run:
            ids = self._candidates(run, pattern, to_us(asked.start_at), to_us(asked.end_at))
            reads: list[PlateRead] = []
            for row in _rows(run, ids):
                one = _read(row, pattern)
                if one is None or not _is_asked(one, asked):
                    continue
                if len(reads) == asked.limit:
                    return PlateAnswer(search_id=asked.search_id, reads=tuple(reads), more=True)
                reads.append(one)
        return PlateAnswer(search_id=asked.search_id, reads=tuple(reads))

    def _at_the_time(self, asked: PlateSearch, camera: str) -> PlateAnswer:
        """What one camera read, the oldest first. Raises ValueError for a span that is too long."""
        if asked.end_at - asked.start_at > LONGEST_LOOK:
            minutes = LONGEST_LOOK // timedelta(minutes=1)
            raise ValueError(f"all that a camera read is told for {minutes} minutes at most")
        with closing(self._connect()) as run:
            rows = run.execute(
                f"SELECT {_COLUMNS} FROM passage WHERE at_us BETWEEN ? AND ? AND camera = ?"
                " ORDER BY at_us, id",
                (to_us(asked.start_at), to_us(asked.end_at), camera),
            )
            told = (_told(row, row["confidence"], near_match=False) for row in rows)
            reads = [one for one in told if _is_asked(one, asked)]
        return PlateAnswer(
            search_id=asked.search_id,
            reads=tuple(reads[: asked.limit]),
            more=len(reads) > asked.limit,
        )

    def crop(self, row: int, sha256: str) -> bytes | None:
        """The picture of a passage as JPEG; None when it is gone. Raises sqlite3.Error."""
        with closing(self._connect()) as run:
            found = run.execute(
                "SELECT crop FROM passage WHERE id = ? AND crop_sha256 = ?", (row, sha256)
            ).fetchone()
        return None if found is None else bytes(found["crop"])

    def _candidates(
        self, run: sqlite3.Connection, pattern: Pattern, first_us: int, last_us: int
    ) -> NDArray[np.int64]:
        """Rows that may match: those that say what is asked for first, each kind newest first."""
        texts = self._refreshed(run)
        good = (texts.at_us >= first_us) & (texts.at_us <= last_us)
        missed = np.zeros(len(good), bool)
        same = np.ones(len(good), bool)
        for column, asked in zip(texts.codes, reversed(pattern.text), strict=False):
            if asked == UNREADABLE:
                good &= column != 0
                continue
            same &= column == ord(asked)
            accepted = np.zeros(1 << 16, bool)
            accepted[[ord(one) for one in pattern.may_be_read_as(asked)]] = True
            miss = ~accepted[column]
            if not pattern.confusable:
                good &= ~miss
                continue
            # One place may be read as anything, if the read itself names what is asked for.
            good &= ~(miss & missed)
            missed |= miss
            doubtful = np.flatnonzero(good & miss)
            good[doubtful] = (texts.others[:, doubtful] == ord(asked)).any(axis=0)
        found = np.flatnonzero(good)
        return texts.ids[found[np.lexsort((-texts.at_us[found], ~same[found]))]]

    def _refreshed(self, run: sqlite3.Connection) -> _Texts:
        revision = self._revision()
        held = self._texts
        if held is not None and self._of == revision and len(held.ids):
            oldest = run.execute("SELECT min(id) FROM passage").fetchone()[0]
            gone = len(held.ids) if oldest is None else np.searchsorted(held.ids, oldest)
            if gone <= _STALE * len(held.ids):
                fresh = run.execute(
                    "SELECT id, at_us, text, others FROM passage WHERE id > ? ORDER BY id",
                    (int(held.ids[-1]),),
                )
                self._texts = held.with_rows([tuple(row) for row in fresh])
                return self._texts
        self._texts = _Texts.whole(run)
        self._of = revision
        return self._texts


def search_handler(search: DiarySearch, record: Record) -> Handler:
    """What the command `plates.search` does; every question stands in the audit."""

    def handle(command: Command) -> Answer:
        if not isinstance(command.action, PlateSearchCommand):
            raise CommandFailedError("command.invalid", "no search")
        asked = command.action.search
        try:
            answer = search.find(asked)
        except (PatternError, ValueError) as error:
            raise CommandFailedError("request.invalid", str(error)) from error
        except sqlite3.Error as error:
            raise CommandFailedError(
                "disk.corrupt", f"the diary cannot be read: {error}"
            ) from error
        # The audit is read by more people than the case: it names the search and no plate.
        record(
            "plates.searched",
            case=asked.case,
            detail=f"search {asked.search_id}: {len(answer.reads)} reads, {asked.basis}",
        )
        return Answer(plates=answer)

    return handle


def crop_handler(search: DiarySearch, record: Record) -> Handler:
    """What the command `plates.crop` does; every picture that leaves stands in the audit."""

    def handle(command: Command) -> Answer:
        if not isinstance(command.action, PlateCropCommand):
            raise CommandFailedError("command.invalid", "no question for a picture")
        asked = command.action.question
        try:
            crop = search.crop(asked.row, asked.sha256)
        except sqlite3.Error as error:
            raise CommandFailedError(
                "disk.corrupt", f"the diary cannot be read: {error}"
            ) from error
        if crop is None:
            raise CommandFailedError("still.unknown", "the read is not in the diary any more")
        detail = f"search {asked.search_id}: the picture {asked.sha256}, {asked.basis}"
        record("plates.shown", case=asked.case, detail=detail)
        return Answer(crop=base64.b64encode(crop).decode())

    return handle


def _grid(padded: str | None, width: int) -> NDArray[np.uint16]:
    """`(N, width)` of texts that are filled with spaces, which no plate has; 0 for those."""
    units = np.frombuffer((padded or "").encode("utf-16-le"), np.uint16).reshape(-1, width)
    return np.where(units == ord(" "), 0, units).astype(np.uint16)


def _columns(texts: list[str], width: int) -> NDArray[np.uint16]:
    # Plates are of the Basic Multilingual Plane: one code unit a character.
    units = np.frombuffer("".join(texts).encode("utf-16-le"), np.uint16)
    return np.ascontiguousarray(units.reshape(len(texts), width).T)


def _rows(run: sqlite3.Connection, ids: NDArray[np.int64]) -> Iterator[sqlite3.Row]:
    """In the order of `ids`; those that are gone meanwhile are left out."""
    for at in range(0, len(ids), _AT_ONCE):
        part = [int(one) for one in ids[at : at + _AT_ONCE]]
        marks = ", ".join("?" * len(part))
        rows = run.execute(f"SELECT {_COLUMNS} FROM passage WHERE id IN ({marks})", part)
        found = {row["id"]: row for row in rows}
        yield from (found[one] for one in part if one in found)


def _read(row: sqlite3.Row, pattern: Pattern) -> PlateRead | None:
    places = [candidates for _, candidates in json.loads(row["candidates"])]
    chance = pattern.chance(row["text"], places)
    if chance is None or chance < LEAST_CHANCE:
        return None
    return _told(row, chance, near_match=pattern.differs(row["text"]))


def _told(row: sqlite3.Row, chance: float, *, near_match: bool) -> PlateRead:
    return PlateRead(
        text=row["text"],
        confidence=row["confidence"],
        at=datetime.fromtimestamp(0, UTC) + timedelta(microseconds=row["at_us"]),
        camera=row["camera"],
        type=row["type"],
        color=row["colour"],
        direction=row["direction"],
        vehicle=row["vehicle"],
        paint=row["paint"],
        crop_sha256=row["crop_sha256"],
        row=row["id"],
        chance=chance,
        near_match=near_match,
    )


def _is_asked(one: PlateRead, asked: PlateSearch) -> bool:
    vehicles, paints = frozenset[str](asked.vehicles), frozenset[str](asked.paints)
    if asked.confusable:
        vehicles = frozenset(like for kind in vehicles for like in kind_may_be(kind))
        paints = frozenset(like for paint in paints for like in paint_may_be(paint))
    return (
        (not asked.types or one.type in asked.types)
        and (not asked.colors or one.color in asked.colors)
        and (not vehicles or one.vehicle in vehicles)
        and (not paints or one.paint in paints)
    )
