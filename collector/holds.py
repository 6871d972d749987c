"""Holds for cases: who asks a pole to keep a recording, and who lets it go."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import TypeVar

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from collector import ledger
from collector.access import declares
from collector.commander import Commander, CommandError
from collector.guard import same_origin
from collector.persons import Persons
from collector.problems import ProblemError
from collector.roles import require
from collector.store import holds, orders
from collector.store.database import Database
from collector.store.holds import HeldRecording
from wire.clock import Clock
from wire.command import HoldPlace, HoldRelease
from wire.grant import PersonToken
from wire.hold import CaseHold, CaseRelease
from wire.names import Id, Moment, Name, new_id

HOLDERS = frozenset({"officer", "supervisor"})
UNSURE = frozenset({"device.silent", "broker.unreachable", "internal"})
"""The pole may have placed it and its answer was lost: the hold can be released all the same."""
MOST_LISTED = 500

T = TypeVar("T")


class HoldBody(BaseModel):
    """What is to be kept, and for which case."""

    model_config = ConfigDict(extra="forbid")

    device: Name
    camera: Name
    start_at: Moment
    end_at: Moment
    case: str = Field(min_length=1, max_length=80)
    reason: str = Field(min_length=1, max_length=200)


class ReleaseBody(BaseModel):
    """Why it is needed no more."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=200)


class Holds:
    """Asks poles, remembers what was asked, and enters it in the ledger."""

    def __init__(
        self,
        database: Database,
        commander: Commander,
        clock: Clock,
        wake_orders: Callable[[], None],
    ) -> None:
        self._database = database
        self._commander = commander
        self._clock = clock
        self._wake_orders = wake_orders

    async def place(self, body: HoldBody, person: PersonToken) -> HeldRecording:
        """Have the pole keep it; raises ProblemError with the pole's own refusal."""
        require(person, HOLDERS, "holding a recording")
        if body.end_at <= body.start_at:
            raise ProblemError("request.invalid", "end_at lies before start_at")
        hold = CaseHold(
            hold_id=new_id(),
            camera=body.camera,
            start_at=body.start_at,
            end_at=body.end_at,
            case=body.case,
            agency=person.agency,
            person=person.person,
        )
        await self._write(lambda run: self._asked(run, body, hold))
        try:
            reply = await self._commander.ask(body.device, HoldPlace(hold=hold))
        except CommandError as error:
            if error.code not in UNSURE:
                await self._write(lambda run: holds.answered(run, hold.hold_id, "refused"))
            raise ProblemError(error.code, error.detail) from error
        size = reply.held_bytes
        await self._write(lambda run: holds.answered(run, hold.hold_id, "placed", size))
        return await self._write(lambda run: _known(run, hold.hold_id))

    async def release(self, hold_id: str, reason: str, person: PersonToken) -> None:
        """Let it go, now or as soon as the pole is there; raises ProblemError."""
        require(person, HOLDERS, "holding a recording")
        await self._write(lambda run: self._released(run, hold_id, reason, person))
        self._wake_orders()

    async def list(self, person: PersonToken, *, all_states: bool) -> list[HeldRecording]:
        """Those that hold, newest first."""
        require(person, HOLDERS, "holding a recording")
        return await self._write(lambda run: holds.newest(run, MOST_LISTED, all_states=all_states))

    def _asked(self, run: sqlite3.Connection, body: HoldBody, hold: CaseHold) -> None:
        now = self._clock.now()
        holds.asked(run, body.device, hold, body.reason, now)
        fields = {"device": body.device, "reason": body.reason, **hold.model_dump(mode="json")}
        ledger.append(run, now, "hold.asked", fields)

    def _released(
        self, run: sqlite3.Connection, hold_id: str, reason: str, person: PersonToken
    ) -> None:
        known = _known(run, hold_id)
        if known.agency != person.agency and "supervisor" not in person.roles:
            raise ProblemError("auth.forbidden", f"only {known.agency} or a supervisor releases it")
        if known.state in ("released", "refused"):
            raise ProblemError("ring.no-hold", f"the hold is {known.state}", status=409)
        now = self._clock.now()
        holds.released(run, hold_id, person.person, reason, now)
        release = CaseRelease(
            hold_id=hold_id,
            camera=known.camera,
            case=known.case_number,
            agency=person.agency,
            person=person.person,
        )
        orders.add(run, known.device, HoldRelease(release=release), now)
        fields = {"device": known.device, "reason": reason, **release.model_dump(mode="json")}
        ledger.append(run, now, "hold.released", fields)

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def run() -> T:
            with self._database.transaction() as connection:
                return work(connection)

        return await asyncio.to_thread(run)


def _known(run: sqlite3.Connection, hold_id: str) -> HeldRecording:
    found = holds.find(run, hold_id)
    if found is None:
        raise ProblemError("ring.no-hold", status=404)
    return found


def build_router(desk: Holds, persons: Persons) -> APIRouter:
    """`/api/holds`."""
    router = APIRouter(prefix="/api/holds", tags=["holds"])

    @router.get("", dependencies=[declares("holds")])
    async def list_holds(
        all_states: bool = Query(False, alias="all", description="Refused and released ones too."),
        person: PersonToken = Depends(persons.required),
    ) -> list[HeldRecording]:
        """Recordings that poles keep for cases, newest first."""
        return await desk.list(person, all_states=all_states)

    @router.post("", status_code=201, dependencies=[declares(), Depends(same_origin)])
    async def place(
        body: HoldBody, person: PersonToken = Depends(persons.required)
    ) -> HeldRecording:
        """Keep a recording until it is released."""
        return await desk.place(body, person)

    @router.post(
        "/{hold_id}/release", status_code=204, dependencies=[declares(), Depends(same_origin)]
    )
    async def release(
        hold_id: Id, body: ReleaseBody, person: PersonToken = Depends(persons.required)
    ) -> Response:
        """Let it go."""
        await desk.release(hold_id, body.reason, person)
        return Response(status_code=204)

    return router
