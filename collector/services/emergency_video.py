"""Service 1, 112 emergency video: the cameras that see a place, live and the last minutes."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from collector.access import declares
from collector.guard import same_origin
from collector.persons import COOKIE, Persons
from collector.services.case import Body, Case, EmergencyVideoBody, Personal
from collector.services.cases import Asked, CaseDesk
from collector.services.offering import Offering
from wire.grant import PersonToken
from wire.names import Id


class NoteBody(Body):
    """Why."""

    note: str = Field("", max_length=500)


def build_router(desk: CaseDesk, offering: Offering, persons: Persons) -> APIRouter:
    """`/api/services/emergency-video` and `/api/services/cases`."""
    router = APIRouter(prefix="/api/services", tags=["services"])
    changing = [Depends(same_origin)]

    @router.post(
        "/emergency-video", status_code=201, dependencies=[declares(scope="cases:write"), *changing]
    )
    async def emergency_video(
        body: EmergencyVideoBody, request: Request, person: PersonToken = Depends(persons.required)
    ) -> Case:
        """The five best cameras for a place; seen after an operator's approval or by a rule."""
        agency = desk.agency_of(person, body.agency)
        await desk.refuse_without_basis(
            person, "emergency-video", case=body.case, purpose=body.purpose, basis=body.basis
        )
        place = offering.checked(body.place.lat, body.place.lon)
        asked = Asked(
            service="emergency-video",
            agency=agency,
            case=body.case,
            purpose=body.purpose,
            basis=body.basis,
            place=place,
            accuracy_m=body.place.accuracy_m,
            cameras=offering.best(place, accuracy_m=body.place.accuracy_m),
            minutes_back=body.minutes_back,
            hours=body.hours,
            personal=Personal(requester=body.requester, address=body.place.address),
        )
        return await desk.ask(person, persons.token(request), asked)

    @router.get("/cases", dependencies=[declares("cases", scope="cases:read")])
    async def list_cases(
        all_states: bool = Query(False, alias="all", description="Refused and closed ones too."),
        person: PersonToken = Depends(persons.required),
    ) -> list[Case]:
        """Cases, newest first; an officer sees the open ones of his own agency.

        Without the cameras of alerts, which may be all of a city: those stand on their wall.
        """
        return [
            one.model_copy(update={"cameras": ()}) if one.service == "disaster" else one
            for one in await desk.list(person, all_states=all_states)
        ]

    @router.get(
        "/cases/{case_id}", dependencies=[declares("case", record="case_id", scope="cases:read")]
    )
    async def one_case(case_id: Id, person: PersonToken = Depends(persons.required)) -> Case:
        """One case."""
        return await desk.find(person, case_id)

    @router.post(
        "/cases/{case_id}/approval", dependencies=[declares("case", record="case_id"), *changing]
    )
    async def approve(
        case_id: Id, request: Request, person: PersonToken = Depends(persons.required)
    ) -> Case:
        """The agency may see its cameras."""
        return await desk.approve(person, request.cookies[COOKIE], case_id)

    @router.post(
        "/cases/{case_id}/refusal", dependencies=[declares("case", record="case_id"), *changing]
    )
    async def refuse(
        case_id: Id,
        body: NoteBody,
        request: Request,
        person: PersonToken = Depends(persons.required),
    ) -> Case:
        """It may not."""
        return await desk.refuse(person, request.cookies[COOKIE], case_id, body.note)

    @router.post(
        "/cases/{case_id}/closing", dependencies=[declares("case", record="case_id"), *changing]
    )
    async def close(
        case_id: Id,
        body: NoteBody,
        request: Request,
        person: PersonToken = Depends(persons.required),
    ) -> Case:
        """It is over: nothing is shown under it any more."""
        return await desk.close(person, request.cookies[COOKIE], case_id, body.note)

    return router
