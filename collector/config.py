"""The collector's configuration file: every key with type, bound, default and what it is for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from wire.event import Severity
from wire.listening import MetricsSettings, is_loopback
from wire.names import Name
from wire.settings import Settings, SettingsPath


class BrokerSettings(Settings):
    """Where the city's MQTT broker is."""

    host: str = Field("localhost", min_length=1, description="Name in the broker's certificate.")
    port: int = Field(8883, ge=1, le=65535, description="Its TLS port.")
    words_identity: SettingsPath | None = Field(
        None,
        description="Folder of key.pem (0600), cert.pem, ca.pem of the role `words`: agencies' "
        "acknowledgements, receipts and deliveries then have a session of their own and do not "
        "wait behind events.",
    )
    log_file: SettingsPath | None = Field(
        None,
        description="Its log, where this machine can read it: what it refuses is then noted too.",
    )


class TlsSettings(Settings):
    """A listener's certificate and key."""

    certificate: SettingsPath = Field(description="PEM file, the chain included.")
    key: SettingsPath = Field(description="PEM file, mode 0600.")


class HttpSettings(Settings):
    """The listener of console, WHEP and API."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="0 takes a free one.")
    tls: TlsSettings | None = Field(None, description="Required unless the host is loopback.")

    @model_validator(mode="after")
    def _no_plain_text_off_loopback(self) -> HttpSettings:
        if self.tls is None and not is_loopback(self.host):
            raise ValueError(
                f"a listener on {self.host} needs tls with certificate and key "
                f"(without tls only 127.0.0.1, ::1 or localhost are allowed)"
            )
        return self


class SignerAddress(Settings):
    """Where the grant signer answers and which certificate its signatures are checked with."""

    url: str = Field(description="http:// on loopback, https:// elsewhere.")
    certificate: SettingsPath = Field(description="The signer's PEM certificate.")
    timeout_s: float = Field(5.0, gt=0, le=30, description="How long it may take to answer.")

    @field_validator("url")
    @classmethod
    def _plain_only_on_loopback(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be http://host:port or https://host:port")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("must be https:// unless the signer is on this machine")
        return url.rstrip("/")


class CameraPlace(Settings):
    """What the centre knows of a camera and the pole does not."""

    device: Name = Field(description="The box it hangs on, e.g. pole-001-1.")
    camera: Name = Field(description="Its name in that box's configuration.")
    title: str = Field(min_length=1, max_length=120, description="As operators call it.")
    title_en: str | None = Field(None, max_length=120, description="The same in English.")
    lat: float = Field(ge=-90, le=90, description="WGS84 latitude, degrees.")
    lon: float = Field(ge=-180, le=180, description="WGS84 longitude, degrees.")
    address: str | None = Field(None, max_length=200, description="As agencies read it.")
    group: Name | None = Field(None, description="Camera group, for routing.")
    height_m: float = Field(5.0, ge=0, le=200, description="Above the ground.")
    bearing_deg: float | None = Field(
        None, ge=0, lt=360, description="Where it looks, clockwise from north."
    )
    fov_deg: float = Field(90.0, gt=0, le=360, description="Horizontal angle of view.")
    range_m: float = Field(80.0, gt=0, le=5000, description="How far its picture is useful.")
    width_px: int = Field(1920, ge=64, le=16_384, description="Width of its picture.")
    area_code: str | None = Field(
        None, pattern=r"^\d{10}$", description="Its district (행정구역코드), for CAP."
    )


class DispatchSettings(Settings):
    """How deliveries to agencies are repeated until acknowledged."""

    first_retry_s: float = Field(
        2.0,
        gt=0,
        le=60,
        description="Doubled with every attempt; at once the longest while much waits to be read.",
    )
    longest_retry_s: float = Field(60.0, gt=0, le=3600, description="Upper bound of the pause.")
    give_up_after: int = Field(
        50, ge=1, le=1000, description="Attempts before a delivery is shown as failed."
    )
    evidence: int = Field(5, ge=0, le=20, description="Device signatures attached to an incident.")


class RetentionSettings(Settings):
    """How long what is kept; then it is deleted, and the ledger says so."""

    events_days: float = Field(
        30.0, ge=1, le=3650, description="Events, refused messages and plates in sentences."
    )
    stills_days: float = Field(30.0, ge=1, le=3650, description="Pictures of events.")
    incidents_days: float = Field(
        365.0, ge=1, le=3650, description="Incidents without their events and pictures."
    )
    case_days: float = Field(
        30.0,
        ge=0,
        le=3650,
        description="Personal fields of a case, and plates confirmed as evidence, after its end.",
    )
    assets_days: float = Field(
        1825.0, ge=365, le=3650, description="Cameras' states over time, and closed work orders."
    )
    ledger_days: float = Field(
        1095.0, ge=365, le=3650, description="Personal fields of the ledger; the chain stays."
    )
    every_hours: float = Field(1.0, ge=0.01, le=24, description="How often it is looked for.")

    @model_validator(mode="after")
    def _incidents_last(self) -> RetentionSettings:
        if self.incidents_days < self.events_days:
            raise ValueError("incidents_days must not be less than events_days")
        return self


ModelHash = Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$")]


class AssetSettings(Settings):
    """How faults of assets become work orders, and how their repair is verified."""

    every_s: float = Field(15.0, ge=0.2, le=60, description="How often their state is looked at.")
    open_after_s: float = Field(
        300.0, ge=0, le=86_400, description="A fault that lasts so long opens a work order."
    )
    settle_s: float = Field(
        300.0,
        ge=0,
        le=86_400,
        description="Well for so long is mended; a fault so long after 'done' opens it again.",
    )
    models: dict[str, ModelHash] = Field(
        default_factory=dict,
        description="Networks that boxes should run instead of those that came with this program: "
        "names, and how the hashes of their files begin.",
    )


class IncidentSettings(Settings):
    """When findings are one incident."""

    join_within_s: float = Field(
        60.0, ge=0, le=3600, description="Same camera and type, after its last activity."
    )
    likely_from: float = Field(
        0.5, ge=0, le=1, description="Confidence from which it is likely, below it possible."
    )
    severities: dict[str, Severity] = Field(
        default_factory=dict,
        description="By type, instead of what the pole's rule says: {loitering: moderate}",
    )
    suggest_after: int = Field(
        5, ge=1, le=10_000, description="So many incidents of a rule were rejected …"
    )
    suggest_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="… and at least this share of those that people decided: "
        "a look at the rule is suggested.",
    )
    suggest_days: int = Field(30, ge=1, le=365, description="Within so many days.")


class SignedSender(Settings):
    """A machine whose messages carry an HMAC."""

    secret_file: SettingsPath = Field(description="At least 32 bytes that both sides know.")
    agency: Name = Field(description="Whose officers see the case.")

    @field_validator("secret_file")
    @classmethod
    def _can_be_used(cls, file: Path) -> Path:
        try:
            size = len(file.read_bytes().strip())
        except OSError as error:
            raise ValueError(f"{file} cannot be read ({error.strerror})") from None
        if size < 32:
            raise ValueError(f"{file} holds {size} bytes; a secret has at least 32")
        return file


class DisasterRoom(SignedSender):
    """A disaster situation room whose CAP messages are taken."""

    name: Name = Field(description="Last part of its address: /api/services/cap/NAME.")
    senders: tuple[str, ...] = Field(
        (), max_length=100, description="CAP senders that it may speak for; left out: any."
    )
    answers_as: str = Field(
        "polewatch",
        pattern=r"^[^\s,<&]{1,100}$",
        description="Our own `sender` in Acks and Errors of CAP.",
    )
    basis: str = Field(
        "개인정보 보호법 제18조제2항제3호", min_length=1, max_length=120, description="Legal basis."
    )
    purpose: str = Field(
        "재난 상황 파악", min_length=1, max_length=100, description="What it is for."
    )
    minutes_back: float = Field(
        10.0, ge=0, le=720, description="Recordings from so long before it came."
    )
    hours: float = Field(24.0, gt=0, le=72, description="How long one permit lasts.")


class SosSender(SignedSender):
    """A service of wearables or apps whose calls for help are taken."""

    name: Name = Field(description="Last part of its address: /api/services/sos/NAME.")
    basis: str = Field(
        "개인정보 보호법 제18조제2항제3호", min_length=1, max_length=120, description="Legal basis."
    )
    purpose: str = Field(
        "사회적 약자 긴급구조", min_length=1, max_length=120, description="What it is for."
    )


class InboxSettings(Settings):
    """Bounds of what comes in."""

    queue: int = Field(10_000, ge=10, le=100_000, description="Messages that may wait.")
    queue_megabytes: int = Field(64, ge=1, le=10_000, description="Memory for what waits.")
    batch: int = Field(200, ge=1, le=500, description="Messages in one transaction.")
    hold_stills_s: float = Field(
        600.0, ge=1, le=86_400, description="A still waits so long for the event that names it."
    )
    held_stills: int = Field(500, ge=10, le=100_000, description="Stills that may wait.")
    gap_after_s: float = Field(
        2.0, ge=0.1, le=600, description="A number is missed so long before it is asked for."
    )
    gap_every_s: float = Field(10.0, ge=0.5, le=3600, description="Asked again not before.")
    quarantine_rows: int = Field(
        10_000, ge=10, le=1_000_000, description="Refused messages that are kept; the oldest go."
    )
    quarantine_megabytes: int = Field(
        256, ge=1, le=100_000, description="Disk for refused messages."
    )
    quarantine_payload_kilobytes: int = Field(
        256, ge=1, le=1024, description="More of a refused message is not kept."
    )


class IceSettings(Settings):
    """How media finds its way when viewer and pole cannot see each other."""

    stun: str | None = Field(None, pattern=r"^stuns?:[^\s]+$", description="stun:host:port")
    turn: str | None = Field(None, pattern=r"^turns?:[^\s]+$", description="turn:host:port")
    turn_secret_file: SettingsPath | None = Field(
        None, description="coturn's static-auth-secret: credentials live for ten minutes."
    )

    @model_validator(mode="after")
    def _turn_needs_secret(self) -> IceSettings:
        if (self.turn is None) != (self.turn_secret_file is None):
            raise ValueError("turn and turn_secret_file belong together; give both or none")
        return self


class MapSettings(Settings):
    """What lies under the cameras on the console's map: the city's tiles, or a plain ground."""

    tiles: str | None = Field(
        None,
        max_length=500,
        description="Tiles by {z}/{x}/{y}, or with `wms_layers` the WMS itself; "
        "without it the map has a grid and the streets of `layer`.",
    )
    wms_layers: str | None = Field(
        None, min_length=1, max_length=300, description="Layers to ask the WMS for, by commas."
    )
    attribution: str = Field("", max_length=200, description="Whose tiles they are, on the map.")
    deepest_zoom: int = Field(18, ge=1, le=22, description="Beyond it tiles are enlarged.")

    @model_validator(mode="after")
    def _usable(self) -> MapSettings:
        if self.tiles is None:
            if self.wms_layers is not None:
                raise ValueError("wms_layers needs tiles, the address of the WMS")
            return self
        parts = urlsplit(self.tiles)
        plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
        if not parts.hostname or parts.username or not (parts.scheme == "https" or plain):
            raise ValueError("tiles must be https://host/…, without user name and password")
        if re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", parts.netloc) is None:
            raise ValueError(f"tiles: {parts.netloc!r} is no host that a policy can name")
        lacking = [one for one in ("{z}", "{x}", "{y}") if one not in self.tiles]
        if self.wms_layers is None and lacking:
            raise ValueError(f"tiles lacks {', '.join(lacking)}; a WMS needs wms_layers")
        return self

    def as_json(self) -> dict[str, object] | None:
        """What a page's Leaflet is told of the tiles; None without any."""
        if self.tiles is None:
            return None
        return {
            "address": self.tiles,
            "wms_layers": self.wms_layers,
            "attribution": self.attribution,
            "deepest_zoom": self.deepest_zoom,
        }

    @property
    def origin(self) -> str | None:
        """Of the tiles; the only one beside ours that the map's page may take pictures from."""
        if self.tiles is None:
            return None
        parts = urlsplit(self.tiles)
        return f"{parts.scheme}://{parts.netloc}"


