"""A collector's path in without broker and threads: bytes in, database and effects out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from collector.config import CollectorSettings, SignerAddress
from collector.incident_desk import IncidentDesk
from collector.intake import Effects, Intake
from collector.routing import Routing
from collector.store.reader import Reader
from collector.store.refusals import Bounds
from collector.trust import TrustKeeper
from collector.verdict import judge
from provisioning.authority import Authority
from tests.support.centre import ROUTES
from tests.support.device import SimDevice
from tests.support.new_store import new_store
from wire.clock import Clock, SystemClock

BOUNDS = Bounds(rows=1000, bytes=10_000_000, payload_bytes=100_000)


@dataclass
class WayIn:
    """One intake over one database."""

    folder: Path
    city: Authority
    bounds: Bounds = BOUNDS
    clock: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        self.settings = CollectorSettings(
            site="testcity",
            identity=self.city.identity("collector"),
            register_file=self.city.register_file,
            data=self.folder,
            routing=self.folder,
            signer=SignerAddress(
                url="http://127.0.0.1:1", certificate=self.city.identity("signer") / "cert.pem"
            ),
        )
        self.trust = TrustKeeper(self.city.register_file, self.clock)
        self.database = new_store(self.folder)
        self.routing = Routing.model_validate(ROUTES)
        self.desk = IncidentDesk(self.settings, lambda: self.routing)
        self.intake = Intake(self.desk, self.bounds)
        self.reader = Reader(self.database.path, {})

    def take(self, *messages: tuple[str, bytes]) -> Effects:
        """One batch in one transaction."""
        now = self.clock.now()
        self.intake.begin()
        with self.database.transaction() as run:
            for topic, payload in messages:
                self.intake.take(run, judge(topic, payload, self.trust), topic, payload, now)
            return self.intake.end(run, now)

    def events(self, device: SimDevice, *tokens: bytes) -> Effects:
        """A batch of one device's events."""
        return self.take(*((device.address.event(), token) for token in tokens))

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with self.database.reading() as run:
            return [tuple(row) for row in run.execute(sql)]

    def device(self, name: str = "pole-001-1") -> SimDevice:
        return SimDevice.load(self.city.register_file, self.city.identity(name))
