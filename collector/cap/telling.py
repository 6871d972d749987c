"""An incident as the CAP 1.2 message that an agency gets: Alert, then Updates, at last a Cancel.

A message's identifier is its delivery and revision, so that a repeated one is the same message.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from collector.cap.codes import (
    AREA_CODE,
    CERTAINTIES,
    EVENT_CODE,
    KINDS,
    KOREA,
    SEVERITIES,
    UNKNOWN,
)
from collector.cap.document import (
    Alert,
    Area,
    Category,
    Circle,
    Info,
    MsgType,
    Pair,
    Reference,
    Resource,
    ResponseType,
    Urgency,
)
from collector.texts import type_name
from wire.incident import Corners, Incident

SIGHT_KM = 0.1
"""Radius around the camera within which the incident is; cameras see about that far."""
EXPIRES = timedelta(days=1)
"""Without news for so long, what was said counts no longer."""


@dataclass(frozen=True, slots=True)
class Way:
    """How messages to one agency are marked."""

    sender: str
    sender_name: str
    agency: str
    scope: Literal["Restricted", "Private"]
    restriction: str
    area_code: str | None = None
    """Ten digits, of the camera's district."""
    event_code: str | None = None
    """Instead of the type's own, as MFW for a fire in a forest."""


def tell(
    incident: Incident,
    way: Way,
    *,
    sent: datetime,
    earlier: tuple[tuple[int, datetime], ...],
    still: bytes | None,
) -> Alert | None:
    """The message of this revision; None when there is nothing to say: it was rejected before
    anything was told.

    `sent`: when this revision was due; `earlier`: revisions that were sent, with their `sent`.
    Times carry the zone that they come with.
    """
    kind = _message_kind(incident, bool(earlier))
    if kind is None:
        return None
    private = way.scope == "Private"
    return Alert(
        identifier=_identifier(incident.delivery_id, incident.revision),
        sender=way.sender,
        sent=sent,
        status="Exercise" if incident.drill else "Actual",
        msg_type=kind,
        scope=way.scope,
        source=f"{incident.site}/{incident.device}/{incident.camera}",
        restriction=None if private else way.restriction,
        addresses=(way.agency,) if private else (),
        codes=(KOREA,),
        note="훈련 / DRILL" if incident.drill else None,
        references=tuple(
            Reference(way.sender, _identifier(incident.delivery_id, revision), at)
            for revision, at in earlier
        ),
        incidents=(incident.incident_id,),
        infos=tuple(_info(incident, way, language, sent, still) for language in ("ko-KR", "en-US")),
    )


def delivery_of(identifier: str) -> tuple[str, int] | None:
    """Delivery id and revision of a message of ours; None when it is none."""
    delivery, point, revision = identifier.rpartition(".")
    return (delivery, int(revision)) if point and revision.isdecimal() else None


def _identifier(delivery_id: str, revision: int) -> str:
    return f"{delivery_id}.{revision}"


def _message_kind(incident: Incident, told: bool) -> MsgType | None:
    if incident.state == "rejected":
        return "Cancel" if told else None
    return "Update" if told else "Alert"


def _info(incident: Incident, way: Way, language: str, sent: datetime, still: bytes | None) -> Info:
    kind = KINDS.get(incident.type, UNKNOWN)
    korean = language == "ko-KR"
    alert = incident.alert
    name = type_name(incident.type)[0 if korean else 1]
    if alert is not None:
        name = alert.event if korean else alert.event_en or alert.event
        kind = replace(kind, category=_category(alert.category), code=alert.code or kind.code)
    over = incident.state in ("closed", "rejected")
    urgency: Urgency = "Past" if over or incident.ended_at is not None else kind.urgency
    response: ResponseType = "AllClear" if over else "Assess"
    text = incident.text_ko if korean else incident.text_en
    return Info(
        language=language,
        categories=(kind.category,),
        event=_marked(name, incident.drill, korean),
        response_types=(response,),
        urgency=urgency,
        severity=SEVERITIES[incident.severity],
        certainty="Unlikely" if incident.state == "rejected" else CERTAINTIES[incident.certainty],
        event_codes=((EVENT_CODE, way.event_code or kind.code),),
        effective=sent,
        onset=incident.opened_at,
        expires=sent + EXPIRES,
        sender_name=way.sender_name,
        headline=_marked(f"{name}, {_where(incident)}", incident.drill, korean),
        description=text,
        instruction=alert.instruction or None if alert and korean else None,
        web=incident.link,
        parameters=_parameters(incident),
        resources=() if still is None else (_picture(still, korean),),
        areas=(_area(incident, way),),
    )


def _marked(text: str, drill: bool, korean: bool) -> str:
    return f"{'[훈련]' if korean else '[DRILL]'} {text}" if drill else text


def _closed(corners: Corners) -> Corners:
    """As CAP wants a polygon: the first position is also the last."""
    return corners if corners[0] == corners[-1] else (*corners, corners[0])


def _where(incident: Incident) -> str:
    if incident.alert is not None and incident.alert.area:
        return incident.alert.area
    address = incident.place.address if incident.place else None
    return incident.camera_title or address or f"{incident.device}/{incident.camera}"


def _parameters(incident: Incident) -> tuple[Pair, ...]:
    found: list[Pair] = [("state", incident.state)]
    if incident.ended_at is not None:
        found.append(("ended", incident.ended_at.isoformat(timespec="seconds")))
    found += [("plate", plate.text) for plate in incident.plates]
    return tuple(found)


def _picture(still: bytes, korean: bool) -> Resource:
    return Resource(
        desc="현장 사진" if korean else "still picture",
        mime_type="image/jpeg",
        size=len(still),
        uri=f"urn:sha256:{hashlib.sha256(still).hexdigest()}",
        # The picture travels once, with the Korean text.
        deref_uri=base64.b64encode(still).decode("ascii") if korean else None,
        digest=hashlib.sha1(still, usedforsecurity=False).hexdigest(),
    )


def _category(name: str) -> Category:
    known: tuple[Category, ...] = get_args(Category)
    return next((one for one in known if one == name), "Other")


def _area(incident: Incident, way: Way) -> Area:
    place, alert = incident.place, incident.alert
    if alert is not None:
        return Area(
            desc=alert.area or alert.event,
            polygons=tuple(_closed(one) for one in alert.polygons),
            circles=tuple(Circle(lat, lon, metres / 1000) for lat, lon, metres in alert.circles),
            geocodes=tuple((AREA_CODE, one) for one in alert.codes),
        )
    return Area(
        desc=(place.address if place else None) or _where(incident),
        circles=() if place is None else (Circle(place.lat, place.lon, SIGHT_KM),),
        geocodes=() if way.area_code is None else ((AREA_CODE, way.area_code),),
    )
