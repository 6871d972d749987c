"""An operator forwards an incident to somebody whom the routes did not tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from collector import ledger
from collector.access import declares
from collector.changes import Change, Changes
from collector.decisions import DECIDERS
from collector.guard import same_origin
from collector.incident_desk import IncidentDesk
from collector.incidents import DecisionError
from collector.persons import Persons
from collector.problems import ProblemError
from collector.roles import require
from collector.routing import Routing
from collector.store.database import Database
from collector.targets import Receiver, target
from wire.clock import Clock
from wire.grant import PersonToken
from wire.names import Id, Text


class ForwardBody(BaseModel):
    """To whom, and why."""

    model_config = ConfigDict(extra="forbid")

    receiver: Receiver = Field(description="agency, or agency/channel")
    note: Text | None = Field(None, description="Shown with the step.")


class Receivers(BaseModel):
    """Whom an incident can be forwarded to."""

    receivers: tuple[str, ...]


def receivers(routing: Routing, agencies: Collection[str]) -> tuple[str, ...]:
    """Whoever is enrolled or has an endpoint that is in use, as tables name them."""
    silent = routing.disabled("mqtt")
    enrolled = (one for one in sorted(agencies) if one not in silent)
    others = (
        f"{one.agency}/{one.channel}"
        for one in routing.endpoints
        if one.channel != "mqtt" and one.enabled
    )
    return (*enrolled, *others)


class Forwarding:
    """Writes what is forwarded; `wake_dispatch` has it sent."""

    def __init__(
        self,
        database: Database,
        desk: IncidentDesk,
        changes: Changes,
        clock: Clock,
        known: Callable[[], tuple[str, ...]],
        wake_dispatch: Callable[[], None],
    ) -> None:
        self._database = database
        self._desk = desk
        self._changes = changes
        self._clock = clock
        self._known = known
        self._wake_dispatch = wake_dispatch

    def receivers(self, person: PersonToken) -> tuple[str, ...]:
        """All that may be told; raises ProblemError for the wrong role."""
        require(person, DECIDERS)
        return self._known()

    def forward(self, incident_id: str, body: ForwardBody, person: PersonToken) -> None:
        """Raises ProblemError: 403, 404, 409 when it is over or was told, 422 for a stranger."""
        require(person, DECIDERS)
        known = self._known()
        if body.receiver not in known:
            allowed = ", ".join(known) or "none is enrolled"
            detail = f"receiver: {body.receiver} cannot be reached (allowed: {allowed})"
            raise ProblemError("request.invalid", detail, status=422)
        now = self._clock.now()
        try:
            with self._database.transaction() as run:
                found = self._desk.forward(
                    run,
                    incident_id,
                    target(body.receiver),
                    person=person.person,
                    agency=person.agency,
                    note=body.note,
                    now=now,
                )
                if not found:
                    raise ProblemError("incident.unknown", "there is no such incident", status=404)
                fields = {
                    "incident_id": incident_id,
                    "receiver": body.receiver,
                    "person": person.person,
                    "agency": person.agency,
                    "note": body.note,
                }
                ledger.append(run, now, "incident.forwarded", fields)
        except DecisionError as error:
            raise ProblemError("request.invalid", str(error), status=409) from error
        self._changes.publish(Change("incident", incident_id))
        self._wake_dispatch()


def build_router(forwarding: Forwarding, persons: Persons) -> APIRouter:
    """`GET /api/receivers` and `POST /api/incidents/{incident_id}/forward`."""
    router = APIRouter(prefix="/api", tags=["incidents"], dependencies=[declares()])

    @router.get("/receivers")
    async def known(person: PersonToken = Depends(persons.required)) -> Receivers:
        """Whom an incident can be forwarded to."""
        found = await asyncio.to_thread(forwarding.receivers, person)
        return Receivers(receivers=found)

    @router.post(
        "/incidents/{incident_id}/forward", status_code=204, dependencies=[Depends(same_origin)]
    )
    async def forward(
        incident_id: Id, body: ForwardBody, person: PersonToken = Depends(persons.required)
    ) -> Response:
        """Tell an agency too; it hears of every later change like those of the routes."""
        await asyncio.to_thread(forwarding.forward, incident_id, body, person)
        return Response(status_code=204)

    return router
