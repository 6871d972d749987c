"""The agent's configuration file: every key with type, bound, default and what it is for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from edge_agent.box_profiles import BoxProfile, with_box_profile
from edge_agent.facilities.settings import FacilitySettings
from wire.camera_rules import CameraRules
from wire.listening import MetricsSettings
from wire.names import Name, Shard
from wire.rule_profiles import ProfileName, with_profiles
from wire.settings import Settings, SettingsError, SettingsPath, load_settings


class CameraSettings(CameraRules):
    """One camera: where its stream is, how often it is analysed, and what to watch for."""

    id: Name = Field(description="The camera's name, unique on this box.")
    url: str = Field(
        description="RTSP URL of the main stream (ring and clips), without user and password."
    )
    sub_url: str | None = Field(
        None, description="RTSP URL of the substream, used for analysis when given."
    )
    credentials_file: SettingsPath | None = Field(
        None, description="File of one line 'user:password' for this camera, mode 0600."
    )
    analysis_fps: float = Field(5.0, gt=0, le=30, description="Pictures analysed a second.")
    gate: bool = Field(
        False,
        description=(
            "Decode only a keyframe now and then while nothing is to be seen; everything from the "
            "last keyframe on as soon as the stream or a keyframe shows a change."
        ),
    )
    profiles: tuple[ProfileName, ...] = Field(
        (),
        max_length=8,
        description="Ready zones, rules and times: `dumping` (무단투기, by night) and "
        "`forest-fire` (smoke and fire in the 산불조심기간). A zone or rule of the same id here "
        "stands instead.",
    )
    ring_hours: float | None = Field(
        None, gt=0, le=720, description="How far back its video reaches, when not `ring.hours`."
    )
    drill: bool = Field(False, description="Mark everything this camera reports as an exercise.")

    @model_validator(mode="before")
    @classmethod
    def _with_profiles(cls, values: object) -> object:
        return with_profiles(values) if isinstance(values, Mapping) else values

    @field_validator("url", "sub_url")
    @classmethod
    def _no_credentials(cls, url: str | None) -> str | None:
        if url is not None and "@" in url.partition("://")[2].partition("/")[0]:
            raise ValueError("must not hold user and password; put them into credentials_file")
        return url


class BrokerSettings(Settings):
    """Where the city's MQTT broker is."""

    host: str = Field("localhost", min_length=1, description="Name in the broker's certificate.")
    port: int = Field(8883, ge=1, le=65535, description="Its TLS port.")
    uplink_bytes_per_s: int | None = Field(
        None, ge=1_000, description="Upper bound for MQTT on a thin link; none when left out."
    )


class TrustSettings(Settings):
    """Certificates of the two principals that may order this box about."""

    collector: SettingsPath = Field(description="Signs receipts and commands.")
    signer: SettingsPath = Field(description="Signs viewing grants.")


class RingSettings(Settings):
    """How much video stays on the box; sized from the disk and each camera's measured rate."""

    hours: float = Field(
        720.0,
        gt=0,
        le=720,
        description="How far back each camera's video reaches at most; 30 days is the law's bound.",
    )
    least_hours: float = Field(
        1.0, ge=0, le=720, description="When the disk holds less than this, it is a fault."
    )
    disk_share: float = Field(
        0.9, gt=0, le=0.98, description="Of the disk that holds `data`, for all rings together."
    )
    megabytes: int | None = Field(
        None, ge=16, description="Bound of each camera's ring; only the disk's when left out."
    )
    event_share: float = Field(
        0.25, ge=0, le=0.5, description="Of a ring, for what is held around events."
    )
    held_share: float = Field(
        0.75, gt=0, le=0.9, description="Of a ring, for all that is held, cases and events."
    )
    event_days: float = Field(
        7.0, gt=0, le=30, description="A hold around an event ends then, or with its incident."
    )


class OutboxSettings(Settings):
    """How much may wait while the link is down."""

    megabytes: int = Field(500, ge=1, description="Disk for what waits.")
    days: float = Field(7.0, gt=0, le=30, description="Older is given up, by name.")


class StillSettings(Settings):
    """The picture that travels with a finding."""

    max_kilobytes: int = Field(60, ge=8, le=60, description="At most, on the wire.")
    longest_edge: int = Field(640, ge=160, le=1920, description="Pixels.")


class ClipSettings(Settings):
    """Viewing over WebRTC."""

    max_sessions: int = Field(8, ge=1, le=64, description="Viewers at once on this box.")
    export_megabytes: int = Field(
        2_000, ge=1, le=100_000, description="Of recording in one export asked for by a viewer."
    )


