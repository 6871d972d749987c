"""The map's own questions: what stands where, the ground below, and what goes on now."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

from fastapi import APIRouter, Request, Response

from collector.access import declares
from collector.console import map_view, view
from collector.console.camera_reach import Key, cameras_of, incidents_of, open_cases, units_of
from collector.console.headers import ConsoleRoute
from collector.problems import ProblemError
from collector.services.case import Case
from collector.services_for_console import ConsoleServices
from collector.store.rows import IncidentFilter
from wire.grant import PersonToken

KEPT_AN_HOUR = "private, max-age=3600"


def build_map_api(services: ConsoleServices) -> APIRouter:
    """Routes below /api/map; every one of them asks who is there first."""
    router = APIRouter(route_class=ConsoleRoute)
    settings, site = services.settings, view.Site.of(services.settings)

    def signed_in(request: Request) -> PersonToken:
        person = services.person_of(request)
        if person is None:
            raise ProblemError("auth.required")
        return person

    @cache
    def ground_json() -> bytes:
        # Of a whole city some megabytes: made once.
        return view.compact(map_view.ground(services.layer))

    def read(person: PersonToken, cases: list[Case], seen: frozenset[Key] | None) -> bytes:
        incidents = incidents_of(services, person, IncidentFilter(ongoing=True))
        ill = (one for one in services.reader.cameras() if not (one.online and one.state == "up"))
        found = {
            "places": [
                map_view.place(one)
                for key, one in settings.places().items()
                if seen is None or key in seen
            ],
            "cameras": [
                view.camera(one) for one in ill if seen is None or (one.device, one.camera) in seen
            ],
            "incidents": [view.incident(one, site) for one in incidents],
            "scenes": map_view.scenes(cases),
            "units": map_view.units(units_of(services, cases), cases, services.clock),
            "things": [map_view.thing(one) for one in services.things(person)],
            "areas": [map_view.area(one) for one in services.areas()],
            "tiles": settings.map.as_json(),
            "every_camera": seen is None,
        }
        return view.compact(found)

    @router.get("/api/map", dependencies=[declares("map")])
    async def whole(request: Request) -> Any:
        """Cameras, things, units and what goes on, as far as somebody may see them; areas, tiles.

        `cameras` has the states of those that are not simply up.
        """
        person = signed_in(request)
        cases = await open_cases(services, person)
        seen = await cameras_of(services, person, cases)
        found = await asyncio.to_thread(read, person, cases, seen)
        return Response(found, media_type="application/json")

    @router.get("/api/map/ground", dependencies=[declares(scope="assets:read")])
    def ground(request: Request) -> Any:
        """Streets, hydrants and hazards of the city's layer file."""
        signed_in(request)
        headers = {"Cache-Control": KEPT_AN_HOUR}
        return Response(ground_json(), media_type="application/json", headers=headers)

    return router
