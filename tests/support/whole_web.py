"""The whole web application on a store of its own; no broker, no signer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collector.access import Scope
from collector.api_tokens import ApiTokens, TokenBody
from collector.changes import Changes
from collector.commander import Commander
from collector.config import CameraPlace, CollectorSettings, SignerAddress
from collector.incident_desk import IncidentDesk
from collector.ledger import verify
from collector.persons import Persons
from collector.routing import Routing
from collector.services.boards.drivers.web import Screens
from collector.services.boards.registry import Boards
from collector.services.disaster.case import Alerts
from collector.services.tracing.desk import TraceDesk
from collector.store.database import Database
from collector.voice import Voice
from collector.web import WebParts, build_web
from provisioning.authority import Authority
from wire.clock import SimulatedClock
from wire.identity import Identity

AGENCIES = frozenset({"police", "fire"})
BOARDS = Boards.model_validate(
    {
        "boards": [
            {"id": "square", "title": "광장", "driver": "web", "width_px": 128, "height_px": 64}
        ]
    }
)
ROUTES = {"routes": [{"name": "all", "types": ["fire"], "agencies": ["fire"]}]}
NO_ROOM = "CREATE TRIGGER refuses BEFORE INSERT ON ledger BEGIN SELECT raise(ABORT, 'no room'); END"


class WholeWeb:
    """`app` answers as the running collector does; poles are away."""

    def __init__(self, folder: Path, town: Authority) -> None:
        self.clock = SimulatedClock(datetime.now(UTC))
        signer = SignerAddress(
            url="http://127.0.0.1:1", certificate=town.identity("signer") / "cert.pem"
        )
        settings = CollectorSettings(
            site="testcity",
            identity=town.identity("collector"),
            register_file=town.register_file,
            data=folder / "data",
            routing=folder / "routing.yaml",
            signer=signer,
            cameras=(
                CameraPlace(device="pole-001-1", camera="gate", title="정문", lat=37.5, lon=126.7),
            ),
        )
        identity = Identity.load(town.identity("collector"))
        routing = Routing.model_validate(ROUTES)
        self.database = Database(folder / "data")
        desk = IncidentDesk(settings, lambda: routing)
        commander = Commander(
            Voice(identity, settings.site, self.clock),
            self.clock,
            publish=lambda _topic, _payload: False,
            address_of=lambda _device: None,
            timeout_s=0.1,
        )
        changes = Changes()
        parts = WebParts(
            settings=settings,
            clock=self.clock,
            identity=identity,
            database=self.database,
            changes=changes,
            persons=Persons(signer.certificate, identity.ca_file, self.clock),
            commander=commander,
            desk=desk,
            endpoint_of=lambda _agency, _channel: None,
            routing=lambda: routing,
            wake_dispatch=lambda: None,
            wake_orders=lambda: None,
            alerts=Alerts(desk, self.clock),
            disasters_changed=lambda *_found: None,
            broker_sessions=lambda: {"poles": False},
            agencies=lambda: AGENCIES,
            areas=lambda: (),
            device_key=lambda _device: None,
            wake_lists=lambda: None,
            wake_rules=lambda: None,
            certificate_ends=dict,
            devices=lambda: (),
            traces=TraceDesk(self.database, settings.places(), self.clock, 24),
            boards=BOARDS,
            screens=Screens(changes),
            lead_boards=lambda: None,
        )
        self.app = build_web(parts).app
        self.tokens = ApiTokens(self.database, self.clock, lambda: AGENCIES)

    def token(self, name: str, *scopes: Scope) -> str:
        """The secret of a new token of the police, good for many requests."""
        body = TokenBody.model_validate(
            {"name": name, "agency": "police", "scopes": scopes, "per_minute": 6000}
        )
        return self.tokens.make(body, "admin").token

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        """Fields of the entries of one kind; the chain holds."""
        with self.database.reading() as run:
            assert verify(run).fault is None
            rows = run.execute(
                "SELECT f.fields FROM ledger l JOIN ledger_fields f USING (number)"
                " WHERE l.kind = ? ORDER BY number",
                (kind,),
            ).fetchall()
        return [json.loads(row["fields"]) for row in rows]

    @contextmanager
    def ledger_refuses(self) -> Iterator[None]:
        """Nothing can be entered meanwhile, as when the disk is full."""
        self._run(NO_ROOM)
        try:
            yield
        finally:
            self._run("DROP TRIGGER refuses")

    def database_bytes(self) -> bytes:
        """Everything that lies on the disk."""
        files = sorted(self.database.path.parent.glob(f"{self.database.path.name}*"))
        return b"".join(one.read_bytes() for one in files)

    def close(self) -> None:
        self.database.close()

    def _run(self, sql: str) -> None:
        with sqlite3.connect(self.database.path, timeout=10) as run:
            run.execute(sql)