class PlateSettings(Settings):
    """The box's own diary of plates that were read; it never leaves the box as a whole."""

    diary_days: float = Field(30.0, gt=0, le=30, description="Nothing older is kept.")
    diary_megabytes: int = Field(
        1_000, ge=10, description="Disk for it; beyond, the oldest is given up."
    )


class AgentSettings(Settings):
    """The whole file."""

    site: Name = Field(description="The city's name in topics.")
    shard: Shard = Field(description="Fixed at enrolment; stands in every topic.")
    identity: SettingsPath = Field(
        Path("identity"), description="Folder with key.pem (0600), cert.pem and ca.pem."
    )
    trust: TrustSettings
    data: SettingsPath = Field(Path("data"), description="Folder for ring, outbox and logs.")
    broker: BrokerSettings = BrokerSettings()
    time_zone: str = Field("Asia/Seoul", description="Zone in which schedules are meant.")
    profile: BoxProfile | None = Field(
        None,
        description="Other defaults for a kind of box, see Profiles of boxes below; "
        "what this file says itself counts instead.",
    )
    model: str = Field("nanodet-g-256x416-int8", description="Detector, by name in the manifest.")
    fine_model: str | None = Field(
        "nanodet-g-384x512-int8",
        description=(
            "Second, finer look at every picture, by name in the manifest; null halves the time "
            "that a picture takes and finds fewer people."
        ),
    )
    detector_threads: int = Field(1, ge=1, le=16, description="Cores that one picture may use.")
    inference_workers: int = Field(
        1, ge=1, le=16, description="Pictures of different cameras analysed at the same time."
    )
    health_interval_s: float = Field(
        30.0,
        ge=0.5,
        le=300,
        description="Seconds between two reports of figures to the centre; a state that changes is "
        "told within seconds. Above 120, the console notes a pole as silent.",
    )
    ring: RingSettings = RingSettings()
    outbox: OutboxSettings = OutboxSettings()
    still: StillSettings = StillSettings()
    clips: ClipSettings = ClipSettings()
    plates: PlateSettings = PlateSettings()
    metrics: MetricsSettings | None = Field(
        None, description="Where Prometheus asks for figures; nowhere when left out."
    )
    facilities: tuple[FacilitySettings, ...] = Field(
        (), max_length=32, description="Lights, sirens, speakers, bells and the like on the pole."
    )
    cameras: tuple[CameraSettings, ...] = Field(min_length=1, max_length=64)

    @model_validator(mode="before")
    @classmethod
    def _with_profile(cls, values: object) -> object:
        return with_box_profile(values) if isinstance(values, Mapping) else values

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("is no IANA time zone such as Asia/Seoul") from error
        return name

    @model_validator(mode="after")
    def _distinct(self) -> AgentSettings:
        ids = [camera.id for camera in self.cameras]
        doubles = sorted({one for one in ids if ids.count(one) > 1})
        if doubles:
            raise ValueError(f"camera ids stand twice: {', '.join(doubles)}")
        return self

    @model_validator(mode="after")
    def _facilities_fit(self) -> AgentSettings:
        names = [one.id for one in self.facilities]
        doubles = sorted({one for one in names if names.count(one) > 1})
        if doubles:
            raise ValueError(f"facilities stand twice: {', '.join(doubles)}")
        sensor = any(one.kind == "light-sensor" for one in self.facilities)
        cameras = {camera.id for camera in self.cameras}
        for one in self.facilities:
            if not sensor and any(rule.dark for rule in one.on):
                raise ValueError(f"{one.id}: dark needs a facility of the kind light-sensor")
            named = {one.camera} - {None} | {name for rule in one.on for name in rule.cameras}
            if strangers := sorted(str(name) for name in named - cameras):
                raise ValueError(f"{one.id}: there is no camera {strangers[0]}")
        return self

    def sha256(self) -> str:
        """What this configuration is, for events and for config.apply; order does not matter."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def load_agent_settings(path: Path) -> AgentSettings:
    """Read the file; relative paths in it count from its folder. Raises SettingsError."""
    return load_settings(path, AgentSettings)


def stream_url(camera: CameraSettings, url: str) -> str:
    """`url` with the camera's credentials put in, for the reader alone. Raises SettingsError."""
    if camera.credentials_file is None:
        return url
    path = camera.credentials_file
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"{path}: may be read by others; run: chmod 600 {path}")
        user, colon, password = path.read_text(encoding="utf-8").strip().partition(":")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    if not (user and colon):
        raise SettingsError(f"{path}: must hold one line 'user:password'")
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"
