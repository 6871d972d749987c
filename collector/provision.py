"""Video for an agency because of an incident: asked for in the form's fields; copies destroyed."""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from collector import destruction
from collector.access import declares
from collector.decisions import DECIDERS
from collector.guard import same_origin
from collector.persons import COOKIE, Persons
from collector.problems import ProblemError
from collector.roles import require
from collector.services.case import Body, Case, Personal, Requester
from collector.services.cases import Asked, CaseDesk
from collector.services.offering import Offering
from collector.services.place import Point
from collector.store.database import Database
from collector.store.reader import Reader
from collector.store.rows import IncidentRow
from wire.clock import Clock
from wire.grant import PersonToken
from wire.names import Id, Name


class ProvisionBody(Body):
    """The request as the ledger of provision wants it."""

    agency: Name = Field(description="Who is to get it.")
    case: str = Field(max_length=80, description="Document number.")
    purpose: str = Field(max_length=120)
    basis: str = Field(max_length=120, description="Legal basis.")
    requester: Requester = Requester()
    hours: float = Field(4.0, gt=0, le=72, description="Period of use.")


class DestructionBody(Body):
    """What becomes of a copy; days as `2026-11-26`."""

    planned: str | None = Field(None, max_length=10)
    on: str | None = Field(None, max_length=10)
    officer: str | None = Field(None, min_length=1, max_length=80)


class Provision:
    """Asks through the case desk, so that approval and permits are those of every service."""

    def __init__(
        self,
        database: Database,
        reader: Reader,
        cases: CaseDesk,
        offering: Offering,
        clock: Clock,
        zone: ZoneInfo,
    ) -> None:
        self._database = database
        self._reader = reader
        self._cases = cases
        self._offering = offering
        self._clock = clock
        self._zone = zone

    async def ask(
        self, incident_id: str, body: ProvisionBody, person: PersonToken, token: str
    ) -> Case:
        """A case for the incident's camera and those around it; raises ProblemError."""
        require(person, DECIDERS)
        agency = self._cases.agency_of(person, body.agency)
        await self._cases.refuse_without_basis(
            person, "emergency-video", case=body.case, purpose=body.purpose, basis=body.basis
        )
        found = await asyncio.to_thread(self._reader.incident, incident_id, 0)
        if found is None:
            raise ProblemError("incident.unknown", "there is no such incident", status=404)
        one = found.incident
        if one.lat is None or one.lon is None:
            raise ProblemError("case.no-camera", f"{one.device}/{one.camera} has no place")
        place = Point(one.lat, one.lon)
        asked = Asked(
            service="emergency-video",
            agency=agency,
            case=body.case,
            purpose=body.purpose,
            basis=body.basis,
            place=place,
            accuracy_m=0.0,
            cameras=self._offering.best(place),
            minutes_back=self._minutes_back(one),
            hours=body.hours,
            personal=Personal(requester=body.requester, address=one.address or ""),
            incident_id=incident_id,
            happened_at=one.opened_at,
        )
        return await self._cases.ask(person, token, asked)

    def destroy(self, number: int, body: DestructionBody, person: PersonToken) -> None:
        """Enter what becomes of a copy; raises ProblemError."""
        require(person, DECIDERS)
        now = self._clock.now()
        try:
            with self._database.transaction() as run:
                destruction.enter(
                    run,
                    now,
                    self._zone,
                    number,
                    planned=body.planned,
                    on=body.on,
                    officer=body.officer,
                    person=person.person,
                )
        except destruction.DestructionError as error:
            raise ProblemError("request.invalid", str(error), status=422) from error

    def _minutes_back(self, one: IncidentRow) -> float:
        """To before the incident began; at most half a day, as permits allow."""
        began = min(one.opened_at, one.clip_start or one.opened_at)
        return min(720.0, max(10.0, (self._clock.now() - began).total_seconds() / 60 + 2))


def build_router(provision: Provision, persons: Persons) -> APIRouter:
    """`POST /api/incidents/{incident_id}/provision` and `/api/copies/{number}/destruction`."""
    router = APIRouter(prefix="/api", tags=["incidents"], dependencies=[declares()])
    changing = [Depends(same_origin)]

    @router.post("/incidents/{incident_id}/provision", status_code=201, dependencies=changing)
    async def ask(
        incident_id: Id,
        body: ProvisionBody,
        request: Request,
        person: PersonToken = Depends(persons.required),
    ) -> Case:
        """Ask for an agency; an operator approves it in a second step."""
        return await provision.ask(incident_id, body, person, request.cookies[COOKIE])

    @router.post("/copies/{number}/destruction", status_code=204, dependencies=changing)
    async def destroy(
        number: int, body: DestructionBody, person: PersonToken = Depends(persons.required)
    ) -> Response:
        """Enter when a copy is to be destroyed, or was, and by whom."""
        await asyncio.to_thread(provision.destroy, number, body, person)
        return Response(status_code=204)

    return router
