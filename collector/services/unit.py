"""A unit on its way: its page's data, ranked anew as it moves. A token opens one case alone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from collector.access import declares
from collector.changes import Change, Changes
from collector.config import MapSettings
from collector.guard import same_origin
from collector.persons import Persons
from collector.problems import ProblemError
from collector.relay import Relay
from collector.services.case import Body, Case, Ranked
from collector.services.cases import CaseDesk
from collector.services.layer import Layer, notes, streets_around
from collector.services.offering import Offering
from collector.services.place import Point
from collector.services.rings import rings
from collector.services.unit_link import UnitLinks
from collector.services.unit_positions import UnitPositions
from collector.store.reader import Reader
from wire.grant import GrantRequest, PersonToken
from wire.names import utc_text

STILLS = 6
MAP_M = 700.0
"""Of the map on a phone, around the scene."""


class Position(Body):
    """Where the unit is now."""

    lat: float
    lon: float
    accuracy_m: float = Field(0.0, ge=0, le=2000)


class UnitPages:
    """Reads for units. Of what a unit sends, its newest position is kept until its link ends."""

    def __init__(
        self,
        desk: CaseDesk,
        offering: Offering,
        reader: Reader,
        persons: Persons,
        layer: Layer,
        links: UnitLinks,
        positions: UnitPositions,
        changes: Changes,
        ground: MapSettings,
    ) -> None:
        self._desk = desk
        self._offering = offering
        self._reader = reader
        self._persons = persons
        self._layer = layer
        self.links = links
        self._positions = positions
        self._changes = changes
        self._map = ground

    def token(self, request: Request) -> str:
        """The unit's token of a request; raises ProblemError."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ProblemError("auth.required", "open the link that the room has sent")
        return token.strip()

    def unit(self, request: Request) -> PersonToken:
        """Who asks, from where the link was opened; raises ProblemError."""
        person = self.invited(request)
        self.links.check(person, request)
        return person

    def invited(self, request: Request) -> PersonToken:
        """Whom the link was made for; raises ProblemError."""
        person = self._persons.of_token(self.token(request))
        if person is None or person.permit_id is None:
            raise ProblemError("auth.required", "the link has run out; ask the room for another")
        request.state.person = person
        return person

    async def case(self, person: PersonToken) -> Case:
        """The case that the token opens; raises ProblemError once it is closed."""
        assert person.permit_id is not None, "`unit` has looked"
        return await self._desk.of_permit(person.permit_id)

    def shown(self, one: Case, person: PersonToken) -> dict[str, Any]:
        """All that the page shows."""
        place = _place(one)
        since = one.happened_at or one.asked_at
        ways = rings(place, ((c.device, c.camera, Point(c.lat, c.lon)) for c in one.cameras))
        return {
            "service": one.service,
            "case": one.case,
            "basis": one.basis,
            "purpose": one.purpose,
            "unit": person.person,
            "expires_at": utc_text(person.expires_at),
            "happened_at": utc_text(since),
            "place": {"lat": place.lat, "lon": place.lon, "accuracy_m": one.accuracy_m},
            "address": one.personal.address if one.personal else "",
            "cameras": [
                {**camera.model_dump(mode="json"), **self._offering.view(camera)}
                for camera in one.cameras
            ],
            "stills": [f"/api/unit/stills/{sha256}" for sha256 in self.stills(one)],
            "text": self._text(one),
            "rings": [
                {
                    "minutes": ring.minutes,
                    "cameras": [
                        {
                            "device": passing.device,
                            "camera": passing.camera,
                            "distance_m": passing.distance_m,
                            "direction_deg": passing.direction_deg,
                            "from": utc_text(passing.window(since)[0]),
                            "to": utc_text(passing.window(since)[1]),
                        }
                        for passing in ring.cameras
                    ],
                }
                for ring in ways
            ],
            "notes": [
                {
                    "kind": note.kind, "text": note.text, "distance_m": note.distance_m,
                    "direction_deg": note.direction_deg, "lat": note.lat, "lon": note.lon,
                    "width_m": note.width_m,
                }
                for note in notes(self._layer, place)
            ] if one.service == "fire-dispatch" else [],
            "streets": [one.as_json() for one in streets_around(self._layer, place, MAP_M)],
            "tiles": self._map.as_json(),
        }  # fmt: skip

    def stills(self, one: Case) -> tuple[str, ...]:
        """The newest pictures of the case's cameras since its recordings may be seen."""
        since = one.asked_at - timedelta(minutes=one.minutes_back)
        keys = {(camera.device, camera.camera) for camera in one.cameras}
        return self._reader.stills_of(keys, since, STILLS)

    def still(self, one: Case, sha256: str) -> bytes:
        """One of those pictures; raises ProblemError."""
        jpeg = self._reader.still(sha256) if sha256 in self.stills(one) else None
        if jpeg is None:
            raise ProblemError("still.unknown", "the picture is not of this case", status=404)
        return jpeg

    def moved(self, one: Case, person: PersonToken, at: Position) -> Ranked:
        """The case's cameras for a unit that stands `at`, which the room sees from now on.

        Raises ProblemError place.impossible, or auth.locked when it comes too soon after another.
        """
        here = self._offering.checked(at.lat, at.lon)
        found = self._offering.for_unit(one.cameras, here, at.accuracy_m, _place(one))
        self._positions.put(person, here, at.accuracy_m)
        self._changes.publish(Change("unit", one.case_id))
        return found

    def vanished(self, one: Case, person: PersonToken) -> None:
        """The unit tells its position no more."""
        self._positions.forget(person.token_id)
        self._changes.publish(Change("unit", one.case_id))

    def _text(self, one: Case) -> dict[str, str]:
        found = self._reader.incident(one.incident_id) if one.incident_id else None
        if found is None:
            return {"ko": "", "en": ""}
        return {"ko": found.incident.text_ko, "en": found.incident.text_en}


