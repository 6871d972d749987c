"""`/api/boards` for people: boards, messages, previews, logs, and links for screens."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends

from collector.access import declares
from collector.guard import same_origin
from collector.persons import Persons
from collector.roles import require
from collector.services.boards.desk import (
    READERS,
    WRITERS,
    BoardDesk,
    BoardShown,
    MessageBody,
    Preview,
    Text,
)
from collector.services.boards.record import BoardMessage, LogEntry
from collector.services.boards.screens import BoardId, ScreenDesk, ScreenLink
from wire.grant import PersonToken
from wire.names import Id

LINKERS = frozenset({"supervisor", "administrator"})


def build_router(desk: BoardDesk, screens: ScreenDesk, persons: Persons) -> APIRouter:
    """Nothing personal is in any of it: what boards show, everybody reads."""
    router = APIRouter(prefix="/api/boards", tags=["boards"])
    changing = [declares(), Depends(same_origin)]
    asked = Depends(persons.required)

    @router.get("", dependencies=[declares(scope="assets:read")])
    async def boards(person: PersonToken = asked) -> list[BoardShown]:
        """Every board: where it is, what was told to it, what it shows."""
        require(person, READERS, "seeing boards")
        return await asyncio.to_thread(desk.listed)

    @router.get("/messages", dependencies=[declares()])
    async def messages(person: PersonToken = asked) -> tuple[BoardMessage, ...]:
        """The newest messages, whatever became of them."""
        require(person, READERS, "seeing messages of boards")
        return await asyncio.to_thread(desk.messages)

    @router.post("/preview", dependencies=changing)
    async def preview(body: Text, person: PersonToken = asked) -> list[Preview]:
        """How each board would show it; nothing is told to any."""
        require(person, WRITERS, "writing to boards")
        return await asyncio.to_thread(desk.preview, body)

    @router.post("/messages", status_code=201, dependencies=changing)
    async def ask(body: MessageBody, person: PersonToken = asked) -> BoardMessage:
        """Write a message; where a board wants it, another person approves it first."""
        require(person, WRITERS, "writing to boards")
        return await asyncio.to_thread(desk.ask, body, person)

    @router.post("/messages/{message_id}/approval", dependencies=changing)
    async def approve(message_id: Id, person: PersonToken = asked) -> BoardMessage:
        """A second person approves it."""
        require(person, WRITERS, "approving messages of boards")
        return await asyncio.to_thread(desk.decide, message_id, person, yes=True)

    @router.post("/messages/{message_id}/refusal", dependencies=changing)
    async def refuse(message_id: Id, person: PersonToken = asked) -> BoardMessage:
        """It is never shown."""
        require(person, WRITERS, "refusing messages of boards")
        return await asyncio.to_thread(desk.decide, message_id, person, yes=False)

    @router.post("/messages/{message_id}/end", dependencies=changing)
    async def end(message_id: Id, person: PersonToken = asked) -> BoardMessage:
        """It goes now, an incident's too."""
        require(person, WRITERS, "ending messages of boards")
        return await asyncio.to_thread(desk.end, message_id, person)

    @router.get("/{board_id}/log", dependencies=[declares()])
    async def log(board_id: BoardId, person: PersonToken = asked) -> tuple[LogEntry, ...]:
        """What was told, what was read back, and what went wrong, newest first."""
        require(person, READERS, "seeing a board's log")
        return await asyncio.to_thread(desk.log, board_id)

    @router.post("/{board_id}/screen", status_code=201, dependencies=changing)
    async def link(board_id: BoardId, person: PersonToken = asked) -> ScreenLink:
        """A new link for the screen of a web board; the one before opens nothing any more."""
        require(person, LINKERS, "linking a screen")
        return await asyncio.to_thread(screens.link, board_id, person)

    return router
