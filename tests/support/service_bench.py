"""The safety services over HTTP in one process: real signer, real store, a clock that is set."""

from __future__ import annotations

import functools
import json
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from collector import problems, relay
from collector.changes import Changes
from collector.config import (
    CameraPlace,
    CollectorSettings,
    DisasterRoom,
    SignerAddress,
    SosSender,
)
from collector.guard import Guard
from collector.incident_desk import IncidentDesk
from collector.ledger import verify
from collector.mounting import mount
from collector.persons import Persons
from collector.routing import Routing
from collector.services import dispatch_support, emergency_video, sos, unit
from collector.services.cases import CaseDesk, both
from collector.services.disaster import routes as disasters
from collector.services.disaster.case import Alerts
from collector.services.disaster.desk import DisasterDesk
from collector.services.disaster.keeper import DisasterKeeper
from collector.services.layer import Layer
from collector.services.offering import Offering
from collector.services.place import Point, moved
from collector.services.unit_link import UnitLinks
from collector.services.unit_positions import UnitPositions
from collector.services.withdrawal import Withdrawal
from collector.signer.accounts import FILE_NAME, Account, SignerStore
from collector.signer.app import build_app
from collector.signer.config import SignerSettings
from collector.signer.desk import SignerDesk
from collector.signer.permit import StandingRule
from collector.signer.permits import Permits
from collector.store.reader import Reader
from provisioning.authority import Authority
from tests.support.new_store import new_store
from wire.clock import SimulatedClock
from wire.identity import Identity
from wire.register import Trust

PASSWORD = "correct horse battery"
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
BASIS = "개인정보 보호법 제18조제2항제3호"
SCENE = Point(37.5371, 126.7377)
SECRET = b"a secret of thirty-two bytes and more"
ROUTES = {
    "routes": [
        {"name": "sos", "types": ["sos"], "agencies": ["police"]},
        {"name": "disaster", "types": ["disaster"], "agencies": ["disaster", "fire"]},
        {"name": "south", "types": ["disaster"], "areas": ["south"], "agencies": ["police"]},
    ],
    "areas": [
        {"name": "south", "circle": [37.5366, 126.7377, 40]},
        {"name": "gyesan", "circle": [37.5371, 126.7377, 45], "code": "2824510100"},
    ],
}
ROUTING = Routing.model_validate(ROUTES)
PEOPLE = (
    ("kim", "police", "officer"),
    ("lee", "fire", "officer"),
    ("park", "disaster", "officer"),
    ("oper", "centre", "operator"),
    ("chief", "centre", "supervisor"),
    ("tech", "centre", "technician"),
    ("priv", "centre", "privacy"),
    ("admin", "centre", "administrator"),
)


def camera(name: str, east: float, north: float, **changed: Any) -> CameraPlace:
    """A camera so many metres from the scene."""
    at = moved(SCENE, east, north)
    usual = {"device": "pole-001-1", "camera": name, "title": name, "lat": at.lat, "lon": at.lon}
    return CameraPlace.model_validate({**usual, **changed})


CAMERAS = (
    camera("north", 0, 40, bearing_deg=180),
    camera("south", 0, -30, bearing_deg=0, title_en="South side"),
    camera("east", 50, 0, bearing_deg=90),
    camera("far", 0, 900, bearing_deg=180, range_m=1000),
)


@functools.cache
def _accounts() -> bytes:
    """The signer's database with PEOPLE in it: each test has a copy."""
    with tempfile.TemporaryDirectory() as folder:
        store = SignerStore(Path(folder), HASHER)
        for name, agency, role in PEOPLE:
            store.add(Account(name, agency, (role,)), PASSWORD, datetime.now(UTC))
        store.close()
        return (Path(folder) / FILE_NAME).read_bytes()


HYDRANT = Layer(hydrants=(("H-1", moved(SCENE, 0, 25)),))


