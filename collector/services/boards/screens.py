"""Screens of web boards: a link opens the page, which hears orders and says what it shows."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import Field
from sse_starlette import EventSourceResponse, ServerSentEvent

from collector import ledger
from collector.access import declares
from collector.changes import Changes
from collector.guard import same_origin
from collector.problems import ProblemError
from collector.services.boards.drivers.web import Screens
from collector.services.boards.registry import Board, Boards
from collector.services.case import Body
from collector.store import boards as rows
from collector.store.database import Database
from wire.clock import Clock
from wire.grant import PersonToken
from wire.names import Name, WireModel

YEAR_S = 31_536_000
BEAT_S = 10.0
MOST_STREAMS = 3
"""Of one board: a screen that is started anew may not have lost its old one yet."""
PATH = "/api/board-screens"
BoardId = Annotated[Name, Path()]


class ScreenLink(WireModel):
    """What a screen opens; the token stands behind the # and goes into no log."""

    board: Name
    path: str


class Opening(Body):
    """The token of a link."""

    token: str = Field(max_length=100)


class Showing(Body):
    """What a page shows, and for how long still."""

    multi: str = Field(max_length=8000)
    left_s: float | None = Field(None, ge=0, le=40_000_000)


class ScreenDesk:
    """Who is a board's screen."""

    def __init__(
        self,
        boards: Boards,
        database: Database,
        screens: Screens,
        changes: Changes,
        clock: Clock,
        *,
        secure: bool,
    ) -> None:
        self._boards = boards
        self._database = database
        self._screens = screens
        self._changes = changes
        self._clock = clock
        self._secure = secure
        self._streams: dict[str, int] = {}

    def link(self, board_id: str, person: PersonToken) -> ScreenLink:
        """A new one; raises ProblemError."""
        board = self._board(board_id)
        token, now = secrets.token_urlsafe(32), self._clock.now()
        with self._database.transaction() as run:
            rows.save_screen(run, board.id, _digest(token), now, person.person)
            ledger.append(run, now, "board.screen", {"board": board.id, "person": person.person})
        return ScreenLink(board=board.id, path=f"/board/{board.id}#{token}")

    def open(self, board_id: str, token: str, response: Response) -> None:
        """The page that brings the token is the screen; raises ProblemError."""
        self._check(board_id, token)
        response.set_cookie(
            _cookie(board_id),
            token,
            max_age=YEAR_S,
            path=f"{PATH}/{board_id}",
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )

    def check(self, board_id: str, request: Request) -> Board:
        """Raises ProblemError unless the request comes from the board's screen."""
        return self._check(board_id, request.cookies.get(_cookie(board_id), ""))

    def room_for_a_stream(self, board: Board) -> None:
        """Raises ProblemError when its page is open too often."""
        if self._streams.get(board.id, 0) >= MOST_STREAMS:
            raise ProblemError("command.busy", "this board's page is open too often")

    def hear(self, board: Board, showing: Showing) -> None:
        """It says what it shows."""
        left = None if showing.left_s is None else timedelta(seconds=showing.left_s)
        self._screens.hear(board.id, showing.multi, left)

    async def orders(self, board: Board, request: Request) -> AsyncIterator[ServerSentEvent]:
        """What it shall show, as it changes; ends when another link was made."""
        self._streams[board.id] = self._streams.get(board.id, 0) + 1
        try:
            async with self._changes.watch() as queue:
                last = 0
                while True:
                    order = self._screens.order(board)
                    if order is not None and order.number != last:
                        last = order.number
                        yield ServerSentEvent(data=order.model_dump_json(), event="order")
                    try:
                        async with asyncio.timeout(BEAT_S):
                            while (change := await queue.get()).kind != "reload":
                                if (change.kind, change.key) == ("screen", board.id):
                                    break
                    except TimeoutError:
                        yield ServerSentEvent(data="", event="beat")
                        await asyncio.to_thread(self.check, board.id, request)
        except ProblemError:
            return
        finally:
            self._streams[board.id] -= 1

    def _check(self, board_id: str, token: str) -> Board:
        board = self._board(board_id)
        with self._database.reading() as run:
            held = rows.screen(run, board.id)
        if held is None or not hmac.compare_digest(held, _digest(token)):
            raise ProblemError("auth.refused", "this link opens nothing; ask for a new one")
        return board

    def _board(self, board_id: str) -> Board:
        found = self._boards.find(board_id)
        if found is None or found.driver != "web":
            raise ProblemError("board.unknown", f"there is no web board {board_id}")
        return found


def build_screens(desk: ScreenDesk) -> APIRouter:
    """What a board's page asks, by its own cookie."""
    router = APIRouter(prefix=f"{PATH}/{{board_id}}", tags=["boards"], dependencies=[declares()])

    @router.post("/opening", status_code=204, dependencies=[Depends(same_origin)])
    async def opening(board_id: BoardId, body: Opening) -> Response:
        """The link's token becomes the screen's cookie."""
        answer = Response(status_code=204)
        await asyncio.to_thread(desk.open, board_id, body.token, answer)
        return answer

    @router.get("/orders")
    async def orders(board_id: BoardId, request: Request) -> EventSourceResponse:
        """What to show, as server-sent events `order` and `beat`."""
        board = await asyncio.to_thread(desk.check, board_id, request)
        desk.room_for_a_stream(board)
        return EventSourceResponse(desk.orders(board, request), ping=15)

    @router.post("/showing", status_code=204, dependencies=[Depends(same_origin)])
    async def showing(board_id: BoardId, body: Showing, request: Request) -> Response:
        """The page says what it shows now."""
        board = await asyncio.to_thread(desk.check, board_id, request)
        desk.hear(board, body)
        return Response(status_code=204)

    return router


def _cookie(board_id: str) -> str:
    return f"pw_board_{board_id}"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
