"""Who read what of whom: for the privacy officer, with filters. Looking at it is a read too."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from collector.access import Reads, declares
from collector.persons import Persons
from collector.roles import require
from collector.store.reader import Reader
from collector.store.reads import ReadEntry, ReadFilter, entries
from collector.whep import moment_of

PRIVACY = frozenset({"privacy", "administrator"})
MOST = 200


class ReadPage(BaseModel):
    """The newest first; `before` asks for the ones after."""

    reads: list[ReadEntry]
    before: int | None


def build_router(reader: Reader, persons: Persons) -> APIRouter:
    """`/api/reads`."""
    router = APIRouter(prefix="/api/reads", tags=["records"])

    def reach(request: Request) -> str | None:
        """Whose reads are shown: all to people, to an agency's program its own."""
        person = persons.required(request)
        if getattr(request.state, "program", None) is None:
            require(person, PRIVACY)
            return None
        return None if "operator" in person.roles else person.agency

    @router.get("", dependencies=[declares("reads", scope="ledger:read")])
    async def reads(
        person: Annotated[str | None, Query(max_length=80)] = None,
        what: Reads | None = None,
        record: Annotated[str | None, Query(max_length=100)] = None,
        case: Annotated[str | None, Query(max_length=80)] = None,
        since: Annotated[str | None, Query(alias="from", description="RFC 3339")] = None,
        until: Annotated[str | None, Query(alias="to", description="RFC 3339")] = None,
        before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
        agency: str | None = Depends(reach),
    ) -> ReadPage:
        """Reads of personal data, the newest first."""
        wanted = ReadFilter(
            agency=agency,
            person=person,
            what=what,
            record=record,
            case=case,
            since=None if since is None else moment_of("from", since),
            until=None if until is None else moment_of("to", until),
        )

        def look(run: sqlite3.Connection) -> ReadPage:
            found: list[ReadEntry] = []
            for one in entries(run, wanted, before=before):
                if len(found) == limit:
                    return ReadPage(reads=found, before=found[-1].number)
                found.append(one)
            return ReadPage(reads=found, before=None)

        return await asyncio.to_thread(reader.look, look)

    return router
