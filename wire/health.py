"""How a device and its cameras are: presence, and figures every half minute. Not numbered."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from wire.event import TimeQuality
from wire.facility import FacilityState
from wire.names import Id, Moment, Name, Sha256, Text, WireModel
from wire.rules import RulesHealth

SHORT_HASH: Final = 12
"""Digits of a hash that are told: uplinks are dear, and 48 bits tell any two files apart."""


class RunningModel(WireModel):
    """One network that the device has loaded."""

    name: str = Field(max_length=64, description="As its manifest names it.")
    sha256: str = Field(
        pattern=rf"^[0-9a-f]{{{SHORT_HASH}}}$", description="How the hash of its file begins."
    )


class DeviceState(WireModel):
    """Retained presence (kind `state`); the signed offline twin is the MQTT last will."""

    state: Literal["online", "offline"]
    boot_id: Id
    since: Moment
    version: str = Field(max_length=40)
    reason: Text | None = None
    certificate: Sha256 | None = Field(
        None, description="Of the certificate, as DER, that its connection shows."
    )
    models: tuple[RunningModel, ...] = Field(
        (), max_length=16, description="What looks at its pictures; told anew when it changes."
    )


class CameraHealth(WireModel):
    """One camera's figures over the last reporting interval."""

    camera: Name
    state: Literal["up", "degraded", "down"]
    code: str | None = Field(None, max_length=60)
    fps: float = Field(ge=0)
    analysed_fps: float = Field(ge=0)
    decoded_fps: float = Field(0, ge=0, description="Pictures of it that were decoded.")
    gate: str = Field(
        "off", max_length=20, description="Why every packet is decoded; `idle` when none need be."
    )
    gate_wakes: int = Field(0, ge=0, description="How often something ended its idleness.")
    tracks: int = Field(ge=0)
    bytes_received: int = Field(ge=0)
    width: int = Field(0, ge=0)
    height: int = Field(0, ge=0)
    ring_start: Moment | None = None
    ring_end: Moment | None = None
    ring_bytes: int = Field(0, ge=0)
    ring_budget_bytes: int = Field(0, ge=0, description="Disk that the ring may take.")
    ring_hours: float = Field(0, ge=0, description="How far back it reaches at the rate below.")
    ring_bytes_per_s: float = Field(0, ge=0, description="Of the last day, or assumed at first.")
    ring_held_bytes: int = Field(0, ge=0, description="Under holds.")
    ring_holds: int = Field(0, ge=0, description="Holds that count, cases and events.")
    ring_deleted_segments: int = Field(0, ge=0, description="Since the ring's index was made.")
    ring_deleted_bytes: int = Field(0, ge=0)
    rules: RulesHealth | None = Field(None, description="What is watched for.")


class WatchlistHealth(WireModel):
    """One list as it stands on the pole."""

    list_id: Name
    version: int = Field(ge=1)
    entries: int = Field(ge=0)
    expires_at: Moment


class OutboxHealth(WireModel):
    """What still waits on the pole."""

    depth: int = Field(ge=0)
    stills: int = Field(0, ge=0)
    parked: int = Field(ge=0)
    lost: int = Field(ge=0)
    oldest_s: float = Field(ge=0)
    committed: int = Field(0, ge=0, description="Numbered messages since the epoch began.")
    receipts: int = Field(
        0, ge=0, description="Distinct event ids covered by receipts since start."
    )


class Health(WireModel):
    """A device's figures (kind `health`)."""

    boot_id: Id
    at: Moment
    quality: TimeQuality
    monotonic_s: float = Field(ge=0)
    uptime_s: float = Field(ge=0)
    cameras: tuple[CameraHealth, ...] = Field((), max_length=64)
    outbox: OutboxHealth
    mqtt_bytes: int = Field(ge=0, description="Bytes that left on the MQTT socket since start.")
    clip_bytes: int = Field(ge=0, description="WebRTC media bytes sent since start.")
    sessions: int = Field(ge=0)
    cpu_s: float = Field(ge=0, description="CPU seconds of the agent since start.")
    stages: dict[str, float] = Field(
        default_factory=dict, max_length=32, description="The same by stage."
    )
    rss_mb: float = Field(ge=0)
    disk_free_mb: float = Field(ge=0)
    dropped: dict[str, int] = Field(
        default_factory=dict, max_length=64, description="What full queues dropped, by queue."
    )
    watchlists: tuple[WatchlistHealth, ...] = Field((), max_length=64)
    watchlists_refused: int = Field(0, ge=0, description="Deltas refused since start.")
    faults: tuple[str, ...] = Field((), max_length=64, description="Codes of wire.codes.")
    facilities: tuple[FacilityState, ...] = Field(
        (), max_length=32, description="What hangs on the pole beside cameras."
    )
