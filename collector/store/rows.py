"""What readers get: frozen rows. Times are aware datetimes in UTC, boxes fractions of the frame."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from collector.store.confirmed_plates import ConfirmedPlate
from collector.store.earlier import Earlier
from wire.event import PlatePart, Severity
from wire.health import Health, RunningModel
from wire.incident import IncidentState

Box = tuple[float, float, float, float]
"""Left, top, width, height in fractions of the frame."""

DeliveryState = Literal["waiting", "sent", "done", "failed"]
Certainty = Literal["possible", "likely", "observed"]


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One agency's delivery of one incident over one channel."""

    delivery_id: str
    incident_id: str
    agency: str
    channel: str
    state: DeliveryState
    wanted: int
    sent: int
    acked: int
    attempts: int
    next_at: datetime
    first_at: datetime | None
    acked_at: datetime | None
    answer: str | None
    officer: str | None
    error: str | None
    instead_of: str | None
    """Agency whose silence brought it about; None: a route did."""


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One incident in a list."""

    incident_id: str
    revision: int
    type: str
    severity: Severity
    certainty: Certainty
    confidence: float
    state: IncidentState
    drill: bool
    device: str
    camera: str
    camera_title: str
    address: str | None
    lat: float | None
    lon: float | None
    zone: str | None
    rule: str
    opened_at: datetime
    active_at: datetime
    observed_at: datetime
    ended_at: datetime | None
    """When the last finding ended; None while it goes on."""
    updated_at: datetime
    closed_at: datetime | None
    """When a person closed it."""
    still: str | None
    """SHA-256 of its picture, named by a verified event."""
    still_here: bool
    """Whether the picture has arrived: `Reader.still` returns it."""
    box: Box | None
    clip_start: datetime | None
    clip_end: datetime | None
    text_ko: str
    text_en: str
    findings: int
    deliveries: tuple[DeliveryRow, ...]
    waits: bool = False
    """Agencies are told once a person has confirmed it."""


@dataclass(frozen=True, slots=True)
class ListedPlate:
    """A listed plate behind an incident, and what its list says of it now."""

    plate: PlatePart
    on_list: bool
    """Whether the entry still stands on it, as far as the centre keeps that list."""
    note: str | None
    """The owner's own reference."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One verified event behind an incident."""

    id: str
    device: str
    epoch: str
    seq: int
    kind: str
    finding_id: str | None
    phase: str | None
    type: str | None
    severity: str | None
    at: datetime
    received_at: datetime
    still: str | None
    token: bytes
    """The JWS as it travelled."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step in the life of an incident; `person` is None for what a machine did."""

    at: datetime
    state: IncidentState
    person: str | None
    agency: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class EscalationRow:
    """An agency whose acknowledgement is, or was, waited for."""

    agency: str
    step: int
    """So many others were told in its place."""
    check_at: datetime
    """When the next is told; of no meaning once there is a result."""
    result: Literal["acknowledged", "handled", "exhausted", "withdrawn"] | None


@dataclass(frozen=True, slots=True)
class IncidentDetail:
    """One incident with all that belongs to it; events in the order they arrived."""

    incident: IncidentRow
    events: tuple[EventRow, ...]
    steps: tuple[StepRow, ...]
    escalations: tuple[EscalationRow, ...]
    finding_ids: tuple[str, ...]
    plates: tuple[ListedPlate, ...] = ()
    """The newest, the last read last."""
    earlier: tuple[Earlier, ...] = ()
    """Pictures of before the alarm, the oldest first."""
    vehicles: tuple[ConfirmedPlate, ...] = ()
    """Whose plates somebody confirmed as those of who left it."""


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """Incidents, newest first; `before` continues the list, None at its end."""

    incidents: tuple[IncidentRow, ...]
    before: str | None


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """What a list is narrowed to; empty means all."""

    states: tuple[IncidentState, ...] = ()
    types: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    device: str | None = None
    camera: str | None = None
    agency: str | None = None
    """Only what was routed to this agency."""
    since: datetime | None = None
    until: datetime | None = None
    ongoing: bool | None = None
    words: tuple[str, ...] = ()
    """Each stands in its sentence, its camera's title or address, its rule, zone or id."""
    drill: bool | None = None


@dataclass(frozen=True, slots=True)
class CameraRow:
    """One camera: from the configuration, from its state messages, or both."""

    device: str
    camera: str
    title: str
    title_en: str | None
    address: str | None
    lat: float | None
    lon: float | None
    state: Literal["up", "degraded", "down", "unknown"]
    code: str | None
    """Fault code of wire.codes."""
    message: str | None
    state_at: datetime | None
    online: bool
    """Whether its device is connected; a camera of an offline device cannot be watched."""
    fps: float | None
    """From the device's last health."""
    ring_start: datetime | None
    ring_end: datetime | None
    """What of it is recorded on the pole."""


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One box."""

    device: str
    online: bool
    boot_id: str | None
    since: datetime | None
    version: str | None
    reason: str | None
    heard_at: datetime | None
    health: Health | None
    health_at: datetime | None
    missing: int
    """Numbers below the highest seen that are neither here nor covered by a loss record."""
    duplicates: int
    gaps_asked: int
    models: tuple[RunningModel, ...] = ()
    """Networks that it said it has loaded."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts for the head of a page and for the demo."""

    incidents: int
    incidents_ongoing: int
    incidents_unhandled: int
    """Open, notified or acknowledged: nobody has confirmed, rejected or closed them."""
    events: int
    deliveries_done: int
    deliveries_waiting: int
    deliveries_failed: int
    devices: int
    devices_online: int
    cameras: int
    cameras_up: int
    quarantined: int
    security_entries: int
    ledger_entries: int


@dataclass(frozen=True, slots=True)
class DeliveryCount:
    """One agency's deliveries over one channel that stand alike."""

    agency: str
    channel: str
    state: str
    count: int
    oldest: datetime
    """Since when the oldest of them has been due."""
