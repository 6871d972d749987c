"""Rows of the store as the JSON of the API: pure, one function a noun."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from collector.config import CameraPlace, CollectorSettings
from collector.store.rows import (
    CameraRow,
    DeliveryRow,
    IncidentDetail,
    IncidentPage,
    IncidentRow,
    ListedPlate,
    StepRow,
    Summary,
)
from collector.suggestions import RuleCount
from wire.codes import fault
from wire.names import utc_text

Json = dict[str, Any]
MAX_EVENTS = 200


def compact(found: Json) -> bytes:
    """What is large already as JSON: FastAPI looks at each value of a thousand rows once more."""
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def still_url(sha256: str) -> str:
    return f"/stills/{sha256}.jpg"


@dataclass(frozen=True, slots=True)
class Site:
    """What rows do not say of themselves."""

    name: str
    zone: ZoneInfo
    places: Mapping[tuple[str, str], CameraPlace]

    @classmethod
    def of(cls, settings: CollectorSettings) -> Site:
        return cls(settings.site, settings.zone, settings.places())

    def english(self, row: IncidentRow) -> str | None:
        """The camera's English title, where it has one."""
        place = self.places.get((row.device, row.camera))
        return None if place is None else place.title_en


def incident(row: IncidentRow, site: Site) -> Json:
    """One incident as lists show it.

    `still` is null until the picture has arrived, `clip.to` while the incident goes on.
    """
    place = (
        None
        if row.lat is None or row.lon is None
        else {"lat": row.lat, "lon": row.lon, "address": row.address}
    )
    day = row.opened_at.astimezone(site.zone).strftime("%Y%m%d")
    return {
        "incident_id": row.incident_id,
        "revision": row.revision,
        "type": row.type,
        "severity": row.severity,
        "certainty": row.certainty,
        "confidence": row.confidence,
        "state": row.state,
        "waits": row.waits,
        "drill": row.drill,
        "device": row.device,
        "camera": row.camera,
        "camera_title": {"ko": row.camera_title, "en": site.english(row)},
        "place": place,
        "zone": row.zone,
        "rule": row.rule,
        "opened_at": utc_text(row.opened_at),
        "observed_at": utc_text(row.observed_at),
        "ended_at": _time(row.ended_at),
        "updated_at": utc_text(row.updated_at),
        "closed_at": _time(row.closed_at),
        "still": still_url(row.still) if row.still and row.still_here else None,
        "still_url": still_url(row.still) if row.still else None,
        "still_sha256": row.still,
        "box": None if row.box is None else dict(zip("xywh", row.box, strict=True)),
        "clip": {
            "from": utc_text(row.clip_start or row.opened_at),
            "to": None if row.ended_at is None else _time(row.clip_end or row.ended_at),
        },
        "text": {"ko": row.text_ko, "en": row.text_en},
        "findings": row.findings,
        "deliveries": [delivery(one) for one in row.deliveries],
        "case_hint": f"{site.name}-{day}-{row.incident_id[-6:]}".upper(),
    }


def delivery(row: DeliveryRow) -> Json:
    """`state` is what to show: the agency's answer once it has given one to the newest revision.

    `seconds` runs from the first sending to the first acknowledgement.
    """
    answered = row.state == "done" and row.answer is not None
    waited = (
        (row.acked_at - row.first_at).total_seconds() if row.acked_at and row.first_at else None
    )
    return {
        "agency": row.agency,
        "channel": row.channel,
        "state": row.answer if answered else "received" if row.state == "done" else row.state,
        "seconds": waited,
        "attempts": row.attempts,
        "officer": row.officer,
        "error": row.error,
        "instead_of": row.instead_of,
    }


def suggestion(one: RuleCount, days: int) -> Json:
    """A rule that people reject often."""
    return {
        "device": one.device,
        "camera": one.camera,
        "rule": one.rule,
        "rejected": one.rejected,
        "decided": one.decided,
        "days": days,
    }


