"""What a pole reports: findings, and what else goes through its numbered outbox."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wire.names import MAX_SEQ, Id, Moment, Name, Sha256, Text, WireModel

RuleType = Literal[
    "intrusion",
    "loitering",
    "line_crossing",
    "fall",
    "abandonment",
    "dumping",
    "fire",
    "smoke",
    "fight",
    "crowd",
    "stopped_vehicle",
    "wrong_way",
    "plate",
    "tamper",
]
TamperKind = Literal["covered", "turned", "defocused", "dark", "frozen"]
"""What may have been done to a camera: the `detail` of findings of the type `tamper`."""

Severity = Literal["minor", "moderate", "severe"]
"""CAP 1.2 severities that a rule may raise."""

SEVERITY_ORDER: tuple[Severity, ...] = ("minor", "moderate", "severe")

TimeQuality = Literal["synchronised", "unsynchronised"]
"""Whether the device's wall clock was kept by a time service when the time was taken."""

Shows = Literal["before", "left"]
"""What a still shows that is older than its finding's alarm: the place `before` something was put
down there, or the moment at which it was `left`."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]

MAX_CROP = 12_000
"""Characters of a plate's picture in an event; it is signed with the read that it proves."""


class BoxParts(WireModel):
    """Left, top, width and height in fractions of the frame."""

    x: Fraction
    y: Fraction
    w: Fraction
    h: Fraction


class TrackPart(WireModel):
    """One tracked object that a finding rests on."""

    id: int = Field(ge=0)
    label: str = Field(max_length=40)
    confidence: Fraction
    box: BoxParts


class Times(WireModel):
    """Wall times of a finding with their quality, and the same on clocks that do not step."""

    started_at: Moment
    alarm_at: Moment = Field(description="When the rule could first say so; never dated back.")
    ended_at: Moment | None = None
    observed_at: Moment = Field(description="Arrival at the agent of the frame behind this phase.")
    quality: TimeQuality
    boot_id: Id
    monotonic_s: float = Field(
        description="The device's monotonic clock at `observed_at`, seconds."
    )
    media_start_s: float
    media_alarm_s: float
    media_end_s: float | None = None


class ModelPart(WireModel):
    """Which weights and which configuration saw it."""

    name: str = Field(max_length=80)
    sha256: Sha256
    config_sha256: Sha256


class StillPart(WireModel):
    """The still travels on its own topic; here stands what it must hash to."""

    sha256: Sha256
    bytes: int = Field(gt=0, le=64 * 1024)
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class ClipPart(WireModel):
    """Where on the pole's ring the video is, by the camera's wall times."""

    camera: Name
    start_at: Moment
    end_at: Moment


class PlatePart(WireModel):
    """A licence plate as read."""

    text: str = Field(max_length=24)
    type: str = Field(max_length=16)
    confidence: Fraction
    chances: tuple[Fraction, ...] = Field(
        (),
        max_length=24,
        description="That each character of the text is right; empty where it is not known.",
    )
    color: str | None = Field(None, max_length=16)
    list_id: Name | None = None
    near_match: bool = Field(False, description="The list's entry is not what was read.")
    listed: str | None = Field(None, max_length=24, description="The list's entry that it met.")
    list_owner: Name | None = None
    list_purpose: str | None = Field(None, max_length=200)
    certainty: Fraction | None = Field(None, description="The chance that this is the entry.")
    direction: str | None = Field(None, max_length=16)
    speed: str | None = Field(None, max_length=16, description="A rough class, never evidence.")
    looks: int | None = Field(None, ge=1, description="Pictures that the read rests on.")
    crop: str | None = Field(
        None, max_length=MAX_CROP, description="The plate's picture: JPEG in base64."
    )


