"""What a city's cameras report in a day: which findings, how severe, how long, with what picture.

The cameras are those of Gyeyang-gu (DOMAIN, section 1: 1,587 against crime, 480 administrative).
No public source tells the shares of the kinds; they are this project's assumption, and the figures
that rest on them say so.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge_agent.uplink.order import sha256_of
from wire.event import (
    BoxParts,
    ClipPart,
    Event,
    ModelPart,
    PlatePart,
    Severity,
    StillPart,
    TimeQuality,
    Times,
    TrackPart,
)
from wire.names import new_id

CRIME_SHARE = 1587 / 2067
"""Of the cameras, those against crime; the others watch for dumping and fire."""
PER_CAMERA_DAY = 20
"""Findings of a camera and day (DOMAIN, section 1); each is two messages, its opening and its end.
"""
CAMERA = "cam-1"
JPEG_START = b"\xff\xd8\xff\xe0"
STILL_SIZE = (640, 360)
_NO_MODEL = ModelPart(name="simulated", sha256="0" * 64, config_sha256="0" * 64)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of finding; `share` is of a hundred of its cameras'."""

    type: str
    severity: Severity
    share: int
    label: str


CRIME = (
    Kind("loitering", "minor", 34, "person"),
    Kind("intrusion", "moderate", 28, "person"),
    Kind("stopped_vehicle", "minor", 12, "car"),
    Kind("abandonment", "moderate", 8, "backpack"),
    Kind("plate", "severe", 7, "car"),
    Kind("fall", "severe", 6, "person"),
    Kind("fight", "severe", 5, "person"),
)
ADMINISTRATIVE = (
    Kind("dumping", "minor", 62, "person"),
    Kind("loitering", "minor", 26, "person"),
    Kind("smoke", "severe", 8, "smoke"),
    Kind("fire", "severe", 4, "fire"),
)


@dataclass(frozen=True, slots=True)
class Boot:
    """The run of a device that a finding falls into."""

    id: str
    began_s: float
    """On the machine's monotonic clock."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When it happens: wall clock of the device, and the device's monotonic clock in seconds."""

    wall: datetime
    monotonic_s: float
    quality: TimeQuality = "synchronised"


def kind_of(position: float, rng: random.Random) -> Kind:
    """A finding's kind for the camera that stands at `position` (0..1) among the city's."""
    kinds = CRIME if position < CRIME_SHARE else ADMINISTRATIVE
    return rng.choices(kinds, [one.share for one in kinds])[0]


def still(bytes_: int, rng: random.Random) -> bytes:
    """Bytes that pass for a JPEG of about that size, and like no other."""
    size = max(1000, min(60 * 1024, round(rng.gauss(bytes_, bytes_ / 4))))
    return JPEG_START + rng.randbytes(size - len(JPEG_START))


def opening(
    kind: Kind, boot_id: str, at: Moment, rng: random.Random, jpeg: bytes | None = None
) -> Event:
    """A finding's first message."""
    box = BoxParts(x=round(rng.uniform(0, 0.8), 4), y=round(rng.uniform(0, 0.6), 4), w=0.08, h=0.31)
    confidence = round(rng.uniform(0.45, 0.98), 3)
    width, height = STILL_SIZE
    return Event(
        finding_id=new_id(),
        phase="open",
        type=kind.type,
        rule=f"yard-{kind.type.replace('_', '-')}",
        camera=CAMERA,
        zone="yard",
        severity=kind.severity,
        confidence=confidence,
        times=Times(
            started_at=at.wall - timedelta(seconds=0.7),
            alarm_at=at.wall,
            observed_at=at.wall,
            quality=at.quality,
            boot_id=boot_id,
            monotonic_s=at.monotonic_s,
            media_start_s=at.monotonic_s - 0.7,
            media_alarm_s=at.monotonic_s,
        ),
        tracks=(
            TrackPart(id=rng.randrange(10_000), label=kind.label, confidence=confidence, box=box),
        ),
        box=box,
        model=_NO_MODEL,
        still=None
        if jpeg is None
        else StillPart(sha256=sha256_of(jpeg), bytes=len(jpeg), width=width, height=height),
        clip=ClipPart(
            camera=CAMERA,
            start_at=at.wall - timedelta(seconds=5.7),
            end_at=at.wall + timedelta(seconds=10),
        ),
        plate=_plate(rng) if kind.type == "plate" else None,
    )


def ending(opened: Event, at: Moment) -> Event:
    """The last message of a finding."""
    times = opened.times.model_copy(
        update={
            "ended_at": at.wall,
            "observed_at": at.wall,
            "monotonic_s": at.monotonic_s,
            "media_end_s": at.monotonic_s,
        }
    )
    return opened.model_copy(update={"phase": "close", "times": times, "still": None})


def _plate(rng: random.Random) -> PlatePart:
    text = f"{rng.randrange(100, 700)}{rng.choice('가나다라마')}{rng.randrange(100, 10_000):04d}"
    return PlatePart(
        text=text, type="p8", confidence=0.97, color="white",
        list_id="wass", listed=text, list_owner="police", list_purpose="수배 차량",
    )  # fmt: skip
