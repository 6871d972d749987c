"""`/api/plates/lists`: lists as JSON, for pages and for the machines of their owners."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from collector.access import declares
from collector.guard import same_origin
from collector.persons import Persons
from collector.roles import require
from collector.services.case import Body
from collector.services.vehicle_lists.desk import ListDesk, Taken, Terms
from collector.services.vehicle_lists.shown import ListShown, shown
from collector.services.vehicle_lists.table import read_table
from collector.store.database import Database
from wire.clock import Clock
from wire.grant import PersonToken
from wire.names import Name

KEEPERS = frozenset({"supervisor"})
READERS = KEEPERS | {"operator", "privacy"}
MOST = 3_000
"""Entries in one body; a longer list is taken from a file by `polewatch collector list put`."""


class EntryBody(Body):
    """A plate, as its owner writes it."""

    plate: str = Field(max_length=40)
    note: str = Field("", max_length=120)


class ListBody(Body):
    """A whole list: what is not in it is no longer on it."""

    terms: Terms
    entries: tuple[EntryBody, ...] = Field((), max_length=MOST)
    accept_bad: bool = Field(False, description="Take the good entries when some are bad.")


def build_router(
    desk: ListDesk,
    database: Database,
    persons: Persons,
    clock: Clock,
    wake: Callable[[], None],
) -> APIRouter:
    """`wake`: the poles are to be led on."""
    router = APIRouter(prefix="/api/plates/lists", tags=["plates"], dependencies=[declares()])
    changing = [Depends(same_origin)]

    def read() -> list[ListShown]:
        with database.reading() as run:
            return shown(run)

    def put(list_id: str, body: ListBody, person: PersonToken) -> Taken:
        rows = [(number, [one.plate, one.note]) for number, one in enumerate(body.entries, 1)]
        table = read_table([(0, ["plate", "note"]), *rows])
        with database.transaction() as run:
            return desk.put(
                run, list_id, body.terms, table, person.person, clock.now(),
                accept_bad=body.accept_bad,
            )  # fmt: skip

    def end(list_id: str, person: PersonToken) -> None:
        with database.transaction() as run:
            desk.end(run, list_id, person.person, clock.now())

    @router.get("")
    async def lists(person: PersonToken = Depends(persons.required)) -> list[ListShown]:
        """Lists that count, and those that poles have yet to give up; no entries."""
        require(person, READERS, "seeing lists of vehicles")
        return await asyncio.to_thread(read)

    @router.put("/{list_id}", dependencies=changing)
    async def put_list(
        list_id: Name, body: ListBody, person: PersonToken = Depends(persons.required)
    ) -> Taken:
        """Have a list say exactly this; poles are led there, those that are away as they come."""
        require(person, KEEPERS, "keeping lists of vehicles")
        taken = await asyncio.to_thread(put, list_id, body, person)
        wake()
        return taken

    @router.delete("/{list_id}", status_code=204, dependencies=changing)
    async def end_list(list_id: Name, person: PersonToken = Depends(persons.required)) -> Response:
        """It counts no more; its entries are deleted here at once, and on poles as they come."""
        require(person, KEEPERS, "keeping lists of vehicles")
        await asyncio.to_thread(end, list_id, person)
        wake()
        return Response(status_code=204)

    return router
