"""What the stages of one camera hand to each other: frozen values, no behaviour beyond geometry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.plates.types import PlateRead
from wire.event import TamperKind
from wire.plates import Paint, VehicleKind

Image = NDArray[np.uint8]
"""A picture: `(H, W, 3)` uint8 BGR, C-contiguous, never written to once handed on."""

NO_PICTURE: Final[Image] = np.zeros((0, 0, 3), np.uint8)

Point = tuple[float, float]
"""x, y in fractions of the frame, 0..1, origin at the top left."""


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned box in fractions of the frame: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    @property
    def area(self) -> float:
        return self.w * self.h

    @property
    def foot(self) -> Point:
        """The middle of the lower edge: where a standing person meets the ground."""
        return (self.x + self.w / 2, self.y + self.h)

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        width = min(self.right, other.right) - max(self.x, other.x)
        height = min(self.bottom, other.bottom) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        overlap = width * height
        return overlap / (self.area + other.area - overlap)


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture with its three times."""

    camera: str
    image: Image
    media_s: float
    """Seconds on the camera's own time line since the source opened; monotonic, never wall time."""
    received_mono_s: float
    """The agent's monotonic clock when the packet arrived."""
    received_at: datetime
    """The agent's wall clock when the packet arrived (UTC)."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One object that the detector saw in one frame."""

    label: str
    confidence: float
    box: Box


@dataclass(frozen=True, slots=True)
class Track:
    """One object followed over frames, as it stands after the newest frame."""

    id: int
    label: str
    box: Box
    confidence: float
    first_s: float
    """Media time of the first detection."""
    last_s: float
    """Media time of the newest detection that was matched."""
    seen: bool
    """True when this frame held a matching detection, false while the track coasts."""


@dataclass(frozen=True, slots=True)
class BodyPoint:
    """One point of a body, in fractions of the frame, and how sure the model is of it, 0..1."""

    x: float
    y: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Pose:
    """The 17 body points of one person in COCO's order: nose, eyes, ears, shoulders … ankles."""

    points: tuple[BodyPoint, ...]


@dataclass(frozen=True, slots=True)
class FireRegion:
    """A part of the frame that may burn or smoke."""

    kind: Literal["fire", "smoke"]
    box: Box
    confidence: float
    """How sure the network is of it in this frame, 0..1."""
    strength: float
    """Fire: the share of the region that flickers; smoke: the share of detail lost behind it."""


@dataclass(frozen=True, slots=True)
class TamperSign:
    """What seems to have been done to the camera."""

    kind: TamperKind
    since_s: float
    """Media time since when it has been so."""
    confidence: float


class CloserLook(Protocol):
    """A second look at parts of the frame that rules may ask for; it costs time only when asked."""

    def pose(self, box: Box) -> Pose | None:
        """The posture of the person in `box`; None when the frame's budget of looks is spent."""
        ...


class NoCloserLook:
    """For frames whose picture is not at hand: knows no posture."""

    def pose(self, box: Box) -> Pose | None:  # noqa: ARG002 - the protocol's parameter
        return None


NO_CLOSER_LOOK: Final = NoCloserLook()


@dataclass(frozen=True, slots=True)
class StillObject:
    """Something that appeared in the scene and stands still, whatever it is."""

    id: int
    box: Box
    since_s: float
    """Media time when it was first to be seen there."""
    seen: bool
    """False while somebody hides it."""
    around: float = 0.0
    """Share of its surroundings, as far as it is wide and high, that something covers now."""


@dataclass(frozen=True, slots=True)
class PlateHit:
    """A read that is on a list, or is like an entry of one."""

    list_id: str
    owner: str
    purpose: str
    listed: str
    """The entry."""
    near: bool
    """True when the entry is not what was read."""
    certainty: float
    """The chance that the plate is the entry, 0..1."""


Direction = Literal["towards", "away", "left", "right", "standing"]
Speed = Literal["standing", "slow", "normal", "fast", "unknown"]
"""Rough: below 1, 30 and 80 km/h, and above, for a camera with an angle of view of 60°."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One vehicle's plate, read once however often it was looked at."""

    id: int
    """One of a kind on the camera since it started."""
    read: PlateRead
    """Fused over the looks."""
    looks: int
    track: Track
    """The vehicle as it stood at the best look."""
    start_s: float
    """Media time of the first look."""
    best_s: float
    """Media time of the best look."""
    box: Box
    """Where the plate was in the frame at the best look."""
    crop: Image
    """The plate upright, at the best look."""
    picture: Image
    """The frame of the best look, made smaller for a still."""
    direction: Direction
    speed: Speed
    hits: tuple[PlateHit, ...] = ()
    """Lists that it is on, the surest first."""
    vehicle: VehicleKind = "unknown"
    paint: Paint = "unknown"
    """The vehicle's own colour."""

    def lighter(self) -> Passage:
        """Without the frame's picture, for who keeps it for long."""
        return replace(self, picture=NO_PICTURE)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Everything that rules may know of one frame."""

    media_s: float
    """The camera's own time line; it grows from frame to frame."""
    wall: datetime
    """The time that schedules see, timezone-aware."""
    tracks: tuple[Track, ...] = ()
    detections: tuple[Detection, ...] = ()
    """What the detector saw, down to weak ones that no track was made of."""
    aspect: float = 4 / 3
    """Width of the picture over its height: makes fractions across and down comparable."""
    look: CloserLook = NO_CLOSER_LOOK
    still_objects: tuple[StillObject, ...] = ()
    """What was left standing; looked for only when a rule of the camera asks."""
    burning: tuple[FireRegion, ...] = ()
    """What may burn or smoke; looked for only when a rule of the camera asks."""
    tamper: TamperSign | None = None
    """Whether the camera sees what it should; looked at only when a rule of the camera asks."""
    passages: tuple[Passage, ...] = ()
    """Vehicles whose plates were read since the last frame; only when a rule of the camera asks."""


Phase = Literal["open", "update", "close"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule has to say now. `key` is stable over one finding's life within one rule."""

    key: str
    rule: str
    type: str
    phase: Phase
    start_s: float
    """Media time when it began."""
    alarm_s: float
    """Media time when the rule could first say so; never dated back."""
    end_s: float | None
    confidence: float
    severity: str
    zone: str | None
    tracks: tuple[Track, ...]
    box: Box | None
    plate: Passage | None = None
    """Whose plate it is about."""
    detail: str | None = None
    """What kind of it, where the type has several: for `tamper` its TamperKind."""
