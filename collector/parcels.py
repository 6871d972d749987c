"""What an agency gets of an incident, as it stands in the store now."""

from __future__ import annotations

import sqlite3

from collector.channels.base import Parcel
from collector.config import CollectorSettings
from collector.services.disaster.told import part_of
from collector.store import clocks, deliveries, disasters, earlier, plates, stills
from collector.store import incidents as rows
from collector.store.deliveries import Due
from wire.event import BoxParts
from wire.incident import EarlierPart, Incident, Place


class Parcels:
    """Packs deliveries; within the caller's transaction or look."""

    def __init__(self, settings: CollectorSettings) -> None:
        self._settings = settings
        self._places = settings.places()

    def pack(self, run: sqlite3.Connection, one: Due, *, refers_back: bool) -> Parcel:
        """The newest revision, with its picture unless that was sent before."""
        known = rows.load(run, one.incident_id)
        assert known is not None, "a delivery has an incident: the schema says so"
        texts = rows.texts(run, one.incident_id)
        place = self._places.get((known.device, known.camera))
        link = self._settings.public_url
        box = known.box
        before = earlier.of_incident(run, one.incident_id) if known.type == "dumping" else ()
        told = disasters.of_incident(run, one.incident_id) if known.type == "disaster" else None
        incident = Incident(
            incident_id=known.incident_id,
            delivery_id=one.delivery_id,
            revision=known.revision,
            state=known.state,
            type=known.type,
            severity=known.severity,
            certainty=known.certainty,
            drill=known.drill,
            unconfirmed=known.waits or None,
            opened_at=known.opened_at.astimezone(self._settings.zone),
            updated_at=known.updated_at.astimezone(self._settings.zone),
            ended_at=known.ended_at and known.ended_at.astimezone(self._settings.zone),
            closed_at=known.closed_at and known.closed_at.astimezone(self._settings.zone),
            observed_at=known.observed_at,
            site=self._settings.site,
            device=known.device,
            camera=known.camera,
            camera_title=place.title if place else None,
            place=Place(lat=place.lat, lon=place.lon, address=place.address) if place else None,
            zone=known.zone,
            text_ko=texts[0],
            text_en=texts[1],
            clock=clocks.told(run, one.incident_id),
            finding_ids=rows.finding_ids(run, one.incident_id, 200),
            still_sha256=known.still,
            earlier=tuple(
                EarlierPart(
                    sha256=each.sha256,
                    at=each.at.astimezone(self._settings.zone),
                    shows=each.shows,
                )
                for each in before
            )
            or None,
            box=None if box is None else BoxParts(x=box[0], y=box[1], w=box[2], h=box[3]),
            alert=part_of(told.told) if told and told.told else None,
            link=f"{link.rstrip('/')}/incidents/{known.incident_id}" if link else None,
            plates=plates.of_incident(run, one.incident_id) if known.type == "plate" else (),
            evidence=rows.evidence(run, one.incident_id, self._settings.dispatch.evidence),
        )
        still, pictures = None, {}
        if known.still is not None and known.still != one.still_sent:
            still = stills.jpeg(run, known.still)
            pictures = {each.sha256: stills.jpeg(run, each.sha256) for each in before if each.here}
        earlier_revisions = deliveries.messages(run, one.delivery_id) if refers_back else ()
        return Parcel(
            one.agency,
            incident,
            still,
            one.wanted_at,
            earlier_revisions,
            tuple((sha256, jpeg) for sha256, jpeg in pictures.items() if jpeg is not None),
        )
