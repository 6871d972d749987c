"""A collector's database with a day's incidents in it, for the console's tests and for its looks."""

from __future__ import annotations

import functools
import hashlib
import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av

from collector.changes import Change, Changes
from collector.config import CameraPlace, CollectorSettings, SignerAddress
from collector.services_for_console import ConsoleServices
from collector.store import Database, Reader
from collector.store.moments import stamp
from collector.texts import Sentence, sentences
from wire.event import Severity
from wire.grant import PersonToken
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
def street_stills() -> dict[int, bytes]:
    """JPEG of some pictures of the street clip, by their number."""
    found: dict[int, bytes] = {}
    with av.open(str(STREET)) as clip:
        for number, frame in enumerate(clip.decode(video=0)):
            if number in BOXES:
                found[number] = _jpeg(frame)
            if number >= max(BOXES):
                break
    return found


def _jpeg(frame: av.VideoFrame) -> bytes:
    held = io.BytesIO()
    with av.open(held, "w", format="image2pipe") as out:
        stream = out.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuvj420p"
        picture = frame.reformat(format="yuvj420p")
        picture.pts = 0
        out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
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
    seconds: float | None = 0.2
    answer: str | None = "received"
    error: str | None = None
    attempts: int = 1
    officer: str | None = None


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
    title: str | None = None
    id: str = field(default_factory=new_id)


class FilledStore:
    """A database and what the console is given to read it."""

    def __init__(self, folder: Path) -> None:
        self.settings = settings(folder)
        self.database = Database(self.settings.data)
        self.reader = Reader(self.database.path, self.settings.places())
        self.changes = Changes()
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
        return ConsoleServices(
            self.reader,
            self.changes,
            self.settings,
            lambda request: self.token if request.cookies.get("pw_person") == "yes" else None,
        )

    def close(self) -> None:
        self.reader.close()
        self.database.close()

    def tell(self, told: Told) -> str:
        """Store an incident with its picture and deliveries, and say that it changed."""
        device, camera, title, title_en, _ = PLACES[told.place]
        began = datetime.now(UTC) - told.ago
        ended = None if told.lasts is None else began + told.lasts
        sentence = Sentence(
            told.type, told.severity, told.confidence, began, ended,
            told.title or title, told.title or title_en, told.zone, told.drill,
        )  # fmt: skip
        korean, english = sentences(sentence, self.settings.zone)
        jpeg = None if told.picture is None else street_stills()[told.picture]
        still = None if jpeg is None else hashlib.sha256(jpeg).hexdigest()
        box = None if told.picture is None else json.dumps(BOXES[told.picture][told.box])
        values = {
            "incident_id": told.id, "revision": 1, "type": told.type, "severity": told.severity,
            "certainty": "likely" if told.confidence >= 0.5 else "possible",
            "confidence": told.confidence, "state": told.state, "drill": int(told.drill),
            "device": device, "camera": camera, "zone": told.zone, "rule": f"{camera}-{told.type}".replace("_", "-")[:32],
            "opened_at": stamp(began), "active_at": stamp(ended or began), "observed_at": stamp(began),
            "ended_at": ended and stamp(ended), "updated_at": stamp(datetime.now(UTC)), "closed_at": None,
            "still": still, "box": box, "clip_start": stamp(began - timedelta(seconds=5)),
            "clip_end": ended and stamp(ended + timedelta(seconds=5)), "text_ko": korean, "text_en": english,
        }  # fmt: skip
        with self.database.transaction() as rows:
            if jpeg is not None:
                rows.execute(
                    "INSERT OR IGNORE INTO still (sha256, device, received_at, named, jpeg)"
                    " VALUES (?, ?, ?, 1, ?)",
                    (still, device, stamp(began), jpeg),
                )
            names = ", ".join(values)
            marks = ", ".join(f":{name}" for name in values)
            rows.execute(f"INSERT INTO incident ({names}) VALUES ({marks})", values)
            rows.execute(
                "INSERT INTO incident_finding (finding_id, incident_id, boot_id, ended)"
                " VALUES (?, ?, ?, ?)",
                (new_id(), told.id, new_id(), int(ended is not None)),
            )
            rows.execute(
                "INSERT INTO incident_step (incident_id, at, state) VALUES (?, ?, 'open')",
                (told.id, stamp(began)),
            )
            for one in told.deliveries:
                sent = one.state in ("sent", "done")
                rows.execute(
                    "INSERT INTO delivery (delivery_id, incident_id, agency, channel, wanted, sent, acked,"
                    " state, attempts, next_at, error, first_at, acked_at, answer, officer)"
                    " VALUES (?, ?, ?, 'mqtt', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        new_id(), told.id, one.agency, int(sent), int(one.state == "done"), one.state, one.attempts,
                        stamp(began), one.error, stamp(began) if sent else None,
                        stamp(began + timedelta(seconds=one.seconds or 0)) if one.state == "done" else None,
                        one.answer if one.state == "done" else None, one.officer,
                    ),
                )  # fmt: skip
        self.changes.publish(Change("incident", told.id))
        return told.id

    def device(self, device: str, *, online: bool = True) -> None:
        now = stamp(datetime.now(UTC))
        with self.database.transaction() as rows:
            rows.execute(
                "INSERT INTO device (device, state, since, version, heard_at) VALUES (?, ?, ?, '0.1', ?) "
                "ON CONFLICT (device) DO UPDATE SET state = excluded.state, since = excluded.since",
                (device, "online" if online else "offline", now, now),
            )
        self.changes.publish(Change("device", device))

    def camera(self, place: int, state: str = "up", code: str | None = None) -> None:
        device, camera = PLACES[place][:2]
        with self.database.transaction() as rows:
            rows.execute(
                "INSERT INTO camera_state (device, camera, state, code, at, seq, epoch)"
                " VALUES (?, ?, ?, ?, ?, 1, ?) "
                "ON CONFLICT (device, camera) DO UPDATE SET state = excluded.state, code = excluded.code",
                (device, camera, state, code, stamp(datetime.now(UTC)), new_id()),
            )
        self.changes.publish(Change("camera", f"{device}/{camera}"))


