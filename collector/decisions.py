"""What people decide of incidents, and write down: acknowledge, confirm, reject, close, note."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from collector import ledger
from collector.access import declares
from collector.changes import Change, Changes
from collector.guard import same_origin
from collector.incident_desk import IncidentDesk
from collector.incidents import Decision, DecisionError
from collector.persons import Persons
from collector.problems import ProblemError
from collector.roles import require
from collector.store.database import Database
from wire.clock import Clock
from wire.grant import PersonToken
from wire.names import Id, Text

DECIDERS = frozenset({"operator", "supervisor"})


class DecisionBody(BaseModel):
    """What somebody decides, and why."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision
    note: Text | None = Field(None, description="Shown with the step.")


class NoteBody(BaseModel):
    """What somebody wants to be remembered of an incident."""

    model_config = ConfigDict(extra="forbid")

    note: Text = Field(min_length=1)


class Decisions:
    """Writes decisions; `on_decided` wakes the dispatch."""

    def __init__(
        self,
        database: Database,
        desk: IncidentDesk,
        changes: Changes,
        clock: Clock,
        on_decided: Callable[[], None],
    ) -> None:
        self._database = database
        self._desk = desk
        self._changes = changes
        self._clock = clock
        self._on_decided = on_decided

    def decide(self, incident_id: str, body: DecisionBody, person: PersonToken) -> None:
        """Raises ProblemError: 403 for the wrong role, 404, 409 for what the state forbids."""
        require(person, DECIDERS)
        now = self._clock.now()
        try:
            with self._database.transaction() as run:
                changed = self._desk.decide(
                    run,
                    incident_id,
                    body.decision,
                    person=person.person,
                    agency=person.agency,
                    note=body.note,
                    now=now,
                )
                if changed is None:
                    raise ProblemError("incident.unknown", "there is no such incident", status=404)
                fields = {
                    "incident_id": incident_id,
                    "decision": body.decision,
                    "person": person.person,
                    "agency": person.agency,
                    "note": body.note,
                    "list_id": changed.list_id,
                }
                ledger.append(run, now, "incident.decided", fields)
        except DecisionError as error:
            raise ProblemError("request.invalid", str(error), status=409) from error
        self._changes.publish(Change("incident", incident_id))
        self._on_decided()

    def note(self, incident_id: str, body: NoteBody, person: PersonToken) -> None:
        """Raises ProblemError: 403 for the wrong role, 404."""
        require(person, DECIDERS)
        now = self._clock.now()
        with self._database.transaction() as run:
            known = self._desk.note(
                run, incident_id, body.note, person=person.person, agency=person.agency, now=now
            )
            if not known:
                raise ProblemError("incident.unknown", "there is no such incident", status=404)
            fields = {
                "incident_id": incident_id,
                "person": person.person,
                "agency": person.agency,
                "note": body.note,
            }
            ledger.append(run, now, "incident.noted", fields)
        self._changes.publish(Change("incident", incident_id))


def build_router(decisions: Decisions, persons: Persons) -> APIRouter:
    """`POST /api/incidents/{incident_id}/decision`."""
    router = APIRouter(prefix="/api/incidents", tags=["incidents"], dependencies=[declares()])

    @router.post("/{incident_id}/decision", status_code=204, dependencies=[Depends(same_origin)])
    async def decide(
        incident_id: Id,
        body: DecisionBody,
        person: PersonToken = Depends(persons.required),
    ) -> Response:
        """Acknowledge, confirm, reject or close an incident; agencies are told."""
        await asyncio.to_thread(decisions.decide, incident_id, body, person)
        return Response(status_code=204)

    @router.post("/{incident_id}/notes", status_code=204, dependencies=[Depends(same_origin)])
    async def note(
        incident_id: Id,
        body: NoteBody,
        person: PersonToken = Depends(persons.required),
    ) -> Response:
        """Write something down; the state stays, and agencies are not told."""
        await asyncio.to_thread(decisions.note, incident_id, body, person)
        return Response(status_code=204)

    return router
