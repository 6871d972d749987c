"""Agencies' words that come by themselves over HTTPS: JSON, or an Ack of CAP, signed by HMAC."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, ValidationError

from collector.access import declares
from collector.cap.answer import answers
from collector.cap.document import CapError
from collector.cap.read import read_cap
from collector.cap.telling import delivery_of
from collector.changes import Change, Changes
from collector.channels import signature
from collector.channels.https import EndpointOf
from collector.channels.webhook import WebhookAnswer
from collector.endpoints import CapEndpoint, WebhookEndpoint, read_secret
from collector.incident_desk import IncidentDesk
from collector.problems import ProblemError
from collector.store import deliveries
from collector.store.database import Database
from collector.targets import Channel
from wire.clock import Clock
from wire.incident import IncidentAck
from wire.names import Name


class LaterAnswer(WebhookAnswer):
    """A webhook's answer, and which revision it is about; left out: the newest sent."""

    revision: int | None = Field(None, ge=1)


class Answers:
    """Checks who speaks, then writes what was said."""

    def __init__(
        self,
        database: Database,
        desk: IncidentDesk,
        endpoint_of: EndpointOf,
        changes: Changes,
        clock: Clock,
        on_answer: Callable[[], None],
    ) -> None:
        self._database = database
        self._desk = desk
        self._endpoint_of = endpoint_of
        self._changes = changes
        self._clock = clock
        self._on_answer = on_answer

    def take(self, agency: str, channel: str, body: bytes, signed: str | None) -> None:
        """Raises ProblemError: 401 unless the agency's secret signed it, 400, 404."""
        now = self._clock.now()
        endpoint = self._endpoint_of(agency, channel)
        if not isinstance(endpoint, WebhookEndpoint | CapEndpoint) or endpoint.secret_file is None:
            raise ProblemError(
                "auth.refused", f"{agency} has no secret for {channel}; the centre must add one"
            )
        try:
            signature.check(read_secret(endpoint.secret_file), body, signed, now)
        except (signature.SignatureError, ValueError) as error:
            raise ProblemError("auth.refused", str(error)) from error
        try:
            said = _cap(body, endpoint.sender) if isinstance(endpoint, CapEndpoint) else _json(body)
        except (CapError, ValidationError) as error:
            raise ProblemError("request.invalid", str(error)[:400]) from error
        incidents = []
        with self._database.transaction() as run:
            for one in said:
                incidents.append(self._write(run, agency, one, now))
        self._changes.publish(*{Change("delivery", one) for one in incidents})
        self._on_answer()

    def _write(self, run: sqlite3.Connection, agency: str, said: LaterAnswer, now: datetime) -> str:
        incident_id = deliveries.incident_of(run, said.delivery_id, agency)
        if incident_id is None:
            raise ProblemError(
                "incident.unknown", f"{agency} has no delivery {said.delivery_id}", status=404
            )
        ack = IncidentAck(
            delivery_id=said.delivery_id,
            incident_id=incident_id,
            revision=said.revision,
            agency=agency,
            at=now,
            state=said.state,
            officer=said.officer,
            note=said.note,
        )
        self._desk.acknowledge(run, agency, ack, now)
        return incident_id


def _json(body: bytes) -> list[LaterAnswer]:
    return [LaterAnswer.model_validate_json(body)]


def _cap(body: bytes, sender: str) -> list[LaterAnswer]:
    """Raises CapError for what is no answer to a message of ours."""
    found = []
    for one in answers(read_cap(body), ours=sender):
        about = delivery_of(one.identifier)
        if about is None:
            raise CapError(f"references: {one.identifier[:80]!r} is no message of ours")
        state = "refused" if one.refused else "received"
        found.append(
            LaterAnswer.model_validate(
                {
                    "delivery_id": about[0],
                    "revision": about[1],
                    "state": state,
                    "note": None if one.note is None else one.note[:400],
                }
            )
        )
    return found


def build_router(taken: Answers) -> APIRouter:
    """`POST /api/agencies/{agency}/{channel}/answer`."""
    router = APIRouter(prefix="/api/agencies", tags=["agencies"], dependencies=[declares()])

    @router.post("/{agency}/{channel}/answer", status_code=204)
    async def answer(
        request: Request, agency: Annotated[Name, Path()], channel: Annotated[Channel, Path()]
    ) -> Response:
        """An agency says of a delivery that it has it, takes it on, or refuses it."""
        body = await request.body()
        signed = request.headers.get(signature.HEADER)
        await asyncio.to_thread(taken.take, agency, channel, body, signed)
        return Response(status_code=204)

    return router
