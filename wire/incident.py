"""What agencies receive and answer: plain CloudEvents JSON with the devices' JWS attached."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from wire.event import BoxParts, PlatePart, Severity
from wire.names import Id, Moment, Name, Sha256, Text, WireModel

IncidentState = Literal["open", "notified", "acknowledged", "confirmed", "rejected", "closed"]

MAX_PLATES = 8


class Place(WireModel):
    """WGS84 position and how people call it."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    address: str | None = Field(None, max_length=200)


Corners = tuple[tuple[float, float], ...]


class AlertPart(WireModel):
    """What is alerted and where: of incidents of the type `disaster`. WGS84, the latitude first."""

    event: str = Field(max_length=120, description="As its sender calls it.")
    event_en: str = Field("", max_length=120)
    category: str = Field(max_length=20, description="Of CAP 1.2.")
    code: str | None = Field(None, max_length=20, description="KR.eventCode.")
    instruction: Text = ""
    area: str = Field("", max_length=120, description="What people call the place.")
    polygons: tuple[Corners, ...] = Field((), max_length=100)
    circles: tuple[tuple[float, float, float], ...] = Field(
        (), max_length=100, description="[lat, lon, metres around it]"
    )
    codes: tuple[str, ...] = Field((), max_length=500, description="행정구역코드, ten digits.")
    rough: bool = Field(
        False, description="It has more corners than travel: rectangles stand around the polygons."
    )


class EarlierPart(WireModel):
    """A picture that is older than the alarm; its JPEG comes as the incident's own does."""

    sha256: Sha256
    at: Moment
    shows: str = Field(
        max_length=20, description="before: the place as it was; left: the moment of leaving it."
    )


class Incident(WireModel):
    """One incident as an agency sees it (kind `incident`); a higher `revision` replaces a lower."""

    incident_id: Id
    delivery_id: Id
    revision: int = Field(ge=1)
    state: IncidentState
    type: str = Field(max_length=40)
    severity: Severity
    certainty: Literal["possible", "likely", "observed"]
    drill: bool
    unconfirmed: bool | None = Field(
        None, description="Set while a person has yet to look: no unit is to be sent for it."
    )
    opened_at: Moment
    updated_at: Moment
    ended_at: Moment | None = Field(
        None, description="When the last finding ended; absent while it goes on."
    )
    closed_at: Moment | None = Field(None, description="When a person closed it.")
    observed_at: Moment = Field(
        description="Arrival at the pole of the frame behind this revision."
    )
    clock: Literal["doubtful", "corrected"] | None = Field(
        None, description="Set when the pole's clock was not kept: whether it was set right since."
    )
    site: Name
    device: Name
    camera: Name
    camera_title: str | None = Field(None, max_length=120)
    place: Place | None = None
    zone: Name | None = None
    text_ko: Text
    text_en: Text
    finding_ids: tuple[Id, ...] = Field(max_length=200)
    still_sha256: Sha256 | None = None
    earlier: tuple[EarlierPart, ...] | None = Field(
        None, max_length=20, description="Of dumping: the pictures of before; the oldest first."
    )
    box: BoxParts | None = None
    alert: AlertPart | None = Field(None, description="Of an alert of an area alone.")
    link: str | None = Field(None, max_length=500, description="Opens the incident in the console.")
    plates: tuple[PlatePart, ...] = Field(
        (),
        max_length=MAX_PLATES,
        description="The newest wanted plates behind it, the last read last.",
    )
    evidence: tuple[str, ...] = Field((), max_length=20, description="JWS of the events behind it.")


class IncidentAck(WireModel):
    """An agency's word that a delivery reached it (kind `ack`)."""

    delivery_id: Id
    incident_id: Id
    revision: int | None = Field(
        None, ge=1, description="Of the incident that reached it; absent: the newest sent."
    )
    agency: Name
    at: Moment
    state: Literal["received", "accepted", "refused"]
    officer: str | None = Field(None, max_length=80)
    note: Text | None = None
