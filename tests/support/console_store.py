"""A collector's database with incidents in it, for the console's tests and for its looks."""

from __future__ import annotations

import functools
import hashlib
import io
import itertools
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
from fastapi import FastAPI

from collector.areas import NamedArea
from collector.changes import Change, Changes
from collector.config import CameraPlace, CollectorSettings, SignerAddress
from collector.console.routes import build_router
from collector.mounting import mount
from collector.services.case import Case
from collector.services.layer import Layer
from collector.services.unit_positions import UnitPosition
from collector.services_for_console import ConsoleServices
from collector.store import devices
from collector.store.moments import stamp
from collector.store.reader import Reader
from collector.texts import Sentence, sentences
from collector.things import Thing
from tests.support.new_store import new_store
from wire.event import Severity
from wire.grant import PersonToken
from wire.health import Health
from wire.incident import IncidentState
from wire.names import new_id

SITE = "gyeyang"
STREET = Path(__file__).parents[2] / "polewatch/demo_data/street.mp4"
PLACES = (
    ("pole-001-1", "gate", "계양구청 정문", "Gyeyang-gu Office, main gate", "계산동 1079-1"),
    ("pole-001-1", "yard", "계산공원 동측 산책로", "Gyesan Park, east path", "계산동 1062"),
    ("pole-014-1", "market", "작전시장 3번 출구", "Jakjeon Market, exit 3", "작전동 857-2"),
    ("pole-022-2", "school", "부평초등학교 후문", "Bupyeong School, back gate", "계산동 930"),
    ("pole-031-1", "river", "서부천 하상도로", "Seobucheon riverside road", "서운동 214"),
)
BOXES: dict[int, tuple[tuple[float, float, float, float], ...]] = {
    20: ((0.39, 0.35, 0.03, 0.157), (0.803, 0.444, 0.04, 0.169)),
    120: ((0.305, 0.655, 0.132, 0.26), (0.835, 0.498, 0.05, 0.176)),
    240: ((0.384, 0.62, 0.082, 0.232), (0.892, 0.51, 0.055, 0.203)),
}


@functools.cache
def street_still(number: int) -> bytes:
    """JPEG of a picture of the street clip."""
    with av.open(str(STREET)) as clip:
        return _jpeg(next(itertools.islice(clip.decode(video=0), number, None)))


def _jpeg(frame: av.VideoFrame) -> bytes:
    held = io.BytesIO()
    with av.open(held, "w", format="image2pipe") as out:
        stream = out.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuvj420p"
        picture = frame.reformat(format="yuvj420p")
        picture.pts = 0
        for packet in (*stream.encode(picture), *stream.encode(None)):
            out.mux(packet)
    return held.getvalue()


def settings(folder: Path, places: tuple[CameraPlace, ...] | None = None) -> CollectorSettings:
    """A collector's configuration that names `folder`."""
    return CollectorSettings(
        site=SITE,
        identity=folder / "identity",
        register_file=folder / "register.yaml",
        data=folder / "data",
        routing=folder / "routing.yaml",
        signer=SignerAddress(url="http://127.0.0.1:1", certificate=folder / "signer.pem"),
        cameras=camera_places() if places is None else places,
    )


def camera_places() -> tuple[CameraPlace, ...]:
    return tuple(
        CameraPlace(
            device=device,
            camera=camera,
            title=title,
            title_en=title_en,
            lat=37.5371 + number / 500,
            lon=126.7375 + number / 500,
            address=f"인천 계양구 {address}",
        )
        for number, (device, camera, title, title_en, address) in enumerate(PLACES)
    )


@dataclass
class Delivered:
    """What an agency made of an incident."""

    agency: str
    state: str = "done"
    seconds: float = 0.2
    answer: str | None = "received"
    error: str | None = None
    attempts: int = 1
    officer: str | None = None
    channel: str = "mqtt"
    instead_of: str | None = None