def a_day(store: FilledStore) -> list[str]:
    """Incidents as a shift sees them, cameras in every state; ids in the order told."""
    for device in ("pole-001-1", "pole-014-1", "pole-022-2"):
        store.device(device)
    store.device("pole-031-1", online=False)
    for place in (0, 1, 4):
        store.camera(place)
    store.camera(2, "degraded", "camera.stalled")
    store.camera(3, "down", "camera.unreachable")
    minutes, seconds = (lambda n: timedelta(minutes=n)), (lambda n: timedelta(seconds=n))
    fire = Delivered("fire", seconds=0.4, answer="accepted", officer="박소방")
    waiting = Delivered("centre", "sent", None, None)
    accepted = Delivered("police", answer="accepted", officer="이경위")
    failed = Delivered("city", "failed", None, None, "중계 서버가 기관을 찾지 못함", 50)
    told = [
        Told("loitering", "minor", 1, minutes(190), seconds(41), picture=120, box=1, confidence=0.71),
        Told("plate", "severe", 4, minutes(150), seconds(4), picture=None, zone=None, confidence=0.96),
        Told("dumping", "minor", 2, minutes(122), seconds(66), picture=240, deliveries=(failed,), confidence=0.62),
        Told("intrusion", "moderate", 0, minutes(95), seconds(22), picture=120, confidence=0.9),
        Told("fall", "severe", 3, minutes(61), seconds(38), picture=240, deliveries=(fire, Delivered("police")), confidence=0.83),
        Told("loitering", "minor", 0, minutes(44), seconds(30), picture=20, box=1, confidence=0.66, drill=True),
        Told("stopped_vehicle", "minor", 4, minutes(31), seconds(300), picture=None, zone="lane-2", confidence=0.8),
        Told("intrusion", "moderate", 1, minutes(12), seconds(19), picture=20, confidence=0.92, state="acknowledged"),
        Told("loitering", "minor", 2, minutes(3), picture=120, box=1, confidence=0.74, deliveries=()),
        Told("intrusion", "moderate", 0, seconds(48), picture=240, box=1, confidence=0.88),
        Told("fight", "severe", 2, seconds(21), picture=120, confidence=0.79, deliveries=(accepted, waiting)),
    ]  # fmt: skip
    return [store.tell(one) for one in told]
