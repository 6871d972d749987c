"""Services 2 and 3, 112 and 119 dispatch: a case for the units on their way, and their links."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from collector.access import declares
from collector.guard import same_origin
from collector.persons import COOKIE, Persons
from collector.problems import ProblemError
from collector.services.case import Body, Case, Offered, Personal, PlaceBody, Requester
from collector.services.cases import Asked, CaseDesk
from collector.services.offering import Offering
from collector.services.place import Point, distance_m
from collector.signer.permit import UnitRequest
from collector.store.reader import Reader
from collector.store.rows import IncidentFilter, IncidentRow
from collector.texts import type_name
from wire.clock import Clock
from wire.grant import PersonToken
from wire.names import Id, Moment, Name

MOST = 40
"""Of the cameras within 500 m: enough to follow a unit, few enough for a phone."""
BURNS = ("fire", "smoke")
SAME_FIRE_M, SAME_FIRE = 150.0, timedelta(minutes=30)

DispatchService = Literal["police-dispatch", "fire-dispatch"]


class DispatchBody(Body):
    """The room sends units to a place, or to an incident of the centre."""

    place: PlaceBody | None = Field(None, description="Left out: where the incident's camera is.")
    incident_id: Id | None = None
    case: str = Field(max_length=80)
    purpose: str = Field(max_length=120)
    basis: str = Field("", max_length=120, description="Legal basis.")
    requester: Requester = Requester()
    agency: Name | None = Field(None, description="For whom an operator asks.")
    happened_at: Moment | None = Field(
        None, description="Since when somebody may be on the way; left out: now."
    )
    minutes_back: float = Field(10.0, ge=0, le=720)
    hours: float = Field(2.0, gt=0, le=24)


class UnitLink(Body):
    """What is sent to a unit's phone."""

    url: str
    expires_at: Moment


class DispatchDesk:
    """What is offered for a dispatch: the incident's own camera first, then the best around it."""

    def __init__(self, offering: Offering, reader: Reader, clock: Clock) -> None:
        self._offering = offering
        self._reader = reader
        self._clock = clock

    def scene(
        self, service: DispatchService, body: DispatchBody, agency: str
    ) -> tuple[Point, float, tuple[Offered, ...], IncidentRow | None]:
        """Place, its accuracy, cameras and incident; raises ProblemError."""
        incident = None
        if body.incident_id is not None:
            incident = self._incident(body.incident_id, agency)
        accuracy = body.place.accuracy_m if body.place else 0.0
        if body.place is not None:
            place = self._offering.checked(body.place.lat, body.place.lon)
        elif incident is not None and incident.lat is not None and incident.lon is not None:
            place = Point(incident.lat, incident.lon)
        else:
            raise ProblemError("request.invalid", "place: give it, or an incident", status=422)
        if incident is None and service == "fire-dispatch":
            incident = self._fire_near(place)
        cameras = self._offering.best(place, accuracy_m=accuracy, at_most=MOST)
        if incident is not None:
            cameras = self._own_first(incident, place, cameras)
        return place, accuracy, cameras, incident

    def _incident(self, incident_id: str, agency: str) -> IncidentRow:
        found = self._reader.incident(incident_id)
        if found is None or all(one.agency != agency for one in found.incident.deliveries):
            raise ProblemError("incident.unknown", f"{agency} has no such incident", status=404)
        return found.incident

    def _fire_near(self, place: Point) -> IncidentRow | None:
        """The newest fire that a camera close by tells of."""
        since = self._clock.now() - SAME_FIRE
        found = self._reader.incidents(
            limit=50, filters=IncidentFilter(types=BURNS, since=since)
        ).incidents
        near = [
            one
            for one in found
            if one.state not in ("rejected", "closed")
            and one.lat is not None
            and one.lon is not None
            and distance_m(place, Point(one.lat, one.lon)) <= SAME_FIRE_M
        ]
        return near[0] if near else None

    def _own_first(
        self, incident: IncidentRow, place: Point, cameras: tuple[Offered, ...]
    ) -> tuple[Offered, ...]:
        key = (incident.device, incident.camera)
        own = next((one for one in cameras if (one.device, one.camera) == key), None)
        own = own or self._offering.one(key, place)
        if own is None:
            return cameras
        korean, english = type_name(incident.type)
        reasons = (f"the camera that reported it ({english})", *own.reasons)
        reasons_ko = (f"이 사건을 알린 카메라 ({korean})", *own.reasons_ko)
        update = {"sees": "yes", "reasons": reasons, "reasons_ko": reasons_ko}
        own = own.model_copy(update=update)
        rest = [one for one in cameras if (one.device, one.camera) != key]
        return (own, *rest)[:MOST]


def build_router(
    desk: CaseDesk,
    scenes: DispatchDesk,
    persons: Persons,
    clock: Clock,
    public_url: str | None,
) -> APIRouter:
    """`/api/services/police-dispatch`, `/fire-dispatch` and a case's `/unit`."""
    router = APIRouter(prefix="/api/services", tags=["services"])
    changing = [Depends(same_origin)]

    async def ask(
        service: DispatchService, body: DispatchBody, request: Request, person: PersonToken
    ) -> Case:
        agency = desk.agency_of(person, body.agency)
        await desk.refuse_without_basis(
            person, service, case=body.case, purpose=body.purpose, basis=body.basis
        )
        place, accuracy, cameras, incident = scenes.scene(service, body, agency)
        happened = body.happened_at or (incident.opened_at if incident else clock.now())
        asked = Asked(
            service=service,
            agency=agency,
            case=body.case,
            purpose=body.purpose,
            basis=body.basis,
            place=place,
            accuracy_m=accuracy,
            cameras=cameras,
            minutes_back=_minutes_back(body.minutes_back, happened, clock.now()),
            hours=body.hours,
            personal=Personal(
                requester=body.requester, address=body.place.address if body.place else ""
            ),
            incident_id=incident.incident_id if incident else None,
            happened_at=happened,
        )
        return await desk.ask(person, persons.token(request), asked)

    @router.post(
        "/police-dispatch", status_code=201, dependencies=[declares(scope="cases:write"), *changing]
    )
    async def police_dispatch(
        body: DispatchBody, request: Request, person: PersonToken = Depends(persons.required)
    ) -> Case:
        """Units of the police go to a place: the cameras around it, ranked."""
        return await ask("police-dispatch", body, request, person)

    @router.post(
        "/fire-dispatch", status_code=201, dependencies=[declares(scope="cases:write"), *changing]
    )
    async def fire_dispatch(
        body: DispatchBody, request: Request, person: PersonToken = Depends(persons.required)
    ) -> Case:
        """Fire, rescue or EMS go to a place: a fire's own camera first, then those around it."""
        return await ask("fire-dispatch", body, request, person)

    @router.post("/cases/{case_id}/unit", status_code=201, dependencies=[declares(), *changing])
    async def unit(
        case_id: Id,
        body: UnitRequest,
        request: Request,
        person: PersonToken = Depends(persons.required),
    ) -> UnitLink:
        """A link that opens the case on a unit's phone until it ends by time or with the case."""
        made = await desk.admit(person, request.cookies[COOKIE], case_id, body)
        base = (public_url or str(request.base_url)).rstrip("/")
        # Behind the #, so that no server and no proxy writes the token into a log.
        return UnitLink(url=f"{base}/unit#{made.token}", expires_at=made.expires_at)

    return router


def _minutes_back(asked: float, happened: datetime, now: datetime) -> float:
    """Far enough to see what happened; at most half a day."""
    return min(720.0, max(asked, (now - happened).total_seconds() / 60 + 1))
