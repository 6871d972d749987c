"""Service 5, vulnerable people: a signed call for help with a position, and the ones after it.

The cameras are those around the uncertain circle, and those of the path so far. What is personal is
kept while the case is open and erased with its close.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field, StringConstraints, ValidationError

from collector import ledger
from collector.access import declares
from collector.changes import Change, Changes
from collector.channels.signature import HEADER, SignatureError, check
from collector.config import SosSender
from collector.guard import same_origin
from collector.incident_desk import IncidentDesk
from collector.incidents import DecisionError
from collector.persons import COOKIE, Persons
from collector.problems import ProblemError
from collector.services.case import (
    Body,
    Case,
    Fix,
    Offered,
    Personal,
    Subject,
    camera_names,
    plainly,
)
from collector.services.cases import CaseDesk
from collector.services.offering import Offering
from collector.services.place import Point
from collector.services.ranking import WITHIN_M
from collector.store import cases
from collector.store.database import Database
from wire.clock import Clock
from wire.grant import PersonToken
from wire.names import Id, Moment, Name, WireModel, new_id

MOST, MOST_WITH_PATH, MOST_FIXES = 20, 60, 500
AHEAD = timedelta(minutes=5)


class SosBody(Body):
    """A call, or where its caller is by now: the same `sos_id`."""

    sos_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    person: Subject = Subject()
    lat: float
    lon: float
    accuracy_m: float = Field(ge=0, le=5000, description="Radius of the circle, metres.")
    at: Moment = Field(description="When the position was taken.")


class SosAnswer(WireModel):
    """What the sender is told: no more than it knew."""

    case_id: Id
    state: str
    positions: int


class SosDesk:
    """Takes calls. All of one call is one transaction, so that nothing is half-done."""

    def __init__(
        self,
        senders: tuple[SosSender, ...],
        database: Database,
        incidents: IncidentDesk,
        offering: Offering,
        changes: Changes,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        """`wake`: agencies must be told."""
        self._senders = {one.name: (one, one.secret_file.read_bytes().strip()) for one in senders}
        self._database = database
        self._incidents = incidents
        self._offering = offering
        self._changes = changes
        self._clock = clock
        self._wake = wake

    def take(self, name: str, body: bytes, signature: str | None) -> SosAnswer:
        """A sender's message; raises ProblemError. A repeated one changes nothing."""
        sender = self._believed(name, body, signature)
        call = _read(body)
        now = self._clock.now()
        if call.at > now + AHEAD:
            apart = (call.at - now).total_seconds()
            raise ProblemError(
                "request.invalid", f"at: lies {apart:.0f} s ahead of our clock; set yours by NTP"
            )
        place = self._offering.checked(call.lat, call.lon)
        with self._database.transaction() as run:
            known = cases.of_number(run, "vulnerable", f"SOS-{name}-{call.sos_id}")
            if known is None:
                one = self._opened(run, sender, call, place)
            elif known.state not in ("asked", "approved") or known.personal is None:
                raise ProblemError("case.state", f"the case is {known.state}; send another sos_id")
            else:
                one = self._moved(run, known, call)
        self._changes.publish(Change("case", one.case_id))
        if one.incident_id is not None:
            self._changes.publish(Change("incident", one.incident_id))
        self._wake()
        assert one.personal is not None, "an open case has them"
        return SosAnswer(case_id=one.case_id, state=one.state, positions=len(one.personal.path))

    def closing(self, run: sqlite3.Connection, one: Case, person: PersonToken) -> None:
        """With the case its incident is closed."""
        if one.service != "vulnerable" or one.incident_id is None:
            return
        try:
            self._incidents.decide(
                run, one.incident_id, "closed", person=person.person, agency=person.agency,
                note=None, now=self._clock.now(),
            )  # fmt: skip
        except DecisionError:
            # A person closed or rejected it before.
            return

    def _believed(self, name: str, body: bytes, signature: str | None) -> SosSender:
        found = self._senders.get(name)
        if found is None:
            raise ProblemError("auth.refused", f"there is no sender {name}")
        try:
            check(found[1], body, signature, self._clock.now())
        except SignatureError as error:
            raise ProblemError("auth.refused", str(error)) from error
        return found[0]

    def _opened(
        self, run: sqlite3.Connection, sender: SosSender, call: SosBody, place: Point
    ) -> Case:
        now = self._clock.now()
        cameras = self._around(place, call.accuracy_m)
        device, camera = self._offering.nearest(place)
        if cameras:
            device, camera = cameras[0].device, cameras[0].camera
        one = Case(
            case_id=new_id(),
            service="vulnerable",
            agency=sender.agency,
            case=f"SOS-{sender.name}-{call.sos_id}",
            basis=sender.basis,
            purpose=sender.purpose,
            person=sender.name,
            asked_at=now,
            state="asked",
            waiting="a call for help: an officer or an operator must take it up",
            lat=place.lat,
            lon=place.lon,
            accuracy_m=call.accuracy_m,
            cameras=cameras,
            minutes_back=10.0,
            hours=4.0,
            incident_id=self._incidents.called_for_help(run, device, camera, call.at, now),
            happened_at=call.at,
            personal=Personal(subject=call.person, path=(_fix(call),)),
        )
        cases.save(run, one)
        ledger.append(run, now, "service.asked", _entry(one))
        return one

    def _moved(self, run: sqlite3.Connection, known: Case, call: SosBody) -> Case:
        assert known.personal is not None, "`take` has looked"
        path = {fix.at: fix for fix in known.personal.path}
        if call.at in path:
            return known
        if len(path) >= MOST_FIXES:
            raise ProblemError("request.invalid", f"more than {MOST_FIXES} positions of one call")
        path[call.at] = _fix(call)
        fixes = tuple(path[at] for at in sorted(path))
        last = fixes[-1]
        here = self._around(Point(last.lat, last.lon), last.accuracy_m)
        kept = {(one.device, one.camera) for one in here}
        before = [one for one in known.cameras if (one.device, one.camera) not in kept]
        cameras = (*here, *before)[:MOST_WITH_PATH]
        shown = {(one.device, one.camera) for one in known.cameras}
        news = [one for one in cameras if (one.device, one.camera) not in shown]
        changed = {
            "lat": last.lat,
            "lon": last.lon,
            "accuracy_m": last.accuracy_m,
            "cameras": cameras,
            "personal": known.personal.model_copy(update={"path": fixes}),
        }
        if known.state == "approved" and news:
            changed |= {"state": "asked", "waiting": f"moved on: {len(news)} more cameras"}
        one = known.model_copy(update=changed)
        cases.save(run, one)
        now = self._clock.now()
        ledger.append(run, now, "service.moved", _entry(one))
        if one.incident_id is not None:
            self._incidents.goes_on(run, one.incident_id, now)
        return one

    def _around(self, place: Point, accuracy_m: float) -> tuple[Offered, ...]:
        """None is no reason to turn a call away."""
        try:
            return self._offering.best(
                place, accuracy_m=accuracy_m, at_most=MOST, within_m=WITHIN_M + accuracy_m
            )
        except ProblemError:
            return ()


