"""Pages of the registry of assets, and what a label's code opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Protocol
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from collector.console.headers import ConsoleRoute
from collector.problems import ProblemError
from collector.services.estate.api import KEEPERS, READERS
from collector.services.estate.faults import FAULTS
from collector.services.estate.fields import FIELDS, KINDS
from collector.services.estate.labels import MOST, labels, wanted
from collector.services.estate.work_desk import ASSIGNERS, PLANNERS, WORKERS
from collector.services_for_console import ConsoleServices
from collector.store import estate
from wire.grant import PersonToken

AssetId = Annotated[str, Path(pattern=r"^[a-z2-9]{12}$")]


class Page(Protocol):
    """Renders a template for who asks."""

    def __call__(self, request: Request, name: str, **values: Any) -> Response: ...


def build_estate_pages(
    services: ConsoleServices, page: Page, somebody: Callable[[Request], PersonToken]
) -> APIRouter:
    """List, asset, month and labels; the API behind them says who may see what."""
    router = APIRouter(route_class=ConsoleRoute)

    def shown(request: Request, person: PersonToken, name: str, **values: Any) -> Response:
        roles = set(person.roles)
        return page(
            request,
            name,
            may=bool(READERS & roles),
            keeps=bool(KEEPERS & roles),
            works=bool(WORKERS & roles),
            assigns=bool(ASSIGNERS & roles),
            plans=bool(PLANNERS & roles),
            **values,
        )

    @router.get("/assets")
    def every(request: Request, person: PersonToken = Depends(somebody)) -> Any:
        """The registry: to search, to take in, to give out."""
        return shown(request, person, "estate.html", kinds=KINDS, faults=FAULTS)

    @router.get("/assets/availability")
    def availability(request: Request, person: PersonToken = Depends(somebody)) -> Any:
        """A month of every camera."""
        now = services.clock.now().astimezone(services.settings.zone)
        return shown(request, person, "estate_month.html", month=f"{now:%Y-%m}")

    @router.get("/assets/labels")
    def sheet(
        request: Request,
        words: Annotated[str, Query(max_length=80)] = "",
        kind: Annotated[str, Query(max_length=20)] = "",
        department: Annotated[str, Query(max_length=120)] = "",
        start: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
        person: PersonToken = Depends(somebody),
    ) -> Any:
        """Labels to print, of what the list was narrowed to."""
        if not READERS & set(person.roles):
            raise ProblemError("auth.forbidden", "labels are for who sees assets")
        cameras = services.settings.places()
        found = wanted(services.reader.look(estate.all_of), words, kind, department, cameras)
        base = services.settings.public_url or str(request.base_url)
        return page(
            request,
            "estate_labels.html",
            labels=labels(found[start : start + MOST], base, cameras),
            many=len(found),
            start=start,
            step=MOST,
            asked=urlencode({"words": words, "kind": kind, "department": department}),
        )

    @router.get("/assets/{asset_id}")
    def one(request: Request, asset_id: AssetId, person: PersonToken = Depends(somebody)) -> Any:
        """One asset, on a phone too."""
        return shown(request, person, "estate_asset.html", asset_id=asset_id, fields=FIELDS)

    @router.get("/a/{asset_id}")
    def scanned(asset_id: AssetId) -> Any:
        """What a label says. It leads on whether or not there is such an asset."""
        return RedirectResponse(f"/assets/{asset_id}", 303)

    return router
