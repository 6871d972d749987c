"""The console's JSON: incidents, stills, cameras, counts and the live stream."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import StringConstraints
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from collector.access import declares, reads
from collector.console import view
from collector.console.camera_reach import cameras_of
from collector.console.headers import ConsoleRoute
from collector.console.reach import Reach
from collector.console.stream import BEAT_S, MAX_STREAMS, Stream, read_summary
from collector.problems import ProblemError
from collector.services_for_console import ConsoleServices
from collector.store.rows import IncidentFilter
from collector.suggestions import suggested
from collector.whep import moment_of
from wire.event import Severity
from wire.grant import PersonToken
from wire.incident import MAX_PLATES, IncidentState
from wire.names import UUID_PATTERN, Name
from wire.recording import RecordingQuestion

MOST_OF_A_STILL = 50
RuleTypeName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,40}$")]
PRIVATE_FOR_A_DAY = "private, max-age=86400, immutable"


def asked_filter(
    words: Annotated[str, Query(alias="q", max_length=100)] = "",
    states: Annotated[tuple[IncidentState, ...], Query(alias="state")] = (),
    types: Annotated[tuple[RuleTypeName, ...], Query(alias="type", max_length=20)] = (),
    severities: Annotated[tuple[Severity, ...], Query(alias="severity")] = (),
    since: Annotated[str | None, Query(description="RFC 3339; opened since then.")] = None,
) -> IncidentFilter:
    """What a list is asked to be narrowed to; raises ProblemError."""
    return IncidentFilter(
        words=tuple(words.split()),
        states=states,
        types=types,
        severities=severities,
        since=None if since is None else moment_of("since", since),
    )


def build_api(services: ConsoleServices) -> APIRouter:
    """Routes below /api and /stills; every one of them asks who is there first."""
    router = APIRouter(route_class=ConsoleRoute)
    reader, site = services.reader, view.Site.of(services.settings)
    streams = 0

    def signed_in(request: Request) -> PersonToken:
        person = services.person_of(request)
        if person is None:
            raise ProblemError("auth.required")
        return person

    def read_suggestions(rule: tuple[str, str, str] | None = None) -> list[view.Json]:
        when = services.settings.incidents
        since = services.clock.now() - timedelta(days=when.suggest_days)
        counts = reader.rule_counts(since, rule)
        found = suggested(counts, after=when.suggest_after, share=when.suggest_share)
        return [view.suggestion(one, when.suggest_days) for one in found]

    @router.get("/api/suggestions", dependencies=[declares()])
    def suggestions(request: Request) -> Any:
        """Rules that people reject often; nothing changes by itself."""
        allowed = Reach.of(signed_in(request)).all
        return {"suggestions": read_suggestions() if allowed else []}

    @router.get("/api/incidents", dependencies=[declares("incidents", scope="incidents:read")])
    def incidents(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        before: Annotated[str | None, Query(max_length=100)] = None,
        filters: IncidentFilter = Depends(asked_filter),
    ) -> Any:
        narrowed = Reach.of(signed_in(request)).narrowed(filters)
        if narrowed is None:
            return {"incidents": [], "before": None}
        try:
            found = reader.incidents(limit, before, narrowed)
        except ValueError as error:
            raise ProblemError("request.invalid", str(error)) from error
        return view.page(found, site)

    @router.get(
        "/api/incidents/{incident_id}",
        dependencies=[declares("incident", record="incident_id", scope="incidents:read")],
    )
    def incident(request: Request, incident_id: Annotated[str, Path(pattern=UUID_PATTERN)]) -> Any:
        reach = Reach.of(signed_in(request))
        found = reader.incident(incident_id, view.MAX_EVENTS)
        if found is None or not reach.sees(found.incident):
            raise ProblemError("incident.unknown", "there is no such incident", status=404)
        one = found.incident
        about = read_suggestions((one.device, one.camera, one.rule)) if reach.all else []
        return view.detail(found, site, about[0] if about else None)

    @router.get(
        "/incidents/{incident_id}/plates/{at}.jpg",
        dependencies=[declares("incident", record="incident_id", scope="incidents:read")],
    )
    def plate_crop(
        request: Request,
        incident_id: Annotated[str, Path(pattern=UUID_PATTERN)],
        at: Annotated[int, Path(ge=0, lt=MAX_PLATES)],
    ) -> Any:
        reach = Reach.of(signed_in(request))
        found = reader.incident(incident_id, 0)
        if found is None or not reach.sees(found.incident):
            raise ProblemError("incident.unknown", "there is no such incident", status=404)
        crop = found.plates[at].plate.crop if at < len(found.plates) else None
        if crop is None:
            raise ProblemError("still.unknown", "the picture is not here", status=404)
        return Response(base64.b64decode(crop), media_type="image/jpeg")

    @router.get(
        "/stills/{sha256}.jpg",
        dependencies=[declares("still", record="sha256", scope="incidents:read")],
    )
    def still(request: Request, sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]) -> Any:
        reach = Reach.of(signed_in(request))
        jpeg = reader.still(sha256)
        seen = reach.all or any(
            reach.sees(one) for one in reader.incidents_of_still(sha256, MOST_OF_A_STILL)
        )
        if jpeg is None or not seen:
            raise ProblemError("still.unknown", "the picture is not here", status=404)
        headers = {"Cache-Control": PRIVATE_FOR_A_DAY, "ETag": f'"{sha256}"'}
        return Response(jpeg, media_type="image/jpeg", headers=headers)

    @router.get("/api/cameras", dependencies=[declares(scope="assets:read")])
    async def cameras(request: Request) -> Any:
        """How cameras are: all of them, for an officer those that concern his agency."""
        seen = await cameras_of(services, signed_in(request))

        def read() -> bytes:
            rows = reader.cameras()
            shown = (one for one in rows if seen is None or (one.device, one.camera) in seen)
            return view.compact({"cameras": [view.camera(one) for one in shown]})

        found = await run_in_threadpool(read)
        return Response(found, media_type="application/json")

    @router.get("/api/recordings/{device}/{camera}", dependencies=[declares()])
    async def recording(
        device: Annotated[Name, Path()],
        camera: Annotated[Name, Path()],
        start: Annotated[str, Query(alias="from", description="RFC 3339")],
        end: Annotated[str, Query(alias="to", description="RFC 3339; at most a day later")],
        person: PersonToken = Depends(signed_in),
    ) -> Any:
        """Recorded and held spans, or why the pole does not answer: a bar is drawn either way."""
        seen = await cameras_of(services, person)
        if seen is not None and (device, camera) not in seen:
            raise ProblemError("auth.forbidden", "the camera is of none of your agency's incidents")
        span = moment_of("from", start), moment_of("to", end)
        if span[0] >= span[1]:
            raise ProblemError("request.invalid", "'from' must be before 'to'")
        asked = RecordingQuestion(camera=camera, start_at=span[0], end_at=span[1])
        try:
            found = await services.recording(device, asked)
        except ProblemError as error:
            return {"recording": None, "problem": {"code": error.code, "detail": error.detail}}
        return {"recording": found.model_dump(mode="json"), "problem": None}

    @router.get("/api/summary", dependencies=[declares(scope="incidents:read")])
    def summary(request: Request) -> Any:
        return read_summary(services, Reach.of(signed_in(request)))

    @router.get("/api/stream", dependencies=[declares("incidents")])
    async def stream(request: Request, units: bool = False) -> Any:
        """What changes; with `units` where those are too, entered as a read of the map."""
        nonlocal streams
        person = signed_in(request)
        if units:
            reads(request, "map")
        if streams >= MAX_STREAMS:
            raise ProblemError("console.crowded", "too many pages are open", status=503)

        async def messages() -> Any:
            nonlocal streams
            streams += 1
            try:
                async for one in Stream(services, site, person, units=units).messages():
                    yield one
            finally:
                streams -= 1

        return EventSourceResponse(
            messages(),
            ping=BEAT_S,
            ping_message_factory=lambda: ServerSentEvent(data="", event="beat"),
            send_timeout=20,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return router