def build_router(desk: SosDesk, cases_: CaseDesk, persons: Persons) -> APIRouter:
    """`/api/services/sos/{sender}` for machines, `/cases/{id}/opening` for officers."""
    router = APIRouter(prefix="/api/services", tags=["services"])
    shape = {"requestBody": {"content": {"application/json": {"schema": _schema()}}}}

    @router.post("/sos/{sender}", status_code=202, openapi_extra=shape, dependencies=[declares()])
    async def sos(sender: Annotated[Name, Path()], request: Request) -> SosAnswer:
        """A call for help, or where its caller is by now; signed by the sender's secret."""
        body = await request.body()
        return await asyncio.to_thread(desk.take, sender, body, request.headers.get(HEADER))

    @router.post(
        "/cases/{case_id}/opening",
        dependencies=[declares("case", record="case_id"), Depends(same_origin)],
    )
    async def opening(
        case_id: Id, request: Request, person: PersonToken = Depends(persons.required)
    ) -> Case:
        """An officer takes it up, where a standing rule covers it."""
        return await cases_.open_by_rule(person, request.cookies[COOKIE], case_id)

    return router


def _schema() -> dict[str, Any]:
    """Of the body, in one piece: the signature is over its bytes, so they are read here."""
    schema = SosBody.model_json_schema()
    schema["properties"]["person"] = schema.pop("$defs")["Subject"]
    return schema


def _read(body: bytes) -> SosBody:
    try:
        return SosBody.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise ProblemError("request.invalid", f"{where}: {first['msg']}") from None


def _fix(call: SosBody) -> Fix:
    return Fix(at=call.at, lat=call.lat, lon=call.lon, accuracy_m=call.accuracy_m)


def _entry(one: Case) -> dict[str, object]:
    """What the ledger says: that there was a call, and not whose or where."""
    return {
        **plainly(one),
        "person": one.person,
        "cameras": camera_names(one),
    }
