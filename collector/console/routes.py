"""The console's pages, and the router that holds all of it."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Any, get_args
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from collector.access import SCOPES, Reads, declares
from collector.console.api import build_api
from collector.console.assets import shipped
from collector.console.case_file_api import build_case_file_api
from collector.console.door import back, own, signed_in
from collector.console.estate_pages import build_estate_pages
from collector.console.headers import ConsoleRoute, policy_for_maps
from collector.console.health_api import build_health_api
from collector.console.map_api import build_map_api
from collector.console.reach import VIEWERS, sees_every_camera
from collector.console.shift_api import build_shift_api
from collector.console.words import COOKIE, LANGUAGES, language_of, translator
from collector.mounting import mount
from collector.problems import ProblemError
from collector.services.boards.desk import WRITERS
from collector.services.boards.routes import LINKERS
from collector.services.cases import APPROVERS
from collector.services.facilities import SWITCHERS
from collector.services.plate_search import PLATE_COLORS, SEARCHERS
from collector.services.rules.desk import TRIERS
from collector.services.vehicle_lists.api import KEEPERS as LIST_KEEPERS
from collector.services.vehicle_lists.api import READERS as LIST_READERS
from collector.services_for_console import ConsoleServices
from collector.texts import TYPES
from wire.grant import PersonToken
from wire.names import Name, utc_text
from wire.plates import Paint, VehicleKind

YEAR_S = 31_536_000
_THEMES = ("auto", "dark", "light")


@functools.cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def build_router(services: ConsoleServices) -> APIRouter:
    """Sign-in page, queue, holds, language switch, static files and the API."""
    router = APIRouter(route_class=ConsoleRoute, dependencies=[declares()])
    assets, pages = shipped(), _templates()
    somebody = signed_in(services.person_of)
    people = [Depends(somebody)]

    def page(request: Request, name: str, **values: Any) -> Response:
        language = language_of(request)
        theme = request.cookies.get("pw_theme")
        person = services.person_of(request)
        html = pages.get_template(name).render(
            t=translator(language),
            lang=language,
            theme=theme if theme in _THEMES else "auto",
            zone=services.settings.time_zone,
            site=services.settings.site,
            asset=assets.url,
            person="" if person is None else person.person,
            roles=() if person is None else person.roles,
            **values,
        )
        return Response(html, media_type="text/html; charset=utf-8")

    @router.get("/")
    @router.get("/incidents/{incident_id}")
    def queue(request: Request, person: PersonToken = Depends(somebody)) -> Any:
        return page(
            request,
            "queue.html",
            agency=person.agency,
            signed_in_at=utc_text(person.issued_at),
            types=tuple(TYPES),
        )

    @router.get("/incidents/{incident_id}/file", dependencies=people)
    def case_file(request: Request) -> Any:
        """All of one incident: to read, to ask, to approve, to destroy."""
        return page(request, "casefile.html")

    @router.get("/cases")
    def cases(request: Request, person: PersonToken = Depends(somebody)) -> Any:
        """The safety services: asking, deciding, watching."""
        decides = bool(APPROVERS & set(person.roles))
        return page(request, "cases.html", agency=person.agency, decides=decides)

    @router.get("/disasters")
    def disasters(request: Request, person: PersonToken = Depends(somebody)) -> Any:
        """Alerts of an area: entering, deciding, watching."""
        decides = bool(APPROVERS & set(person.roles))
        areas = [one.name for one in services.areas()]
        return page(request, "disasters.html", decides=decides, areas=areas)

    @router.get("/unit")
    def unit(request: Request) -> Any:
        """A unit's page: empty without the token behind the #, which never comes here."""
        answer = page(request, "unit.html")
        # It may know where it is, and shows pictures that it fetched with its token.
        answer.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(self)"
        answer.headers["Content-Security-Policy"] = policy_for_maps(
            services.settings.map.origin, fetched=True
        )
        return answer

    @router.get("/holds", dependencies=people)
    def holds(request: Request) -> Any:
        return page(request, "holds.html")

    @router.get("/reads", dependencies=people)
    def reads(request: Request) -> Any:
        """Who read what of whom, for the privacy officer."""
        return page(request, "reads.html", kinds=get_args(Reads))

    @router.get("/tokens", dependencies=people)
    def tokens(request: Request) -> Any:
        """What programs ask with, for administrators."""
        agencies = sorted(services.agencies())
        return page(request, "tokens.html", agencies=agencies, scopes=SCOPES)

    @router.get("/vehicles")
    def vehicles(request: Request, person: PersonToken = Depends(somebody)) -> Any:
        """A vehicle is searched for across the poles."""
        answer = page(
            request,
            "vehicles.html",
            most_hours=services.settings.traces.most_hours,
            searches=bool(SEARCHERS & set(person.roles)),
            colors=PLATE_COLORS,
            vehicles=get_args(VehicleKind)[:-1],
            paints=get_args(Paint)[:-1],
            agencies=sorted(services.agencies()),
        )
        answer.headers["Content-Security-Policy"] = policy_for_maps(services.settings.map.origin)
        return answer

    @router.get("/lists")
    def lists(request: Request, person: PersonToken = Depends(somebody)) -> Any:
        """Lists of vehicles: what there is, how far the poles are, and a new table for one."""
        return page(
            request,
            "lists.html",
            reads=bool(LIST_READERS & set(person.roles)),
            keeps=bool(LIST_KEEPERS & set(person.roles)),
            agencies=sorted(services.agencies()),
        )

    @router.get("/boards")
    def boards(request: Request, person: PersonToken = Depends(somebody)) -> Any:
        """Electronic boards: what they show, messages, approval."""
        roles = set(person.roles)
        writes, links = bool(WRITERS & roles), bool(LINKERS & roles)
        return page(request, "boards.html", writes=writes, links=links)

    @router.get("/board/{board}")
    def screen(request: Request, board: Name) -> Any:
        """A web board's screen: dark without the token behind the #, which never comes here."""
        return page(request, "board.html", board=board)

    @router.get("/map")
    def city_map(request: Request, person: PersonToken = Depends(somebody)) -> Any:
        """Cameras, what goes on, and areas to choose cameras by."""
        views = bool(VIEWERS & set(person.roles))
        answer = page(request, "map.html", views=views)
        answer.headers["Content-Security-Policy"] = policy_for_maps(services.settings.map.origin)
        return answer

    @router.get("/wall", dependencies=people)
    def wall(request: Request) -> Any:
        """Up to nine cameras at once, live."""
        return page(request, "wall.html")

    @router.get("/rules")
    def rules(request: Request, person: PersonToken = Depends(somebody)) -> Any:
        """A camera's zones, lines and rules."""
        may = bool(TRIERS & set(person.roles))
        return page(request, "rules.html", may=may)

    @router.get("/health")
    def health(request: Request, person: PersonToken = Depends(somebody)) -> Any:
        """How boxes, cameras and the centre are."""
        may, switches = sees_every_camera(person), bool(SWITCHERS & set(person.roles))
        return page(request, "health.html", may=may, switches=switches)

    @router.get("/sign-in")
    def sign_in(request: Request, next: str = "/") -> Any:
        if services.person_of(request) is not None:
            return RedirectResponse(own(next), 303)
        return page(request, "signin.html", next=own(next))

    @router.post("/language")
    def language(request: Request, lang: Annotated[str, Form()]) -> Any:
        if lang not in LANGUAGES:
            raise ProblemError("request.invalid", f"lang must be one of {', '.join(LANGUAGES)}")
        origin = urlsplit(request.headers.get("origin", "")).netloc
        if origin and origin != request.headers.get("host"):
            raise ProblemError("auth.forbidden", "asked for by another site")
        answer = RedirectResponse(back(request), 303)
        answer.set_cookie(
            COOKIE,
            lang,
            max_age=YEAR_S,
            samesite="strict",
            httponly=True,
            secure=services.settings.secure,
        )
        return answer

    @router.get("/static/{version}/{name:path}")
    def static(version: str, name: str) -> Any:
        found = assets.get(name)
        if found is None:
            raise ProblemError("asset.unknown", "there is no such file", status=404)
        # A page of an older version may ask once more; only what fits its name is kept.
        kept = f"public, max-age={YEAR_S}, immutable" if version == assets.version else "no-store"
        return Response(found.content, media_type=found.media_type, headers={"Cache-Control": kept})

    router.include_router(build_estate_pages(services, page, somebody))

    # Beside the pages, not below them: each of these declares for itself.
    whole = APIRouter()
    mount(whole, router)
    mount(whole, build_api(services))
    mount(whole, build_shift_api(services))
    mount(whole, build_map_api(services))
    mount(whole, build_health_api(services))
    mount(whole, build_case_file_api(services))
    return whole