class Event(WireModel):
    """One phase of one finding (kind `finding`)."""

    finding_id: Id
    phase: Literal["open", "update", "close"]
    type: str = Field(max_length=40, description="A RuleType; unknown ones are kept and shown.")
    detail: str | None = Field(
        None,
        max_length=40,
        description="What kind of it; for `tamper` covered, turned, defocused, dark or frozen.",
    )
    rule: Name
    camera: Name
    zone: Name | None = None
    severity: Severity
    confidence: Fraction
    times: Times
    tracks: tuple[TrackPart, ...] = Field((), max_length=200)
    box: BoxParts | None = None
    model: ModelPart | None = None
    still: StillPart | None = None
    shows: Shows | None = Field(
        None, description="Of a still that is older than the alarm; its event is an update."
    )
    still_at: Moment | None = Field(None, description="When such a still was taken.")
    clip: ClipPart | None = None
    plate: PlatePart | None = None
    drill: bool = False


class SeqRange(WireModel):
    """Numbers `first` to `last`, both included."""

    first: int = Field(ge=1, le=MAX_SEQ)
    last: int = Field(ge=1, le=MAX_SEQ)


LossReason = Literal["disk-full", "age", "size", "corrupt", "epoch-lost", "receipted", "queue"]
"""`receipted`: asked for again, but gone since a receipt named it; `queue`: never got a number."""


class LossRecord(WireModel):
    """What a device had to give up (kind `loss`); it closes the gap in the numbers.

    Without `ranges` it names what had no number: stills of events that are delivered apart, or
    findings that could not be committed.
    """

    lost_epoch: Id
    ranges: tuple[SeqRange, ...] = Field((), max_length=1000)
    count: int = Field(ge=0, description="Events lost; stills are not counted.")
    by_severity: dict[str, int] = Field(
        max_length=8, description="Of `count`, as far as it is known."
    )
    finding_ids: tuple[Id, ...] = Field((), max_length=1000)
    event_ids: tuple[Id, ...] = Field((), max_length=1000)
    stills: tuple[Sha256, ...] = Field((), max_length=1000)
    reason: LossReason


class EpochStart(WireModel):
    """The first message of an epoch (kind `epoch`)."""

    previous: Id | None = None
    previous_last_seq: int | None = Field(None, ge=0, le=MAX_SEQ)
    reason: Literal["first", "folder-lost", "folder-restored", "corrupt", "commanded"]
    boot_id: Id


class CameraState(WireModel):
    """A camera went up, down or half down (kind `camera`)."""

    camera: Name
    state: Literal["up", "degraded", "down"]
    code: str | None = Field(None, max_length=60)
    message: Text | None = None
    at: Moment
    quality: TimeQuality


class AuditEvent(WireModel):
    """What somebody did or was refused on the pole (kind `audit`)."""

    action: Literal[
        "session.open",
        "session.refused",
        "session.pause",
        "session.change",
        "session.end",
        "command.refused",
        "config.applied",
        "config.refused",
        "export",
        "export.refused",
        "export.end",
        "watchlist.applied",
        "watchlist.refused",
        "watchlist.ended",
        "hold.placed",
        "hold.released",
        "hold.refused",
        "recording.deleted",
        "certificate.taken",
        "certificate.refused",
        "plates.searched",
        "plates.shown",
        "trace.begun",
        "trace.refused",
        "trace.ended",
        "rules.tried",
        "rules.trial-ended",
        "facility.on",
        "facility.off",
        "facility.refused",
        "facility.stuck",
        "facility.mended",
        "facility.pressed",
    ]
    at: Moment
    quality: TimeQuality
    camera: Name | None = None
    session_id: Id | None = None
    grant_id: Id | None = None
    agency: Name | None = None
    person: str | None = Field(None, max_length=80)
    case: str | None = Field(None, max_length=80)
    code: str | None = Field(None, max_length=60)
    detail: Text | None = None
    bytes_sent: int | None = Field(None, ge=0)
    hold_id: Id | None = None
    start_at: Moment | None = Field(None, description="Of the recording that is meant.")
    end_at: Moment | None = None
    segments: int | None = Field(None, ge=0, description="Files of the ring that were deleted.")
    bytes: int | None = Field(None, ge=0, description="Their size, or that of an export's file.")
    facility: Name | None = None
    export_id: Id | None = None
    sha256: Sha256 | None = Field(None, description="Of an export's file.")