class ServiceBench:
    """One centre. `client(name)` is somebody who is signed in."""

    def __init__(
        self,
        folder: Path,
        town: Authority,
        cameras: tuple[CameraPlace, ...] = CAMERAS,
        layer: Layer = HYDRANT,
    ) -> None:
        # The city's certificates were made just now, by the machine's clock.
        self.clock = SimulatedClock(datetime.now(UTC))
        (folder / "signer").mkdir(mode=0o700)
        (folder / "signer" / FILE_NAME).write_bytes(_accounts())
        self.signer_store = SignerStore(folder / "signer", HASHER)
        identity = Identity.load(town.identity("signer"))
        signer = SignerSettings(
            identity=town.identity("signer"),
            register_file=town.register_file,
            data=folder / "signer",
        )
        self.collector = Identity.load(town.identity("collector"))
        trust = Trust(town.register_file, now=self.clock.now())
        desk = SignerDesk(
            signer,
            identity,
            self.signer_store,
            self.clock,
            lambda: ("pole-001-1", "pole-002-1"),
            trust.collector_key,
        )
        self.permits = Permits(self.signer_store, identity)
        secret = folder / "sos.secret"
        secret.write_bytes(SECRET)
        self.settings = CollectorSettings(
            site="testcity",
            identity=town.identity("collector"),
            register_file=town.register_file,
            data=folder / "data",
            routing=folder / "routing.yaml",
            signer=SignerAddress(
                url="http://127.0.0.1:1", certificate=town.identity("signer") / "cert.pem"
            ),
            cameras=cameras,
            sos=(SosSender(name="watch", secret_file=secret, agency="police"),),
            disaster_rooms=(
                DisasterRoom(name="incheon", secret_file=secret, agency="disaster", basis=BASIS),
                DisasterRoom(
                    name="strict", secret_file=secret, agency="disaster", senders=("kma",)
                ),
            ),
        )
        self.database = new_store(folder / "data")
        self.reader = Reader(self.database.path, self.settings.places())
        self.changes = Changes()
        self.persons = Persons(self.settings.signer.certificate, identity.ca_file, self.clock)
        self.signer_up = True
        self.woken = 0
        self.withdrawn: list[Withdrawal] = []
        self.layer = layer
        self.app = FastAPI()
        problems.install(self.app)
        self.app.add_middleware(Guard, secure=False, longer=disasters.LONGER)
        self._later: list[tuple[str, Callable[[], APIRouter]]] = []
        self._routes(build_app(desk))

    def _routes(self, signer_app: FastAPI) -> None:
        transport = _Reachable(self, httpx.ASGITransport(signer_app))
        self._to_signer = _Blocking(self, TestClient(signer_app))
        people = relay.Relay(
            self.settings,
            httpx.AsyncClient(base_url="http://signer", transport=transport),
            self.persons,
            self.database,
            self.clock,
        )
        mount(self.app, relay.build_router(people, self.persons))
        offering = Offering(self.settings.places(), self.reader.cameras)
        desk = IncidentDesk(self.settings, lambda: ROUTING)
        alerts = Alerts(desk, self.clock)
        calls = sos.SosDesk(
            self.settings.sos,
            self.database,
            desk,
            offering,
            self.changes,
            self.clock,
            self._wake,
        )
        cases = CaseDesk(
            self.database,
            self.reader,
            people,
            self.changes,
            self.clock,
            lambda: frozenset({"police", "fire", "disaster"}),
            both(calls.closing, alerts.closing),
            self._wake,
            self.withdrawn.append,
        )
        self._disasters(people, offering, alerts, cases)
        self.cases = cases
        self._later += [
            (r"/sos|/opening", lambda: sos.build_router(calls, cases, self.persons)),
            (
                r"/emergency-video|/cases",
                lambda: emergency_video.build_router(cases, offering, self.persons),
            ),
        ]
        scenes = dispatch_support.DispatchDesk(offering, self.reader, self.clock)
        self._later.append(
            (
                r"-dispatch|/unit",
                lambda: dispatch_support.build_router(
                    cases, scenes, self.persons, self.clock, None
                ),
            )
        )
        self.positions = UnitPositions(self.clock)
        self.units = unit.UnitPages(
            cases,
            offering,
            self.reader,
            self.persons,
            self.layer,
            UnitLinks(self.database, self.clock, secure=False),
            self.positions,
            self.changes,
            self.settings.map,
        )
        self._later.append((r"/unit", lambda: unit.build_router(self.units, people)))

    def _disasters(
        self, people: relay.Relay, offering: Offering, alerts: Alerts, cases: CaseDesk
    ) -> None:
        self.keeper = DisasterKeeper(
            self.settings,
            self.collector,
            self.database,
            alerts,
            self.changes,
            self.clock,
            self._wake,
            self.withdrawn.append,
            self._to_signer,
        )
        rooms = DisasterDesk(
            self.settings.disaster_rooms,
            self.database,
            alerts,
            offering,
            lambda: ROUTING.areas,
            self.clock,
            self.settings.zone,
            self.keeper.changed,
        )
        console = disasters.Console(self.database, rooms, alerts, cases, self.clock)
        self._later.append(
            (r"disaster|/cap/", lambda: disasters.build_router(rooms, console, self.persons))
        )

    async def _asked(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Routes cost a millisecond each to build: a service has its own once it is asked."""
        for path, build in [*self._later]:
            if re.search(path, scope.get("path", "")):
                self._later.remove((path, build))
                mount(self.app, build())
        await self.app(scope, receive, send)

    def _wake(self) -> None:
        self.woken += 1

    @contextmanager
    def client(self, name: str | None = None) -> Iterator[TestClient]:
        headers = {"X-Polewatch": "1"}
        with TestClient(self._asked, headers=headers, raise_server_exceptions=False) as client:
            if name is not None:
                answer = client.post("/api/sign-in", json={"name": name, "password": PASSWORD})
                assert answer.status_code == 200, answer.text
            yield client

    def rule(self, **changed: Any) -> None:
        """A standing rule of the signer that permits the police."""
        now = self.clock.now()
        usual = {
            "rule": "violent-crime",
            "agency": "police",
            "services": ["emergency-video"],
            "bases": [BASIS],
            "valid_from": now - timedelta(hours=1),
            "valid_until": now + timedelta(days=30),
            "document": "2026-11",
            "decided_by": ["Park, privacy officer"],
        }
        self.permits.add_rule(StandingRule.model_validate({**usual, **changed}), now)

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        """Fields of the ledger's entries of one kind; the chain holds."""
        with self.database.reading() as run:
            assert verify(run).fault is None
            rows = run.execute(
                "SELECT f.fields FROM ledger l JOIN ledger_fields f USING (number)"
                " WHERE l.kind = ? ORDER BY number",
                (kind,),
            ).fetchall()
        return [json.loads(row["fields"]) for row in rows]

    def rows(self, sql: str) -> list[sqlite3.Row]:
        with self.database.reading() as run:
            return run.execute(sql).fetchall()

    def close(self) -> None:
        self.reader.close()
        self.database.close()
        self.signer_store.close()


class _Blocking(httpx.BaseTransport):
    """The same way for who waits for his answer on a thread."""

    def __init__(self, bench: ServiceBench, signer: TestClient) -> None:
        self._bench = bench
        self._signer = signer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not self._bench.signer_up:
            raise httpx.ConnectError("cut by the test")
        path = request.url.path
        answer = self._signer.post(path, content=request.read(), headers=dict(request.headers))
        return httpx.Response(answer.status_code, content=answer.content)


class _Reachable(httpx.AsyncBaseTransport):
    """The way to the signer, which a test can cut."""

    def __init__(self, bench: ServiceBench, way: httpx.ASGITransport) -> None:
        self._bench = bench
        self._way = way

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._bench.signer_up:
            raise httpx.ConnectError("cut by the test")
        return await self._way.handle_async_request(request)
