"""`/api/plates/lists`: lists as JSON, for pages and for the machines of their owners."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from collector.access import declares
from collector.guard import same_origin
from collector.persons import Persons
from collector.problems import ProblemError
from collector.roles import require
from collector.said import korean
from collector.services.case import Body
from collector.services.vehicle_lists.desk import ListDesk, Taken, Terms
from collector.services.vehicle_lists.shown import ListShown, shown
from collector.services.vehicle_lists.table import REPORT, BadRow, ListError, Table, read_table
from collector.store.database import Database
from wire.clock import Clock
from wire.grant import PersonToken
from wire.names import Name, WireModel
from wire.sheet import SheetError, lines
from wire.sheet_out import csv_bytes

KEEPERS = frozenset({"supervisor"})
READERS = KEEPERS | {"operator", "privacy"}
MOST = 3_000
"""Entries in one JSON body; a longer list is sent as a file."""
MOST_BYTES = 20 * 1024 * 1024
LONGER: Final = {"/api/plates/lists": MOST_BYTES}


class EntryBody(Body):
    """A plate, as its owner writes it."""

    plate: str = Field(max_length=40)
    note: str = Field("", max_length=120)


class ListBody(Body):
    """A whole list: what is not in it is no longer on it."""

    terms: Terms
    entries: tuple[EntryBody, ...] = Field((), max_length=MOST)
    accept_bad: bool = Field(False, description="Take the good entries when some are bad.")


class FileTerms(Terms):
    """Terms of a list that is sent as a file."""

    accept_bad: bool = Field(False, description="Take the good rows when some are bad.")
    confirm_each: bool = Field(
        False, description="A person confirms each read, whatever `at_once_from` says."
    )

    @property
    def terms(self) -> Terms:
        told = self.model_dump(exclude={"accept_bad", "confirm_each"})
        return Terms(**{**told, **({"at_once_from": None} if self.confirm_each else {})})


class BadRowShown(BadRow):
    """A row that is not taken, in the reader's language."""

    reason_ko: str


class Checked(WireModel):
    """What a file holds; nothing of it is taken yet."""

    entries: int
    repeated: int
    bad_rows: int
    bad: tuple[BadRowShown, ...]


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

    def table_of(data: bytes) -> Table:
        try:
            return read_table(lines("table", data))
        except (ListError, SheetError) as error:
            raise ProblemError("request.invalid", str(error)) from error

    def put_table(list_id: str, asked: FileTerms, data: bytes, person: PersonToken) -> Taken:
        terms, table = asked.terms, table_of(data)
        with database.transaction() as run:
            return desk.put(
                run, list_id, terms, table, person.person, clock.now(),
                accept_bad=asked.accept_bad,
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

    @router.post("/check", dependencies=changing)
    async def check(request: Request, person: PersonToken = Depends(persons.required)) -> Checked:
        """What a CSV or XLSX file holds, with every bad row; nothing is taken."""
        require(person, KEEPERS, "keeping lists of vehicles")
        return checked(await asyncio.to_thread(table_of, await request.body()))

    @router.post("/check/report", dependencies=changing)
    async def report(request: Request, person: PersonToken = Depends(persons.required)) -> Response:
        """Every bad row of a CSV or XLSX file as CSV, by its number and without what it says."""
        require(person, KEEPERS, "keeping lists of vehicles")
        table = await asyncio.to_thread(table_of, await request.body())
        return Response(
            await asyncio.to_thread(csv_bytes, REPORT, table.report()),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": "attachment; filename=bad-rows.csv"},
        )

    @router.put("/{list_id}/table", dependencies=changing)
    async def put_file(
        list_id: Name,
        request: Request,
        asked: Annotated[FileTerms, Query()],
        person: PersonToken = Depends(persons.required),
    ) -> Taken:
        """Have a list say exactly what a CSV or XLSX file says; the terms stand in the query."""
        require(person, KEEPERS, "keeping lists of vehicles")
        data = await request.body()
        taken = await asyncio.to_thread(put_table, list_id, asked, data, person)
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


def checked(table: Table) -> Checked:
    """A table as people are shown it before it is taken."""
    return Checked(
        entries=len(table.entries),
        repeated=table.repeated,
        bad_rows=len(table.bad),
        bad=tuple(
            BadRowShown(row=one.row, reason=one.reason, reason_ko=korean(one.reason) or one.reason)
            for one in table.first_bad()
        ),
    )