class TraceSettings(Settings):
    """Live tracing of vehicles."""

    most_hours: float = Field(
        24.0, gt=0, le=168, description="A trace is begun for so long at most; then poles end it."
    )


class CollectorSettings(Settings):
    """The whole file."""

    site: Name = Field(description="The city's name in topics.")
    identity: SettingsPath = Field(description="Folder of key.pem (0600), cert.pem, ca.pem.")
    register_file: SettingsPath = Field(description="register.yaml: who is enrolled.")
    data: SettingsPath = Field(description="Folder of the database.")
    routing: SettingsPath = Field(description="routing.yaml: who gets what.")
    boards: SettingsPath | None = Field(
        None, description="boards.yaml: electronic boards and their templates; without it, none."
    )
    time_zone: str = Field("Asia/Seoul", description="Of the site; for texts and schedules.")
    broker: BrokerSettings = BrokerSettings()
    http: HttpSettings = HttpSettings()
    public_url: str | None = Field(
        None, pattern=r"^https?://[^\s]+$", description="How people's browsers reach the console."
    )
    signer: SignerAddress
    cameras: tuple[CameraPlace, ...] = Field((), max_length=20_000)
    dispatch: DispatchSettings = DispatchSettings()
    incidents: IncidentSettings = IncidentSettings()
    inbox: InboxSettings = InboxSettings()
    sos: tuple[SosSender, ...] = Field((), max_length=100)
    disaster_rooms: tuple[DisasterRoom, ...] = Field((), max_length=100)
    retention: RetentionSettings = RetentionSettings()
    assets: AssetSettings = AssetSettings()
    ice: IceSettings = IceSettings()
    metrics: MetricsSettings | None = Field(
        None, description="Where Prometheus asks for figures; nowhere when left out."
    )
    layer: SettingsPath | None = Field(
        None,
        description="GeoJSON of hydrants, streets and hazards, for fire engines and the map.",
    )
    map: MapSettings = MapSettings()
    traces: TraceSettings = TraceSettings()
    command_timeout_s: float = Field(
        5.0, gt=0, le=30, description="How long a device may take to answer."
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("is no IANA time zone, such as Asia/Seoul") from None
        return name

    @field_validator("cameras")
    @classmethod
    def _cameras_once(cls, cameras: tuple[CameraPlace, ...]) -> tuple[CameraPlace, ...]:
        seen: set[tuple[str, str]] = set()
        for place in cameras:
            key = (place.device, place.camera)
            if key in seen:
                raise ValueError(f"camera {place.camera} of {place.device} stands twice")
            seen.add(key)
        return cameras

    @field_validator("disaster_rooms")
    @classmethod
    def _rooms_once(cls, rooms: tuple[DisasterRoom, ...]) -> tuple[DisasterRoom, ...]:
        names = [one.name for one in rooms]
        doubles = sorted({name for name in names if names.count(name) > 1})
        if doubles:
            raise ValueError(f"room {doubles[0]} stands twice")
        return rooms

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by HTTPS: cookies are then marked Secure."""
        return self.http.tls is not None or (self.public_url or "").startswith("https://")

    def places(self) -> dict[tuple[str, str], CameraPlace]:
        """(device, camera) to what is known of it."""
        return {(one.device, one.camera): one for one in self.cameras}
