"""`/api/work-orders`: work on assets, from its order to its end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from collector.access import declares
from collector.guard import same_origin
from collector.roles import require
from collector.services.case import Body
from collector.services.estate import shown, work_desk
from collector.services.estate.api import READERS, AssetId
from collector.services.estate.photo import read_photo
from collector.services.estate.work_desk import AssignBody, NoteBody, OrderBody
from collector.store import work_orders
from collector.store.database import Database
from collector.store.reader import Reader
from wire.clock import Clock
from wire.grant import PersonToken

Number = Annotated[int, Path(ge=1, le=2**53)]


class DoneBody(Body):
    """What was done, where there is more to say of it."""

    note: work_desk.Words | None = None


def build_router(
    database: Database, reader: Reader, signed_in: Callable[[Request], PersonToken], clock: Clock
) -> APIRouter:
    """Who may do what stands in work_desk; `signed_in`: who asks, or ProblemError."""
    router = APIRouter(prefix="/api/work-orders", tags=["assets"], dependencies=[declares()])
    changing = [Depends(same_origin)]
    whoever = Depends(signed_in)

    def act(work: Callable[[sqlite3.Connection], object]) -> None:
        with database.transaction() as run:
            work(run)

    @router.get("")
    def not_closed(person: PersonToken = whoever) -> list[dict[str, Any]]:
        """All that are open or wait for the state, the oldest first."""
        require(person, READERS, "seeing work orders")
        return [shown.order(one) for one in reader.look(work_orders.not_closed)]

    @router.post("/of/{asset_id}", status_code=201, dependencies=changing)
    def order(asset_id: AssetId, body: OrderBody, person: PersonToken = whoever) -> dict[str, int]:
        """Ask for work on an asset, or announce planned maintenance."""
        with database.transaction() as run:
            number = work_desk.open_by_hand(run, asset_id, body, person, clock.now())
        return {"number": number}

    @router.post("/{number}/assignment", status_code=204, dependencies=changing)
    def assign(number: Number, body: AssignBody, person: PersonToken = whoever) -> Response:
        """Give it to somebody."""
        act(lambda run: work_desk.assign(run, number, body.to, person, clock.now()))
        return Response(status_code=204)

    @router.post("/{number}/note", status_code=204, dependencies=changing)
    def note(number: Number, body: NoteBody, person: PersonToken = whoever) -> Response:
        """Say what was seen or done."""
        act(lambda run: work_desk.note(run, number, body.note, person, clock.now()))
        return Response(status_code=204)

    @router.put("/{number}/photo", status_code=204, dependencies=changing)
    async def photo(number: Number, request: Request, person: PersonToken = whoever) -> Response:
        """Add a picture: JPEG, PNG or WebP."""
        data = await request.body()

        def work() -> None:
            picture = read_photo(data)
            act(lambda run: work_desk.photo(run, number, picture, person, clock.now()))

        await run_in_threadpool(work)
        return Response(status_code=204)

    @router.post("/{number}/done", status_code=204, dependencies=changing)
    def done(number: Number, body: DoneBody, person: PersonToken = whoever) -> Response:
        """Say that it is done; of a fault the state must bear it out."""
        act(lambda run: work_desk.done(run, number, body.note, person, clock.now()))
        return Response(status_code=204)

    return router
