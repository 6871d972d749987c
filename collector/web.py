"""The web application: console, WHEP, sign-in, grants and decisions under one guard."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from joserfc.jwk import OKPKey

from collector import (
    answers,
    decisions,
    forwarding,
    holds,
    problems,
    provision,
    read_routes,
    relay,
    whep,
)
from collector.access import declares
from collector.api_tokens import ApiTokens
from collector.api_tokens import build_router as build_tokens
from collector.areas import NamedArea
from collector.changes import Changes
from collector.channels.https import EndpointOf
from collector.commander import Commander
from collector.config import CollectorSettings
from collector.console.routes import build_router as build_console
from collector.guard import Guard
from collector.incident_desk import IncidentDesk
from collector.mounting import mount
from collector.permit_watch import PermitWatch
from collector.persons import Persons
from collector.reads import ReadLog, ReadMiddleware
from collector.recordings import Recordings
from collector.routing import Routing
from collector.services import dispatch_support, emergency_video, facilities, sos, unit
from collector.services.boards import routes as boards_api
from collector.services.boards.desk import BoardDesk
from collector.services.boards.drivers.web import Screens
from collector.services.boards.registry import Boards
from collector.services.boards.screens import ScreenDesk, build_screens
from collector.services.cases import CaseDesk, both
from collector.services.disaster import routes as disasters
from collector.services.disaster.case import Alerts
from collector.services.disaster.desk import DisasterDesk
from collector.services.estate import api as estate_api
from collector.services.estate import work_api
from collector.services.estate.desk import EstateDesk
from collector.services.estate.release import release
from collector.services.estate.world import WorldView
from collector.services.layer import Layer, load_layer
from collector.services.offering import Offering
from collector.services.plate_area import PlateArea
from collector.services.plate_evidence import PlateEvidence
from collector.services.plate_evidence import build_router as build_plate_evidence
from collector.services.plate_search import PlateSearchDesk
from collector.services.plate_search import build_router as build_plate_search
from collector.services.rules import api as rules_api
from collector.services.rules.desk import RulesDesk
from collector.services.tracing import api as tracing_api
from collector.services.tracing.desk import TraceDesk
from collector.services.unit_link import UnitLinks
from collector.services.unit_positions import UnitPositions
from collector.services.vehicle_lists import api as vehicle_lists_api
from collector.services.vehicle_lists.desk import ListDesk
from collector.services.withdrawal import Withdrawal
from collector.services_for_console import ConsoleServices
from collector.store.database import Database
from collector.store.reader import Reader
from wire.clock import Clock
from wire.identity import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """What the web application is built of."""

    settings: CollectorSettings
    clock: Clock
    identity: Identity
    database: Database
    changes: Changes
    persons: Persons
    commander: Commander
    desk: IncidentDesk
    endpoint_of: EndpointOf
    routing: Callable[[], Routing]
    device_key: Callable[[str], OKPKey | None]
    wake_dispatch: Callable[[], None]
    wake_orders: Callable[[], None]
    alerts: Alerts
    disasters_changed: Callable[..., None]
    broker_sessions: Callable[[], Mapping[str, bool]]
    """Whether messages flow, by session."""
    agencies: Callable[[], Collection[str]]
    areas: Callable[[], tuple[NamedArea, ...]]
    devices: Callable[[], Collection[str]]
    certificate_ends: Callable[[], Mapping[str, datetime]]
    wake_lists: Callable[[], None]
    traces: TraceDesk
    wake_rules: Callable[[], None]
    boards: Boards
    screens: Screens
    lead_boards: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Web:
    """The application, and what runs beside it."""

    app: FastAPI
    permits: PermitWatch
    withdrawn: Callable[[Withdrawal], None]
    """Orders to end what somebody watches were written."""


def build_web(parts: WebParts) -> Web:
    """What `collector run` serves."""
    settings = parts.settings
    app = FastAPI(title="Polewatch collector", docs_url=None, redoc_url=None)
    problems.install(app)
    app.add_middleware(ReadMiddleware, reads=ReadLog(parts.database, parts.clock))
    longer = disasters.LONGER | estate_api.LONGER | vehicle_lists_api.LONGER
    app.add_middleware(Guard, secure=settings.secure, longer=longer)
    front = whep.WhepFront(
        parts.commander, parts.database, settings.ice, parts.clock, parts.persons.grant
    )
    mount(app, whep.build_router(front))
    people = relay.Relay(
        settings, _signer_client(parts), parts.persons, parts.database, parts.clock
    )
    mount(app, relay.build_router(people, parts.persons))
    decided = decisions.Decisions(
        parts.database, parts.desk, parts.changes, parts.clock, _decided(parts)
    )
    mount(app, decisions.build_router(decided, parts.persons))
    onward = forwarding.Forwarding(
        parts.database,
        parts.desk,
        parts.changes,
        parts.clock,
        lambda: forwarding.receivers(parts.routing(), parts.agencies()),
        parts.wake_dispatch,
    )
    mount(app, forwarding.build_router(onward, parts.persons))
    said = answers.Answers(
        parts.database,
        parts.desk,
        parts.endpoint_of,
        parts.changes,
        parts.clock,
        parts.wake_dispatch,
    )
    mount(app, answers.build_router(said))
    kept = holds.Holds(parts.database, parts.commander, parts.clock, parts.wake_orders)
    mount(app, holds.build_router(kept, parts.persons))

    tokens = ApiTokens(parts.database, parts.clock, parts.agencies)
    app.state.api_tokens = tokens.verify
    mount(app, build_tokens(tokens, parts.persons))

    reader = Reader(parts.database.path, settings.places())
    mount(app, read_routes.build_router(reader, parts.persons))
    offering = Offering(settings.places(), reader.cameras)
    calls = sos.SosDesk(
        settings.sos,
        parts.database,
        parts.desk,
        offering,
        parts.changes,
        parts.clock,
        parts.wake_dispatch,
    )
    withdrawn = _withdrawn(parts, front)
    cases = CaseDesk(
        parts.database,
        reader,
        people,
        parts.changes,
        parts.clock,
        parts.agencies,
        both(calls.closing, parts.alerts.closing),
        parts.wake_dispatch,
        withdrawn,
    )
    alerts = DisasterDesk(
        settings.disaster_rooms,
        parts.database,
        parts.alerts,
        offering,
        parts.areas,
        parts.clock,
        settings.zone,
        parts.disasters_changed,
    )
    console = disasters.Console(parts.database, alerts, parts.alerts, cases, parts.clock)
    mount(app, disasters.build_router(alerts, console, parts.persons))
    positions = UnitPositions(parts.clock)
    permits = PermitWatch(parts.settings.signer, parts.identity, cases, parts.clock, positions.keep)
    mount(app, sos.build_router(calls, cases, parts.persons))
    mount(app, emergency_video.build_router(cases, offering, parts.persons))
    scenes = dispatch_support.DispatchDesk(offering, reader, parts.clock)
    mount(
        app,
        dispatch_support.build_router(
            cases, scenes, parts.persons, parts.clock, settings.public_url
        ),
    )
    given = provision.Provision(parts.database, reader, cases, offering, parts.clock, settings.zone)
    mount(app, provision.build_router(given, parts.persons))
    layer = load_layer(settings.layer) if settings.layer else Layer()
    links = UnitLinks(parts.database, parts.clock, settings.secure)
    units = unit.UnitPages(
        cases, offering, reader, parts.persons, layer, links, positions, parts.changes, settings.map
    )
    mount(app, unit.build_router(units, people))
    area = PlateArea(offering, settings.places())
    searches = PlateSearchDesk(
        parts.database,
        parts.commander,
        area,
        settings.places(),
        parts.devices,
        parts.clock,
    )
    mount(app, build_plate_search(searches, parts.persons))
    evidence = PlateEvidence(parts.database, reader, searches, parts.changes, parts.clock)
    mount(app, build_plate_evidence(evidence, parts.persons))
    mount(app, tracing_api.build_router(parts.traces, area, parts.persons, parts.devices))
    mount(
        app,
        vehicle_lists_api.build_router(
            ListDesk(parts.agencies), parts.database, parts.persons, parts.clock, parts.wake_lists
        ),
    )

    world = WorldView(
        reader,
        parts.certificate_ends,
        settings.zone,
        parts.clock,
        release(settings.assets.models),
        parts.boards.ids,
    )
    keeping = EstateDesk(reader.cameras, parts.boards.ids)
    owned = estate_api.Estate(parts.database, reader, world, keeping, settings.zone, parts.clock)
    mount(app, estate_api.build_router(owned, parts.persons.required))
    mount(app, work_api.build_router(parts.database, reader, parts.persons.required, parts.clock))
    drawn = RulesDesk(
        parts.database,
        parts.commander,
        parts.clock,
        parts.devices,
        parts.wake_rules,
    )
    mount(app, rules_api.build_router(drawn, parts.database, parts.persons))
    boards = _add_boards(app, parts)
    hung = facilities.FacilityOrders(parts.database, reader, parts.commander, parts.clock)
    mount(app, facilities.build_router(hung, parts.persons))

    @app.get("/healthz", include_in_schema=False, dependencies=[declares()])
    def healthz() -> JSONResponse:
        """For watchdogs: whether messages flow. Says nothing about anybody."""
        sessions = dict(parts.broker_sessions())
        up = all(sessions.values())
        return JSONResponse({"broker": up, "sessions": sessions}, status_code=200 if up else 503)

    services = ConsoleServices(
        reader=reader,
        changes=parts.changes,
        settings=settings,
        person_of=parts.persons.of,
        broker_sessions=parts.broker_sessions,
        clock=parts.clock,
        recording=Recordings(parts.commander).show,
        areas=parts.areas,
        certificate_ends=parts.certificate_ends,
        layer=layer,
        cases_of=lambda person: cases.list(person, all_states=False),
        positions=positions.of,
        agencies=parts.agencies,
        things=boards.things,
        device_key=lambda device: _public(parts.device_key(device)),
    )
    mount(app, build_console(services))
    return Web(app, permits, withdrawn)


def _add_boards(app: FastAPI, parts: WebParts) -> BoardDesk:
    desk = BoardDesk(parts.boards, parts.database, parts.changes, parts.clock, parts.lead_boards)
    screens = ScreenDesk(
        parts.boards,
        parts.database,
        parts.screens,
        parts.changes,
        parts.clock,
        secure=parts.settings.secure,
    )
    mount(app, boards_api.build_router(desk, screens, parts.persons))
    mount(app, build_screens(screens))
    return desk


def _decided(parts: WebParts) -> Callable[[], None]:
    """Agencies hear of a decision, and a pole may let go of what it held."""

    def wake() -> None:
        parts.wake_dispatch()
        parts.wake_orders()

    return wake


def _public(key: OKPKey | None) -> str | None:
    return None if key is None else str(key.as_dict(private=False)["x"])


def _withdrawn(parts: WebParts, front: whep.WhepFront) -> Callable[[Withdrawal], None]:
    """Who watches hears why, and the poles' orders go out."""

    def tell(withdrawal: Withdrawal) -> None:
        parts.wake_orders()
        front.withdraw(withdrawal)

    return tell


def _signer_client(parts: WebParts) -> httpx.AsyncClient:
    return httpx.AsyncClient(**relay.way_to(parts.settings.signer, parts.identity))