def build_router(pages: UnitPages, relay: Relay) -> APIRouter:
    """`/api/unit`: every request carries the unit's token."""
    router = APIRouter(prefix="/api/unit", tags=["unit"])

    @router.get("", dependencies=[declares("case")])
    async def show(person: PersonToken = Depends(pages.unit)) -> JSONResponse:
        """The case: place, cameras, ways of escape by time, pictures, notes for fire engines."""
        one = await pages.case(person)
        headers = {"Cache-Control": "no-store"}
        return JSONResponse(pages.shown(one, person), headers=headers)

    @router.post("/opening", status_code=204, dependencies=[declares(), Depends(same_origin)])
    async def opening(request: Request, person: PersonToken = Depends(pages.invited)) -> Response:
        """The first time sets the cookie that every other request needs; the link is used then."""
        one = await pages.case(person)
        response = Response(status_code=204)
        await asyncio.to_thread(pages.links.open, person, one, request, response)
        return response

    @router.post("/position", dependencies=[declares()])
    async def position(at: Position, person: PersonToken = Depends(pages.unit)) -> Ranked:
        """The cameras anew for where the unit is; the room's map shows it until the link ends."""
        return pages.moved(await pages.case(person), person, at)

    @router.delete("/position", status_code=204, dependencies=[declares()])
    async def vanish(person: PersonToken = Depends(pages.unit)) -> Response:
        """The position is forgotten at once."""
        pages.vanished(await pages.case(person), person)
        return Response(status_code=204)

    @router.get("/stills/{sha256}", dependencies=[declares("still", record="sha256")])
    async def still(
        sha256: str = Path(pattern=r"^[0-9a-f]{64}$"), person: PersonToken = Depends(pages.unit)
    ) -> Response:
        """A picture of the case's cameras."""
        jpeg = pages.still(await pages.case(person), sha256)
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    @router.post("/grants", dependencies=[declares()])
    async def grants(
        wanted: GrantRequest, request: Request, person: PersonToken = Depends(pages.unit)
    ) -> JSONResponse:
        """A grant for one of the case's cameras."""
        await pages.case(person)
        return JSONResponse(await relay.grant(pages.token(request), wanted))

    return router


def _place(one: Case) -> Point:
    if one.lat is None or one.lon is None:
        raise ProblemError("case.unknown", "the case's place was erased in its time")
    return Point(one.lat, one.lon)