@dataclass
class Told:
    """One incident to be put into the store."""

    type: str = "intrusion"
    severity: Severity = "moderate"
    place: int = 0
    ago: timedelta = timedelta(0)
    lasts: timedelta | None = None
    state: IncidentState = "notified"
    picture: int | None = 20
    box: int = 0
    confidence: float = 0.87
    drill: bool = False
    zone: str | None = "yard"
    deliveries: tuple[Delivered, ...] = (Delivered("police"),)
    rule: str | None = None
    text: str | None = None
    note: str | None = None
    picture_here: bool = True
    id: str = field(default_factory=new_id)


class FilledStore:
    """A database and what the console is given to read it."""

    def __init__(self, folder: Path, places: tuple[CameraPlace, ...] | None = None) -> None:
        self.settings = settings(folder, places)
        self.database = new_store(self.settings.data)
        self.reader = Reader(self.database.path, self.settings.places())
        self.changes = Changes()
        self.areas: tuple[NamedArea, ...] = ()
        self.layer = Layer()
        self.cases: tuple[Case, ...] = ()
        self.units: tuple[UnitPosition, ...] = ()
        self.things: tuple[Thing, ...] = ()
        self.keys: dict[str, str] = {}
        self.token = PersonToken(
            token_id=new_id(),
            person="김관제",
            agency="centre",
            roles=("operator",),
            issued_at=datetime.now(UTC),
            expires_at=datetime.now(UTC) + timedelta(hours=8),
        )

    def services(self) -> ConsoleServices:
        """Whoever carries the cookie `pw_person=yes` is signed in."""

        async def cases_of(_person: PersonToken) -> list[Case]:
            return [*self.cases]

        return ConsoleServices(
            self.reader,
            self.changes,
            self.settings,
            lambda request: self.token if request.cookies.get("pw_person") == "yes" else None,
            areas=lambda: self.areas,
            layer=self.layer,
            cases_of=cases_of,
            positions=lambda permits: tuple(one for one in self.units if one.permit_id in permits),
            things=lambda _person: self.things,
            device_key=self.keys.get,
        )

    def close(self) -> None:
        self.reader.close()
        self.database.close()

    def tell(self, told: Told) -> str:
        """Store an incident with its picture and deliveries, and say that it changed."""
        self.tell_all([told])
        return told.id

    def tell_all(self, many: Sequence[Told]) -> None:
        """The same for many in one transaction."""
        with self.database.transaction() as rows:
            for told in many:
                began = datetime.now(UTC) - told.ago
                still = self._still(rows, told, began)
                self._incident(rows, told, began, still)
                for one in told.deliveries:
                    _deliver(rows, told.id, one, began)
        self.changes.publish(*(Change("incident", told.id) for told in many))

    def _still(self, rows: sqlite3.Connection, told: Told, began: datetime) -> str | None:
        if told.picture is None:
            return None
        jpeg = street_still(told.picture)
        sha256 = hashlib.sha256(jpeg).hexdigest()
        known = rows.execute("SELECT 1 FROM still WHERE sha256 = ?", (sha256,)).fetchone()
        if known is None and told.picture_here:
            _insert(rows, "still", sha256=sha256, device=PLACES[told.place][0],
                    received_at=stamp(began), named=1, jpeg=jpeg)  # fmt: skip
        return sha256

    def still_comes(self, picture: int) -> str:
        """A picture arrives after the incident that names it; returns its hash."""
        jpeg = street_still(picture)
        sha256 = hashlib.sha256(jpeg).hexdigest()
        with self.database.transaction() as rows:
            _insert(rows, "still", sha256=sha256, device=PLACES[0][0],
                    received_at=stamp(datetime.now(UTC)), named=1, jpeg=jpeg)  # fmt: skip
        self.changes.publish(Change("still", sha256))
        return sha256

    def _incident(
        self, rows: sqlite3.Connection, told: Told, began: datetime, still: str | None
    ) -> None:
        device, camera, title, title_en, _ = PLACES[told.place]
        ended = None if told.lasts is None else began + told.lasts
        korean, english = sentences(
            Sentence(
                type=told.type,
                severity=told.severity,
                confidence=told.confidence,
                opened_at=began,
                ended_at=ended,
                camera_title=title,
                camera_title_en=title_en,
                zone=told.zone,
                drill=told.drill,
            ),
            self.settings.zone,
        )
        margin = timedelta(seconds=5)
        _insert(
            rows,
            "incident",
            incident_id=told.id,
            revision=1,
            type=told.type,
            severity=told.severity,
            certainty="likely" if told.confidence >= 0.5 else "possible",
            confidence=told.confidence,
            state=told.state,
            drill=int(told.drill),
            device=device,
            camera=camera,
            zone=told.zone,
            rule=told.rule or f"{camera}-{told.type}".replace("_", "-")[:32],
            opened_at=stamp(began),
            active_at=stamp(ended or began),
            observed_at=stamp(began),
            ended_at=None if ended is None else stamp(ended),
            updated_at=stamp(datetime.now(UTC)),
            still=still,
            box=None if told.picture is None else json.dumps(BOXES[told.picture][told.box]),
            clip_start=stamp(began - margin),
            clip_end=None if ended is None else stamp(ended + margin),
            text_ko=told.text or korean,
            text_en=told.text or english,
        )
        _insert(rows, "incident_finding", finding_id=new_id(), incident_id=told.id,
                boot_id=new_id(), ended=int(ended is not None))  # fmt: skip
        _insert(rows, "incident_step", incident_id=told.id, at=stamp(began), state="open",
                note=told.note)  # fmt: skip
        if told.state in ("confirmed", "rejected"):
            _insert(rows, "incident_step", incident_id=told.id, at=stamp(began), state=told.state,
                    person=self.token.person, agency=self.token.agency)  # fmt: skip

    def device(self, device: str, *, online: bool = True) -> None:
        now = stamp(datetime.now(UTC))
        state = "online" if online else "offline"
        with self.database.transaction() as rows:
            rows.execute("DELETE FROM device WHERE device = ?", (device,))
            _insert(rows, "device", device=device, state=state, since=now, heard_at=now)
        self.changes.publish(Change("device", device))

    def figures(self, device: str, health: Health) -> None:
        """A box tells how it is."""
        with self.database.transaction() as rows:
            devices.health(rows, device, health, datetime.now(UTC))
        self.changes.publish(Change("device", device))

    def camera(self, place: int, state: str = "up", code: str | None = None) -> None:
        device, camera = PLACES[place][:2]
        with self.database.transaction() as rows:
            rows.execute(
                "DELETE FROM camera_state WHERE device = ? AND camera = ?", (device, camera)
            )
            _insert(rows, "camera_state", device=device, camera=camera, state=state, code=code,
                    at=stamp(datetime.now(UTC)), seq=1, epoch=new_id())  # fmt: skip
        self.changes.publish(Change("camera", f"{device}/{camera}"))


