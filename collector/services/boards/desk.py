"""What people have boards say: written, approved by somebody else where a board wants it, ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from collector import ledger
from collector.changes import Change, Changes
from collector.problems import ProblemError
from collector.routing import Hours
from collector.services.boards.layout import Layout, lay_out
from collector.services.boards.multi import MultiError, canonical, of_plain, plain
from collector.services.boards.record import BoardMessage, BoardState, BoardStatus, LogEntry
from collector.services.boards.registry import Board, Boards
from collector.services.case import Body
from collector.store import boards as rows
from collector.store.database import Database
from collector.things import Thing, ThingState
from wire.clock import Clock
from wire.grant import PersonToken
from wire.names import Moment, Name, WireModel, new_id

SHORTEST = timedelta(minutes=2)
"""Boards that count in minutes give a message back up to one early."""
LONGEST = timedelta(days=366)
MOST_LISTED = 200
WRITERS = frozenset({"operator", "supervisor"})
READERS = WRITERS | {"administrator"}
_ON_MAP: dict[BoardStatus, ThingState] = {
    "unknown": "unknown", "idle": "up", "shows": "up", "telling": "degraded",
    "differs": "down", "refused": "down", "silent": "down",
}  # fmt: skip


class Text(Body):
    """What is to be shown: as it is typed, or as MULTI."""

    boards: tuple[Name, ...] = Field(
        min_length=1, max_length=500, description="Boards, or groups of them."
    )
    text: str = Field(max_length=4000, description="An empty line begins a page.")
    multi: bool = Field(False, description="Whether `text` is MULTI.")


class MessageBody(Text):
    """A message that somebody writes."""

    priority: int = Field(100, ge=1, le=255, description="The greater goes before the smaller.")
    from_at: Moment | None = Field(None, description="Left out: at once.")
    until_at: Moment = Field(description="It never stands longer.")
    hours: tuple[Hours, ...] = Field((), max_length=20, description="Left out: always.")


class Preview(WireModel):
    """How a board would show it, and what it cannot."""

    board: Name
    multi: str
    layout: Layout


class BoardShown(WireModel):
    """A board, what was told to it, and what it showed last."""

    id: Name
    title: str
    title_en: str | None
    driver: str
    group: Name | None
    place: tuple[float, float] | None
    approval: bool
    state: BoardState
    showing: str | None = Field(description="What people read there; absent when nobody knows.")
    told: str | None = Field(description="What people should read there, by us.")
    layout: Layout | None = Field(description="How what it shows looks.")


class BoardDesk:
    """Safe from any thread."""

    def __init__(
        self,
        boards: Boards,
        database: Database,
        changes: Changes,
        clock: Clock,
        lead_on: Callable[[], None],
    ) -> None:
        self.boards = boards
        self._database = database
        self._changes = changes
        self._clock = clock
        self._lead_on = lead_on

    def preview(self, body: Text) -> list[Preview]:
        """Each board's own; raises ProblemError board.unknown."""
        multi = _multi(body)
        return [
            Preview(board=one.id, multi=multi, layout=lay_out(one, multi))
            for one in self._named(body.boards)
        ]

    def ask(self, body: MessageBody, person: PersonToken) -> BoardMessage:
        """Write a message; raises ProblemError, board.unfit when a board cannot show it."""
        named, now = self._named(body.boards), self._clock.now()
        begins = max(body.from_at or now, now)
        if not begins + SHORTEST <= body.until_at <= now + LONGEST:
            raise ProblemError(
                "request.invalid",
                "until_at: must lie two minutes after the beginning, and within a year",
                status=422,
            )
        multi = _multi(body)
        for one in named:
            problems = lay_out(one, multi).problems
            if problems:
                said = "; ".join(f"{problem.why} {problem.what}".strip() for problem in problems)
                raise ProblemError("board.unfit", f"{one.id}: {said}"[:400])
        waits = any(one.approval for one in named)
        message = BoardMessage(
            message_id=new_id(),
            boards=tuple(one.id for one in named),
            multi=canonical(multi),
            priority=body.priority,
            from_at=begins,
            until_at=body.until_at,
            hours=body.hours,
            state="waiting" if waits else "approved",
            made_by=person.person,
            made_at=now,
        )
        with self._database.transaction() as run:
            rows.add(run, message)
            self._enter(run, "board.asked", message, person)
        self._changed()
        return message

    def decide(self, message_id: str, person: PersonToken, *, yes: bool) -> BoardMessage:
        """A second person approves or refuses it; raises ProblemError."""
        now = self._clock.now()
        with self._database.transaction() as run:
            one = self._find(run, message_id)
            if one.state != "waiting" or one.until_at <= now:
                raise ProblemError("board.state", f"it is {_state(one, now)}")
            if yes and one.made_by == person.person:
                raise ProblemError("auth.forbidden", "another person than its writer approves it")
            done = one.model_copy(
                update={
                    "state": "approved" if yes else "refused",
                    "decided_by": person.person,
                    "decided_at": now,
                }
            )
            rows.save(run, done)
            self._enter(run, "board.approved" if yes else "board.refused", done, person)
        self._changed()
        return done

    def end(self, message_id: str, person: PersonToken) -> BoardMessage:
        """It goes now; raises ProblemError."""
        now = self._clock.now()
        with self._database.transaction() as run:
            one = self._find(run, message_id)
            if one.state not in ("waiting", "approved") or one.until_at <= now:
                raise ProblemError("board.state", f"it is {_state(one, now)}")
            change: dict[str, Any] = {"state": "ended", "ended_by": person.person, "ended_at": now}
            done = one.model_copy(update=change)
            rows.save(run, done)
            self._enter(run, "board.ended", done, person)
        self._changed()
        return done

    def messages(self) -> tuple[BoardMessage, ...]:
        """The newest first, whatever became of them."""
        with self._database.reading() as run:
            return rows.newest(run, MOST_LISTED)

    def listed(self) -> list[BoardShown]:
        """Every board as it is known now."""
        with self._database.reading() as run:
            return [_shown(one, rows.state(run, one.id)) for one in self.boards.boards]

    def things(self, person: PersonToken) -> list[Thing]:
        """Those that have a place, for the map of whoever may see boards."""
        if not READERS & set(person.roles):
            return []
        return [
            Thing(
                kind="board",
                key=one.id,
                title=one.title,
                title_en=one.title_en or "",
                lat=one.place[0],
                lon=one.place[1],
                state=_ON_MAP[one.state.status],
                said=one.showing or "",
                link="/boards",
            )
            for one in self.listed()
            if one.place is not None
        ]

    def log(self, board_id: str) -> tuple[LogEntry, ...]:
        """A board's newest entries; raises ProblemError."""
        self._named((board_id,))
        with self._database.reading() as run:
            return rows.entries(run, board_id, MOST_LISTED)

    def _named(self, names: tuple[str, ...]) -> tuple[Board, ...]:
        for name in names:
            if name not in self.boards.names:
                raise ProblemError("board.unknown", f"there is no board {name}")
        return self.boards.named(*names)

    def _find(self, run: sqlite3.Connection, message_id: str) -> BoardMessage:
        found = rows.find(run, message_id)
        if found is None:
            raise ProblemError("board.unknown", "there is no such message")
        return found

    def _enter(
        self, run: sqlite3.Connection, kind: ledger.Kind, one: BoardMessage, person: PersonToken
    ) -> None:
        fields = {
            "person": person.person,
            "message_id": one.message_id,
            "boards": one.boards,
            "multi": one.multi,
            "priority": one.priority,
            "until_at": one.until_at.isoformat(),
        }
        ledger.append(run, self._clock.now(), kind, fields)

    def _changed(self) -> None:
        self._lead_on()
        self._changes.publish(Change("board", ""))


def _multi(body: Text) -> str:
    """As MULTI; what cannot be read stays as it is, and is among the preview's problems."""
    if not body.multi:
        return of_plain(body.text)
    try:
        return canonical(body.text)
    except MultiError:
        return body.text


def _state(one: BoardMessage, now: datetime) -> str:
    return "over" if one.until_at <= now else one.state


def _shown(board: Board, state: BoardState) -> BoardShown:
    known = state.shown if state.status not in ("silent", "unknown") else None
    return BoardShown(
        id=board.id,
        title=board.title,
        title_en=board.title_en,
        driver=board.driver,
        group=board.group,
        place=None if board.lat is None or board.lon is None else (board.lat, board.lon),
        approval=board.approval,
        state=state,
        showing=None if known is None else plain(known),
        told=plain(state.told_multi) if state.told else None,
        layout=None if known is None else lay_out(board, known),
    )