def detail(found: IncidentDetail, site: Site, suggestion: Json | None = None) -> Json:
    """One incident with its steps, findings and the newest of its events.

    `suggestion` is what there is to say of its rule, null mostly.
    """
    return {
        "incident": incident(found.incident, site),
        "suggestion": suggestion,
        "plates": [
            plate(one, found.incident.incident_id, at) for at, one in enumerate(found.plates)
        ],
        "earlier": [
            {
                "url": still_url(one.sha256) if one.here else None,
                "sha256": one.sha256,
                "at": utc_text(one.at),
                "shows": one.shows,
            }
            for one in found.earlier
        ],
        "vehicles": [
            {
                "crop": f"/api/incidents/{one.incident_id}/vehicles/{one.sha256}.jpg",
                "sha256": one.sha256,
                "text": one.text,
                "confidence": one.confidence,
                "at": utc_text(one.read_at),
                "color": one.color,
                "direction": one.direction,
                "confirmed_at": utc_text(one.confirmed_at),
                "person": one.person,
                "agency": one.agency,
                "case": one.case,
                "purpose": one.purpose,
                "basis": one.basis,
            }
            for one in found.vehicles
        ],
        "finding_ids": list(found.finding_ids),
        "steps": [_step(one) for one in found.steps],
        "escalations": [
            {
                "agency": row.agency,
                "step": row.step,
                "next_at": None if row.result else utc_text(row.check_at),
                "result": row.result,
            }
            for row in found.escalations
        ],
        "events": [
            {
                "id": one.id,
                "finding_id": one.finding_id,
                "phase": one.phase,
                "at": utc_text(one.at),
                "received_at": utc_text(one.received_at),
            }
            for one in found.events[-MAX_EVENTS:]
        ],
    }


def plate(one: ListedPlate, incident_id: str, at: int) -> Json:
    """A listed plate behind an incident; its picture has an address of its own."""
    read = one.plate
    return {
        **read.model_dump(mode="json", exclude={"crop"}),
        "crop": f"/incidents/{incident_id}/plates/{at}.jpg" if read.crop else None,
        "on_list": one.on_list,
        "note": one.note,
    }


def page(found: IncidentPage, site: Site) -> Json:
    """A page of incidents; `before` asks for the next, null at the end."""
    return {
        "incidents": [incident(one, site) for one in found.incidents],
        "before": found.before,
    }


def camera(row: CameraRow) -> Json:
    """One camera; `fault` says in both languages what is wrong and what to do."""
    code = row.code if row.online else "device.offline"
    known = None if code is None else fault(code)
    return {
        "device": row.device,
        "camera": row.camera,
        "title": row.title,
        "title_en": row.title_en,
        "address": row.address,
        "state": row.state,
        "online": row.online,
        "state_at": _time(row.state_at),
        "fault": known
        and {
            "code": known.code,
            "number": known.number,
            "title": {"ko": known.title_ko, "en": known.title_en},
            "remedy": {"ko": known.remedy_ko, "en": known.remedy_en},
        },
    }


def summary(counts: Summary, ongoing: Iterable[IncidentRow], broker: bool) -> Json:
    """Counts for the status line."""
    return {
        "incidents": counts.incidents,
        "ongoing": counts.incidents_ongoing,
        "ongoing_by_severity": Counter(one.severity for one in ongoing),
        "unhandled": counts.incidents_unhandled,
        "events": counts.events,
        "deliveries_done": counts.deliveries_done,
        "deliveries_waiting": counts.deliveries_waiting,
        "deliveries_failed": counts.deliveries_failed,
        "devices": counts.devices,
        "devices_online": counts.devices_online,
        "cameras": counts.cameras,
        "cameras_up": counts.cameras_up,
        "broker": broker,
    }


def _step(row: StepRow) -> Json:
    return {
        "at": utc_text(row.at),
        "state": row.state,
        "person": row.person,
        "agency": row.agency,
        "note": row.note,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else utc_text(moment)
