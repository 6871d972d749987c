"""The sentences that stand with an incident, of what is known of it now."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from collector.config import CameraPlace
from collector.incidents import UNHANDLED, Incident
from collector.store import disasters
from collector.texts import AlertSentence, Sentence, alert_sentences, sentences
from wire.event import PlatePart


def texts_of(
    run: sqlite3.Connection,
    one: Incident,
    told: tuple[PlatePart, ...],
    places: Mapping[tuple[str, str], CameraPlace],
    zone: ZoneInfo,
) -> tuple[str, str]:
    """Korean and English; `told`: the plates behind it, the last read last."""
    alert = disasters.of_incident(run, one.incident_id) if one.type == "disaster" else None
    if alert is not None and alert.told is not None:
        return alert_sentences(
            AlertSentence(
                event=alert.told.event,
                event_en=alert.told.event_en,
                headline=alert.told.headline,
                headline_en=alert.told.headline_en,
                area=alert.told.area,
                severity=one.severity,
                opened_at=one.opened_at,
                ended_at=one.ended_at,
                drill=one.drill,
            ),
            zone,
        )
    place = places.get((one.device, one.camera))
    title = place.title if place else one.camera
    about = Sentence(
        type=one.type,
        severity=one.severity,
        confidence=one.confidence,
        opened_at=one.opened_at,
        ended_at=one.ended_at,
        camera_title=title,
        camera_title_en=(place.title_en if place else None) or title,
        zone=one.zone,
        drill=one.drill,
        detail=one.detail,
        plates=tuple((plate.text, plate.listed) for plate in told),
        unconfirmed=one.waits and one.state in UNHANDLED,
    )
    return sentences(about, zone)