def figures(**more: object) -> Health:
    """A box that is well, but for what is said otherwise."""
    values: dict[str, object] = {
        "boot_id": new_id(), "at": datetime.now(UTC), "quality": "synchronised",
        "monotonic_s": 5000, "uptime_s": 5000, "mqtt_bytes": 0, "clip_bytes": 0, "sessions": 1,
        "cpu_s": 100, "rss_mb": 300, "disk_free_mb": 20_000.0,
        "outbox": {"depth": 0, "parked": 0, "lost": 0, "oldest_s": 0},
    }  # fmt: skip
    return Health.model_validate(values | more)


def console_app(store: FilledStore) -> FastAPI:
    """The console alone, over a store."""
    app = FastAPI()
    mount(app, build_router(store.services()))
    return app


def _deliver(rows: sqlite3.Connection, incident_id: str, one: Delivered, began: datetime) -> None:
    done, sent = one.state == "done", one.state in ("sent", "done")
    _insert(
        rows,
        "delivery",
        delivery_id=new_id(),
        incident_id=incident_id,
        agency=one.agency,
        channel=one.channel,
        instead_of=one.instead_of,
        wanted=1,
        sent=int(sent),
        acked=int(done),
        state=one.state,
        attempts=one.attempts,
        next_at=stamp(began),
        error=one.error,
        first_at=stamp(began) if sent else None,
        acked_at=stamp(began + timedelta(seconds=one.seconds)) if done else None,
        answer=one.answer if done else None,
        officer=one.officer,
    )


def _insert(rows: sqlite3.Connection, table: str, **values: object) -> None:
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    rows.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
