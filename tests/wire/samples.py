"""One full example of every message, with fixed ids, times and key: the golden files' source."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from joserfc.jwk import OKPKey

from wire.command import Command, NonceWindow, Reply, WhepOfferCommand
from wire.event import (
    AuditEvent,
    BoxParts,
    CameraState,
    ClipPart,
    EpochStart,
    Event,
    LossRecord,
    ModelPart,
    SeqRange,
    StillPart,
    Times,
    TrackPart,
)
from wire.evidence import GopRoot, ManifestSignature
from wire.health import (
    CameraHealth,
    DeviceState,
    Health,
    OutboxHealth,
    RunningModel,
    WatchlistHealth,
)
from wire.incident import Incident, IncidentAck, Place
from wire.names import WireModel
from wire.plates import PlateRead
from wire.receipt import GapRequest, Receipt, Received
from wire.tracing import TraceSighting
from wire.whep import IceServer, WhepAnswer, WhepOffer

AT = datetime(2026, 3, 1, 21, 30, 15, 250000, tzinfo=UTC)
SEED = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"  # RFC 8037, appendix A.1
PUBLIC = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
KEY = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "d": SEED, "x": PUBLIC})


def uid(number: int) -> str:
    return f"01a00000-0000-7000-8000-{number:012x}"


EVENT = Event(
    finding_id=uid(2),
    phase="open",
    type="intrusion",
    rule="yard-intrusion",
    camera="cam-1",
    zone="yard",
    severity="moderate",
    confidence=0.91,
    times=Times(
        started_at=AT - timedelta(seconds=0.7),
        alarm_at=AT,
        observed_at=AT,
        quality="synchronised",
        boot_id=uid(3),
        monotonic_s=812.5,
        media_start_s=12.4,
        media_alarm_s=13.1,
    ),
    tracks=(
        TrackPart(id=3, label="person", confidence=0.9, box=BoxParts(x=0.1, y=0.6, w=0.05, h=0.2)),
    ),
    box=BoxParts(x=0.1, y=0.6, w=0.05, h=0.2),
    model=ModelPart(name="nanodet-g", sha256="a" * 64, config_sha256="b" * 64),
    still=StillPart(sha256="c" * 64, bytes=31_000, width=640, height=480),
    clip=ClipPart(
        camera="cam-1", start_at=AT - timedelta(seconds=5), end_at=AT + timedelta(seconds=10)
    ),
)

SAMPLES: dict[str, WireModel] = {
    "gop": GopRoot(
        camera="cam-1",
        run="0a1b2c3d",
        previous="ab" * 32,
        codec="h264",
        start_90k=180_000,
        start_at=AT,
        time_quality="synchronised",
        pictures=50,
        root="cd" * 32,
    ),
    "manifest": ManifestSignature(export_id=uid(20), statement_sha256="ef" * 32),
    "finding": EVENT,
    "loss": LossRecord(
        lost_epoch=uid(4),
        ranges=(SeqRange(first=7, last=9),),
        count=3,
        by_severity={"minor": 3},
        finding_ids=(uid(2),),
        event_ids=(uid(5), uid(6), uid(7)),
        reason="disk-full",
    ),
    "epoch": EpochStart(previous=uid(8), previous_last_seq=41, reason="commanded", boot_id=uid(3)),
    "camera": CameraState(
        camera="cam-1",
        state="down",
        code="camera.unreachable",
        message="rtsp://***@10.0.0.9/1: connection refused",
        at=AT,
        quality="synchronised",
    ),
    "audit": AuditEvent(
        action="session.refused",
        at=AT,
        quality="synchronised",
        camera="cam-1",
        session_id=uid(9),
        grant_id=uid(10),
        agency="police",
        person="officer-7",
        case="2026-112-0001",
        code="grant.fingerprint",
    ),
    "state": DeviceState(
        state="online",
        boot_id=uid(3),
        since=AT,
        version="0.1.0",
        models=(RunningModel(name="plate-reader", sha256="4f9aabe6cdbb"),),
    ),
    "window": NonceWindow(
        boot_id=uid(3),
        window_id=uid(11),
        size=4096,
        monotonic_s=100.0,
        encryption_key="hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo",
    ),
    "health": Health(
        boot_id=uid(3),
        at=AT,
        quality="synchronised",
        monotonic_s=812.5,
        uptime_s=700.0,
        cameras=(
            CameraHealth(
                camera="cam-1",
                state="up",
                fps=10.0,
                analysed_fps=5.0,
                tracks=4,
                bytes_received=9_400_000,
                width=768,
                height=576,
            ),
        ),
        outbox=OutboxHealth(depth=0, parked=0, lost=0, oldest_s=0.0),
        mqtt_bytes=120_000,
        clip_bytes=0,
        sessions=0,
        cpu_s=42.0,
        rss_mb=180.0,
        disk_free_mb=12_000.0,
        dropped={"frames": 2},
        watchlists=(
            WatchlistHealth(
                list_id="wanted", version=3, entries=120, expires_at=AT + timedelta(days=7)
            ),
        ),
    ),
    "trace": TraceSighting(
        trace_id=uid(21),
        read=PlateRead(
            text="12가3456",
            confidence=0.98,
            at=AT,
            camera="cam-1",
            type="p7",
            color="white",
            direction="towards",
            chance=0.97,
        ),
        quality="synchronised",
    ),
    "reply": Reply(
        command_id=uid(12),
        ok=True,
        monotonic_s=815.0,
        whep=WhepAnswer(session_id=uid(9), sdp="v=0\r\n", start_at=AT),
    ),
    "receipt": Receipt(
        device="pole-001-1",
        epoch=uid(4),
        received=(Received(seq=6, id=uid(1)),),
        stills=("c" * 64,),
        contiguous=6,
    ),
    "gap": GapRequest(device="pole-001-1", epoch=uid(4), ranges=(SeqRange(first=3, last=5),)),
    "command": Command(
        command_id=uid(12),
        device="pole-001-1",
        boot_id=uid(3),
        window_id=uid(11),
        nonce=17,
        expires_monotonic_s=830.0,
        action=WhepOfferCommand(
            offer=WhepOffer(
                session_id=uid(9),
                camera="cam-1",
                mode="recorded",
                start_at=AT,
                end_at=AT + timedelta(seconds=15),
                sdp="v=0\r\n",
                grant="aaa.bbb.ccc",
                ice_servers=(
                    IceServer(urls=("turn:turn.example:3478",), username="u", credential="c"),
                ),
            )
        ),
    ),
    "incident": Incident(
        incident_id=uid(13),
        delivery_id=uid(14),
        revision=1,
        state="open",
        type="intrusion",
        severity="moderate",
        certainty="likely",
        drill=False,
        opened_at=AT,
        updated_at=AT,
        observed_at=AT,
        site="gyeyang",
        device="pole-001-1",
        camera="cam-1",
        camera_title="계양산로 입구",
        place=Place(lat=37.5371, lon=126.7377, address="인천 계양구"),
        zone="yard",
        text_ko="계양산로 입구에서 침입이 감지되었습니다.",
        text_en="Intrusion at the entrance of Gyeyangsan-ro.",
        finding_ids=(uid(2),),
        still_sha256="c" * 64,
    ),
    "ack": IncidentAck(
        delivery_id=uid(14), incident_id=uid(13), agency="police", at=AT, state="received"
    ),
}
