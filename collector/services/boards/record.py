"""Messages for boards, and what is known of each board."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from collector.routing import Hours
from wire.names import Id, Moment, Name, WireModel

MessageState = Literal["waiting", "approved", "refused", "ended", "unfit"]
BoardStatus = Literal["unknown", "idle", "shows", "telling", "differs", "refused", "silent"]
Entry = Literal[
    "told", "shown", "changed", "differs", "refused", "silent", "answers", "restored", "left",
    "unfit", "misfit",
]  # fmt: skip


class BoardMessage(WireModel):
    """One message; it stands where nothing of a higher priority does."""

    message_id: Id
    boards: tuple[Name, ...]
    multi: str
    priority: int
    from_at: Moment
    until_at: Moment
    hours: tuple[Hours, ...] = ()
    state: MessageState
    made_by: str | None = Field(None, description="Absent: a template, of an incident.")
    made_at: Moment
    decided_by: str | None = None
    decided_at: Moment | None = None
    ended_by: str | None = None
    ended_at: Moment | None = None
    incident_id: Id | None = None
    template: str | None = None
    why: str | None = None


class Standing(WireModel):
    """What a board shows: its text as MULTI, and how the board itself finds it again."""

    multi: str = ""
    source: str = Field("", description="Its driver's; empty where a board keeps nothing.")
    until_at: Moment | None = Field(None, description="When it would have ended by itself.")


class BoardState(WireModel):
    """What was told to a board and what it showed last."""

    board_id: Name
    status: BoardStatus = "unknown"
    told: Id | None = None
    told_multi: str = ""
    confirmed: bool = Field(False, description="Whether it has shown what was told.")
    before: Standing | None = Field(None, description="What stood before anything of ours.")
    shown: str | None = None
    shown_at: Moment | None = None
    since: Moment | None = None
    why: str | None = None
    misfit: str | None = Field(None, description="How it differs from what its file says.")


class LogEntry(WireModel):
    """One line of a board's log."""

    number: int
    board_id: Name
    at: Moment
    what: Entry
    message_id: Id | None = None
    shown: str | None = None
    detail: str | None = None
