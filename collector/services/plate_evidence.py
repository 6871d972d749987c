"""Which vehicle left what was dumped: the plates that the incident's own camera read around it.

Only incidents of dumping, only for who answers for them, only the incident's pole, only minutes. A
person looks at the pole's pictures and confirms one; that one is kept with the case, the others are
forgotten.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import Field

from collector import ledger
from collector.access import about, declares
from collector.changes import Change, Changes
from collector.console.reach import CENTRE, Reach
from collector.guard import same_origin
from collector.persons import Persons
from collector.problems import ProblemError
from collector.roles import require
from collector.services.case import Body
from collector.services.evidence_file import Reasons, build, reasons_of
from collector.services.plate_area import Line
from collector.services.plate_search import PlateSearchDesk, PlateSearchResult, check_reasons
from collector.store import confirmed_plates
from collector.store.confirmed_plates import ConfirmedPlate
from collector.store.database import Database
from collector.store.reader import Reader
from collector.store.rows import IncidentDetail
from wire.clock import Clock
from wire.grant import PersonToken
from wire.names import Id, Name, new_id, utc_text
from wire.plates import ANY_PLATE, LONGEST_LOOK, PlateSearch

KINDS: Final = frozenset({"dumping"})
"""Administrative matters in which a vehicle is part of the deed."""
ASKERS: Final = CENTRE | {"officer"}
BEFORE: Final = timedelta(minutes=10)
AFTER: Final = LONGEST_LOOK - BEFORE
MOST: Final = 10
"""Plates confirmed of one incident."""


class PlatesAtBody(Body):
    """For what the plates at an incident are asked for."""

    case: Line = Field(description="The agency's case number.")
    purpose: Line = Field(description="What it is for.")
    basis: Line = Field("", description="Legal basis, e.g. 폐기물관리법 제68조.")
    agency: Name | None = Field(None, description="On whose behalf; the person's own if left out.")


class PlateEvidence:
    """Lives on the web application's event loop, beside the search that asks the poles."""

    def __init__(
        self,
        database: Database,
        reader: Reader,
        searches: PlateSearchDesk,
        changes: Changes,
        clock: Clock,
    ) -> None:
        self._database = database
        self._reader = reader
        self._searches = searches
        self._changes = changes
        self._clock = clock

    async def ask(
        self, person: PersonToken, incident_id: str, body: PlatesAtBody
    ) -> PlateSearchResult:
        """What the incident's camera read from BEFORE until AFTER it began. Raises ProblemError."""
        check_reasons(body.case, body.purpose, body.basis)
        found = await asyncio.to_thread(self.concerned, person, incident_id)
        one = found.incident
        agency = body.agency or person.agency
        others = not Reach.of(person).all and agency != person.agency
        if others or agency not in {told.agency for told in one.deliveries}:
            raise ProblemError("auth.forbidden", f"the incident does not concern {agency}")
        _check_kind(one.type, "plates are told")
        question = PlateSearch(
            search_id=new_id(), pattern=ANY_PLATE, camera=one.camera,
            start_at=one.opened_at - BEFORE, end_at=one.opened_at + AFTER,
            case=body.case, basis=body.basis, purpose=body.purpose,
        )  # fmt: skip
        cameras = frozenset({(one.device, one.camera)})
        return await self._searches.begin(
            person, question, agency, (one.device,), cameras, incident_id
        )

    async def confirm(
        self, person: PersonToken, incident_id: str, search_id: str, row: int
    ) -> None:
        """It is the vehicle: keep the read and its picture with the case. Raises ProblemError."""
        found = await asyncio.to_thread(self.concerned, person, incident_id)
        asked, agency, read = self._searches.read_of(person, search_id, incident_id, row)
        if read.crop_sha256 is None:
            raise ProblemError("still.unknown", "the pole has no picture of this read", status=404)
        jpeg = await self._searches.crop(person, search_id, found.incident.device, row)
        one = ConfirmedPlate(
            incident_id, read.crop_sha256, read.text, read.confidence, read.at, read.type,
            read.color, read.direction, self._clock.now(), person.person, agency,
            asked.case, asked.purpose, asked.basis,
        )  # fmt: skip
        await asyncio.to_thread(self._keep, one, jpeg, asked.search_id)
        self._changes.publish(Change("incident", incident_id))
        await self._searches.end(person, search_id)

    def _keep(self, one: ConfirmedPlate, jpeg: bytes, search_id: str) -> None:
        with self._database.transaction() as run:
            if len(confirmed_plates.of_incident(run, one.incident_id)) >= MOST:
                raise ProblemError("request.invalid", f"{MOST} plates are confirmed", status=409)
            if not confirmed_plates.add(run, one, jpeg):
                return
            # Like the pole's audit: what was read stands with the case alone.
            fields = {
                "incident_id": one.incident_id, "search_id": search_id, "sha256": one.sha256,
                "person": one.person, "agency": one.agency, "case": one.case,
                "basis": one.basis, "purpose": one.purpose,
            }  # fmt: skip
            ledger.append(run, one.confirmed_at, "plates.confirmed", fields)

    def withdraw(self, person: PersonToken, incident_id: str, sha256: str) -> None:
        """It was confirmed by mistake: nothing of it is kept. Raises ProblemError."""
        self.concerned(person, incident_id)
        with self._database.transaction() as run:
            if not confirmed_plates.drop(run, incident_id, sha256):
                raise ProblemError("still.unknown", "no such plate is confirmed", status=404)
            fields = {
                "incident_id": incident_id, "sha256": sha256,
                "person": person.person, "agency": person.agency,
            }  # fmt: skip
            ledger.append(run, self._clock.now(), "plates.withdrawn", fields)
        self._changes.publish(Change("incident", incident_id))

    def crop(self, person: PersonToken, incident_id: str, sha256: str) -> bytes:
        """The picture of a confirmed plate. Raises ProblemError."""
        self.concerned(person, incident_id)
        jpeg = self._reader.look(lambda run: confirmed_plates.jpeg(run, incident_id, sha256))
        if jpeg is None:
            raise ProblemError("still.unknown", "the picture is not here", status=404)
        return jpeg

    def export(self, person: PersonToken, incident_id: str, reasons: Reasons) -> bytes:
        """All evidence of the incident that the centre has, as a ZIP; in the ledger first."""
        check_reasons(reasons.case, reasons.purpose, reasons.basis)
        found = self.concerned(person, incident_id)
        one, now = found.incident, self._clock.now()
        _check_kind(one.type, "a file is made")
        file = self._reader.look(lambda run: build(run, found, person, reasons, now))
        fields = {
            "incident_id": incident_id, "person": person.person, "agency": person.agency,
            "case": reasons.case, "purpose": reasons.purpose, "basis": reasons.basis,
            "device": one.device, "camera": one.camera, "start_at": utc_text(file.first_at),
            "end_at": utc_text(file.last_at), "sha256": file.sha256, "bytes": len(file.content),
        }  # fmt: skip
        with self._database.transaction() as run:
            ledger.append(run, now, "evidence.exported", fields)
        return file.content

    def concerned(self, person: PersonToken, incident_id: str) -> IncidentDetail:
        """An incident that the person may see. Raises ProblemError."""
        require(person, ASKERS, "the evidence of an incident")
        found = self._reader.incident(incident_id, 0)
        if found is None or not Reach.of(person).sees(found.incident):
            raise ProblemError("incident.unknown", "there is no such incident", status=404)
        return found


