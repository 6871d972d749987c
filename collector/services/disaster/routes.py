"""The disaster service over HTTP: CAP of rooms, alerts typed in, the list, and the wall."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from collector.access import declares
from collector.cap.read import MAX_BYTES
from collector.channels.signature import HEADER
from collector.guard import same_origin
from collector.persons import Persons
from collector.problems import ProblemError
from collector.roles import require
from collector.services.case import Body
from collector.services.cases import APPROVERS, ASKERS, CaseDesk
from collector.services.disaster.case import Alerts, Terms
from collector.services.disaster.desk import DisasterDesk
from collector.services.disaster.record import Disaster, Message, Wall
from collector.services.disaster.told import Long, Shapes, Title, Told
from collector.services.disaster.wall import TILES, page_of
from collector.store import disasters
from collector.store.database import Database
from wire.clock import Clock
from wire.event import Severity
from wire.grant import PersonToken
from wire.names import Id, Moment, Name, new_id

CAP = "application/cap+xml"
LONGER = {"/api/services/cap/": MAX_BYTES}
"""Paths whose bodies may be as long as a CAP document."""
MOST_LISTED = 200
T = TypeVar("T")


class AlertBody(Body):
    """What people know of a disaster."""

    event: Title = Field(min_length=1, description="What happens.")
    headline: Long = ""
    severity: Severity = "severe"
    area: Title = Field("", description="What people call the place.")
    shapes: Shapes
    expires_at: Moment | None = Field(None, description="Left out: until somebody closes it.")


class DisasterBody(AlertBody):
    """An alert that an operator enters."""

    agency: Name = Field(description="Whose officers see the cameras.")
    case: str = Field(max_length=80, description="Their number of it.")
    purpose: str = Field(max_length=100)
    basis: str = Field("", max_length=120, description="Legal basis.")
    drill: bool = False
    minutes_back: float = Field(10.0, ge=0, le=720)
    hours: float = Field(24.0, gt=0, le=72)


class Console:
    """What people do and see of alerts."""

    def __init__(
        self,
        database: Database,
        desk: DisasterDesk,
        alerts: Alerts,
        cases: CaseDesk,
        clock: Clock,
    ) -> None:
        self._database = database
        self._desk = desk
        self._alerts = alerts
        self._cases = cases
        self._clock = clock

    async def enter(self, body: DisasterBody, person: PersonToken) -> Disaster:
        """An alert by a person of the centre; raises ProblemError."""
        require(person, APPROVERS, "entering an alert")
        agency = self._cases.agency_of(person, body.agency)
        await self._cases.refuse_without_basis(
            person, "disaster", case=body.case, purpose=body.purpose, basis=body.basis
        )
        now = self._clock.now()
        told = _told(body, self._desk.drawn(body.shapes))
        self._refuse_over(body.expires_at, now)
        scene = await asyncio.to_thread(self._desk.scene, told)
        one = Disaster(
            disaster_id=new_id(),
            agency=agency,
            state="active",
            drill=body.drill,
            sent=now,
            expires_at=body.expires_at,
            told=told,
            opened_at=now,
            updated_at=now,
        )
        terms = Terms(
            person.person, body.case, body.purpose, body.basis, body.minutes_back, body.hours
        )
        made = await self._write(lambda run: self._alerts.opened(run, one, terms, scene))
        self._desk.changed(made)
        return made

    async def change(self, disaster_id: str, body: AlertBody, person: PersonToken) -> Disaster:
        """What is known by now of an alert that was entered here; raises ProblemError."""
        require(person, APPROVERS, "changing an alert")
        now = self._clock.now()
        self._refuse_over(body.expires_at, now)
        told = _told(body, self._desk.drawn(body.shapes))
        scene = await asyncio.to_thread(self._desk.scene, told)

        def write(run: sqlite3.Connection) -> Disaster:
            one = disasters.find(run, disaster_id)
            if one is None or one.told is None:
                raise ProblemError("case.unknown")
            if one.room is not None:
                raise ProblemError("case.state", f"it is {one.room}'s: its own Updates count")
            if one.state != "active":
                raise ProblemError("case.state", f"the alert is {one.state}; enter a new one")
            update = {"told": told, "sent": now, "updated_at": now, "expires_at": body.expires_at}
            return self._alerts.moved(run, one.model_copy(update=update), scene)

        made = await self._write(write)
        self._desk.changed(made)
        return made

    async def listed(self, person: PersonToken, *, all_states: bool) -> list[Disaster]:
        """Newest first: an officer's are his agency's that go on. Without what was drawn."""
        require(person, ASKERS, "seeing alerts")
        everybody = bool(APPROVERS & set(person.roles))
        found = await self._write(
            lambda run: disasters.newest(
                run,
                MOST_LISTED,
                agency=None if everybody else person.agency,
                active_only=not (everybody and all_states),
            )
        )
        return [one.model_copy(update={"told": one.told and _undrawn(one.told)}) for one in found]

    async def find(self, disaster_id: str, person: PersonToken) -> Disaster:
        """One that `person` may see; raises ProblemError."""
        require(person, ASKERS, "seeing alerts")
        one = await self._write(lambda run: disasters.find(run, disaster_id))
        hidden = not APPROVERS & set(person.roles) and (
            one is not None and (one.agency != person.agency or one.state != "active")
        )
        if one is None or one.told is None or hidden:
            raise ProblemError("case.unknown")
        return one

    async def wall(self, disaster_id: str, person: PersonToken, page: int, tiles: int) -> Wall:
        """A page of its cameras; raises ProblemError."""
        one = await self.find(disaster_id, person)
        assert one.case_id is not None, "what was told has a case"
        case = await self._cases.find(person, one.case_id)
        return page_of(case, page, tiles)

    async def messages(self, person: PersonToken, *, refused_only: bool) -> list[Message]:
        """What rooms sent; raises ProblemError."""
        require(person, APPROVERS, "seeing what rooms sent")
        return await self._write(
            lambda run: disasters.messages(run, MOST_LISTED, refused_only=refused_only)
        )

    async def document(self, number: int, person: PersonToken) -> bytes:
        """One of them as it came; raises ProblemError."""
        require(person, APPROVERS, "seeing what rooms sent")
        found = await self._write(lambda run: disasters.document(run, number))
        if found is None:
            raise ProblemError("case.unknown", "there is no such message")
        return found

    def _refuse_over(self, expires_at: datetime | None, now: datetime) -> None:
        if expires_at is not None and expires_at <= now:
            raise ProblemError("request.invalid", "expires_at: lies in the past", status=422)

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def run() -> T:
            with self._database.transaction() as connection:
                return work(connection)

        return await asyncio.to_thread(run)


def build_router(desk: DisasterDesk, console: Console, persons: Persons) -> APIRouter:
    """`/api/services/cap/{room}` for machines, `/api/services/disasters` for people."""
    router = APIRouter(prefix="/api/services", tags=["services"])
    changing = [Depends(same_origin)]
    shape: dict[str, Any] = {
        "requestBody": {
            "content": {CAP: {"schema": {"type": "string", "maxLength": MAX_BYTES}}},
            "required": True,
        }
    }

    @router.post(
        "/cap/{room}",
        openapi_extra=shape,
        responses={200: {"content": {CAP: {}}, "description": "Our Ack"}},
        dependencies=[declares(scope="cap:write")],
    )
    async def cap(room: Annotated[Name, Path()], request: Request) -> Response:
        """A CAP 1.2 message, signed by the room's secret; answered by an Ack or Error of CAP.

        An API token of the room's agency with the scope cap:write stands for the signature.
        """
        body = await request.body()
        program = getattr(request.state, "program", None)
        signature = request.headers.get(HEADER)
        answered = await asyncio.to_thread(desk.take, room, body, signature, program)
        return Response(answered.document, answered.status, media_type=CAP)

    @router.post("/disasters", status_code=201, dependencies=[declares(), *changing])
    async def enter(
        body: DisasterBody, person: PersonToken = Depends(persons.required)
    ) -> Disaster:
        """An operator enters an alert: its area's cameras become a case of the agency."""
        return await console.enter(body, person)

    @router.get("/disasters", dependencies=[declares("disasters", scope="cases:read")])
    async def list_disasters(
        all_states: bool = Query(False, alias="all", description="Those that are over too."),
        person: PersonToken = Depends(persons.required),
    ) -> list[Disaster]:
        """Alerts, newest first; an officer sees those of his own agency that go on.

        Without what was drawn of their areas, which may be long: one alert tells its own.
        """
        return await console.listed(person, all_states=all_states)

    @router.get(
        "/disasters/{disaster_id}",
        dependencies=[declares("disasters", record="disaster_id", scope="cases:read")],
    )
    async def one_disaster(
        disaster_id: Id, person: PersonToken = Depends(persons.required)
    ) -> Disaster:
        """One alert."""
        return await console.find(disaster_id, person)

    @router.post("/disasters/{disaster_id}/update", dependencies=[declares(), *changing])
    async def update(
        disaster_id: Id, body: AlertBody, person: PersonToken = Depends(persons.required)
    ) -> Disaster:
        """What is known by now of an alert that was entered here, whole."""
        return await console.change(disaster_id, body, person)

    @router.get(
        "/disasters/{disaster_id}/wall",
        dependencies=[declares("disasters", record="disaster_id", scope="cases:read")],
    )
    async def wall(
        disaster_id: Id,
        page: int = Query(1, ge=1, le=10_000),
        tiles: int = Query(TILES, ge=1, le=TILES),
        person: PersonToken = Depends(persons.required),
    ) -> Wall:
        """A page of the area's cameras; each is seen under its case's permit."""
        return await console.wall(disaster_id, person, page, tiles)

    @router.get("/disaster-messages", dependencies=[declares("disasters")])
    async def messages(
        refused: bool = Query(False, description="Refused ones alone."),
        person: PersonToken = Depends(persons.required),
    ) -> list[Message]:
        """What disaster rooms sent and what became of it, newest first."""
        return await console.messages(person, refused_only=refused)

    @router.get(
        "/disaster-messages/{number}",
        responses={200: {"content": {"text/plain": {}}, "description": "As it came"}},
        dependencies=[declares("disasters", record="number")],
    )
    async def document(
        number: Annotated[int, Path(ge=1, le=2**53)],
        person: PersonToken = Depends(persons.required),
    ) -> Response:
        """One of them as it came; of long ones the first 64 KB."""
        found = await console.document(number, person)
        # As text, whatever it is: nobody's browser shall run it.
        return Response(found.decode("utf-8", "replace"), media_type="text/plain")

    return router


def _undrawn(told: Told) -> Told:
    """A border may have thousands of corners; who wants them asks for the one alert."""
    shapes = told.shapes.model_copy(update={"polygons": (), "circles": ()})
    return told.model_copy(update={"shapes": shapes})


def _told(body: AlertBody, shapes: Shapes) -> Told:
    return Told(
        event=body.event,
        headline=body.headline,
        area=body.area,
        severity=body.severity,
        certainty="observed",
        shapes=shapes,
    )
