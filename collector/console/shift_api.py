"""What changed since a shift began, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from collector.access import declares
from collector.console import view
from collector.console.headers import ConsoleRoute
from collector.console.reach import Reach
from collector.problems import ProblemError
from collector.services_for_console import ConsoleServices
from collector.store import shift
from collector.whep import moment_of
from wire.names import utc_text


def build_shift_api(services: ConsoleServices) -> APIRouter:
    """`GET /api/shift`, for who sees all incidents."""
    router = APIRouter(route_class=ConsoleRoute)

    def sees_all(request: Request) -> None:
        person = services.person_of(request)
        if person is None:
            raise ProblemError("auth.required")
        if not Reach.of(person).all:
            raise ProblemError("auth.forbidden", "this needs one of the roles operator, supervisor")

    @router.get("/api/shift", dependencies=[declares("shift"), Depends(sees_all)])
    def since(began: Annotated[str, Query(alias="since", description="RFC 3339")]) -> Any:
        """Incidents by severity and state, what people did, cameras and boxes that changed."""
        at = moment_of("since", began)
        found = services.reader.look(lambda run: shift.since(run, at))
        changed = set(found.cameras)
        cameras = [
            view.camera(one)
            for one in services.reader.cameras()
            if (one.device, one.camera) in changed or one.device in found.devices
        ]
        return {
            "since": utc_text(at),
            "tallies": [asdict(one) for one in found.tallies],
            "steps": [{**asdict(one), "at": utc_text(one.at)} for one in found.steps],
            "steps_in_all": found.steps_in_all,
            "failed": [asdict(one) for one in found.failed],
            "cameras": cameras,
        }

    return router