def _check_kind(kind: str, what: str) -> None:
    if kind not in KINDS:
        kinds = ", ".join(sorted(KINDS))
        raise ProblemError("request.invalid", f"{what} of incidents of {kinds} alone")


def build_router(desk: PlateEvidence, persons: Persons) -> APIRouter:
    """`/api/incidents/{incident_id}/plates`, `/vehicles` and `/evidence`."""
    router = APIRouter(prefix="/api/incidents/{incident_id}", tags=["plates"])
    changing = [Depends(same_origin)]

    @router.post(
        "/plates",
        status_code=201,
        dependencies=[declares("plates", record="incident_id"), *changing],
    )
    async def ask(
        incident_id: Id,
        body: PlatesAtBody,
        request: Request,
        person: PersonToken = Depends(persons.required),
    ) -> PlateSearchResult:
        """Ask the incident's camera which plates it read around it."""
        about(request, case=body.case)
        return await desk.ask(person, incident_id, body)

    @router.post("/plates/{search_id}/{row}", status_code=204, dependencies=[declares(), *changing])
    async def confirm(
        incident_id: Id,
        search_id: Id,
        row: Annotated[int, Path(ge=1)],
        person: PersonToken = Depends(persons.required),
    ) -> Response:
        """Somebody looked at the picture: it is the vehicle. The others are forgotten."""
        await desk.confirm(person, incident_id, search_id, row)
        return Response(status_code=204)

    @router.get("/vehicles/{sha256}.jpg", dependencies=[declares("incident", record="incident_id")])
    async def crop(
        incident_id: Id,
        sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")],
        person: PersonToken = Depends(persons.required),
    ) -> Response:
        """The picture of a plate that was confirmed."""
        jpeg = await asyncio.to_thread(desk.crop, person, incident_id, sha256)
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    @router.delete("/vehicles/{sha256}", status_code=204, dependencies=[declares(), *changing])
    async def withdraw(
        incident_id: Id,
        sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")],
        person: PersonToken = Depends(persons.required),
    ) -> Response:
        """It was not this vehicle: delete the plate and its picture."""
        await asyncio.to_thread(desk.withdraw, person, incident_id, sha256)
        return Response(status_code=204)

    @router.get("/evidence", dependencies=[declares("incident", record="incident_id")])
    async def evidence(
        incident_id: Id,
        request: Request,
        reasons: Reasons = Depends(reasons_of),
        person: PersonToken = Depends(persons.required),
    ) -> Response:
        """Pictures, what the pole signed, and the confirmed plate as a ZIP."""
        about(request, case=reasons.case)
        content = await asyncio.to_thread(desk.export, person, incident_id, reasons)
        name = f"evidence-{incident_id[-12:]}.zip"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
        return Response(content, media_type="application/zip", headers=headers)

    return router
