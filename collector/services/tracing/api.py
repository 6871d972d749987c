"""`/api/plates/traces`: live traces, begun, looked at, and ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from collector.access import about, declares
from collector.guard import same_origin
from collector.persons import Persons
from collector.problems import ProblemError
from collector.roles import require
from collector.services.plate_area import PlateArea
from collector.services.plate_search import SEARCHERS
from collector.services.tracing.desk import TraceBody, TraceDesk, TraceShown
from wire.grant import PersonToken
from wire.names import Id, Moment, Name

WAIT_S: Final = 10.0
LOOK_S: Final = 0.1
DOING = "tracing a vehicle"


def build_router(
    desk: TraceDesk, area: PlateArea, persons: Persons, devices: Callable[[], Collection[str]]
) -> APIRouter:
    """`devices`: all poles that are enrolled."""
    router = APIRouter(prefix="/api/plates/traces", tags=["plates"])
    changing = [Depends(same_origin)]
    one = declares("plates", record="trace_id")

    @router.post("", status_code=201, dependencies=[declares("plates"), *changing])
    async def begin(
        body: TraceBody, request: Request, person: PersonToken = Depends(persons.required)
    ) -> TraceShown:
        """Have the poles tell every read that matches at once, until the trace ends."""
        require(person, SEARCHERS, DOING)
        about(request, case=body.case)
        poles = area.poles(body.area, devices())
        return await asyncio.to_thread(desk.begin, person, body, poles)

    @router.get("", dependencies=[declares("plates")])
    async def list_traces(person: PersonToken = Depends(persons.required)) -> list[TraceShown]:
        """Traces that count or that poles have yet to give up, without what was seen."""
        require(person, SEARCHERS, DOING)
        return await asyncio.to_thread(desk.list, person)

    @router.get(
        "/{trace_id}",
        dependencies=[one],
        response_model=TraceShown,
        responses={204: {"description": "Nothing new."}, 205: {"description": "It is gone."}},
    )
    async def show(
        trace_id: Id,
        request: Request,
        after: Annotated[int | None, Query(ge=0, description="Wait for a later revision.")] = None,
        person: PersonToken = Depends(persons.required),
    ) -> TraceShown | Response:
        """Where the vehicle was seen; with `after` as soon as there is more, 204 if that is not
        within 10 s, and 205 once nothing of it is left anywhere."""
        require(person, SEARCHERS, DOING)
        try:
            await asyncio.to_thread(desk.show, person, trace_id)
        except ProblemError:
            # Who follows it may ask just after its end.
            if after is None or desk.revision(trace_id):
                raise
            request.state.read = None
            return Response(status_code=205)
        if after is not None:
            revision = await _later(desk, trace_id, after)
            if revision in (0, after):
                request.state.read = None
                return Response(status_code=205 if revision == 0 else 204)
        found = await asyncio.to_thread(desk.show, person, trace_id)
        about(request, case=found.case)
        return found

    @router.get("/{trace_id}/crops/{device}/{camera}/{at}/{text}", dependencies=[one])
    async def crop(
        trace_id: Id,
        device: Name,
        camera: Name,
        at: Moment,
        text: Annotated[str, Path(max_length=24)],
        person: PersonToken = Depends(persons.required),
    ) -> Response:
        """The plate's picture of one sighting."""
        require(person, SEARCHERS, DOING)
        key = (device, camera, at, text)
        jpeg = await asyncio.to_thread(desk.crop, person, trace_id, key)
        headers = {"Cache-Control": "no-store"}
        return Response(jpeg, media_type="image/jpeg", headers=headers)

    @router.delete("/{trace_id}", status_code=204, dependencies=[declares(), *changing])
    async def end(trace_id: Id, person: PersonToken = Depends(persons.required)) -> Response:
        """Over now: what was seen is forgotten here, and the poles give it up as they are there."""
        require(person, SEARCHERS, DOING)
        await asyncio.to_thread(desk.end, person, trace_id)
        return Response(status_code=204)

    return router


async def _later(desk: TraceDesk, trace_id: str, after: int) -> int:
    """The first revision but `after`; `after` itself when WAIT_S is over, 0 when it is gone."""
    until = asyncio.get_running_loop().time() + WAIT_S
    while (revision := desk.revision(trace_id)) == after:
        if asyncio.get_running_loop().time() >= until:
            return after
        await asyncio.sleep(LOOK_S)
    return revision
