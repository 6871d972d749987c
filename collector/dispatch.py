"""Deliveries: handed to their channel when due, repeated until the agency's own acknowledgement."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from collector.changes import Change, Changes
from collector.channels.base import Channel, ChannelError, Parcel
from collector.config import CollectorSettings
from collector.store import clocks, deliveries, plates, stills
from collector.store import incidents as rows
from collector.store.damage import is_damage
from collector.store.database import Database
from collector.store.deliveries import Due
from wire import faultpoint
from wire.clock import Clock
from wire.event import BoxParts
from wire.incident import Incident, Place

log = structlog.get_logger()

AT_ONCE = 100
LONGEST_WAIT_S = 1.0
JITTER = 0.2


@dataclass
class DispatchCounts:
    """Since the start of the process; repeated ones included."""

    handed_over: int = 0
    failures: int = 0


class Dispatch:
    """One thread; `wake` makes it look at once."""

    def __init__(
        self,
        settings: CollectorSettings,
        database: Database,
        channels: Mapping[str, Channel],
        changes: Changes,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._places = settings.places()
        self._database = database
        self._channels = channels
        self._changes = changes
        self._clock = clock
        self._wake = threading.Event()
        self._stopping = False
        self._longest = timedelta(seconds=settings.dispatch.longest_retry_s * (1 + 2 * JITTER))
        self._blocked = False
        self._late: list[tuple[str, str]] = []
        self._late_lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)
        self.counts = DispatchCounts()
        self.failed: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout_s)

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    def still_arrived(self, incident_id: str, sha256: str) -> None:
        """A picture came after its event; who has the incident gets it now."""
        with self._late_lock:
            self._late.append((incident_id, sha256))
        self._wake.set()

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._wake.clear()
                try:
                    busy = self._round()
                except sqlite3.Error as error:
                    if is_damage(error):
                        raise
                    log.error("dispatch.storage", error=str(error))
                    busy = False
                if not busy:
                    pause = LONGEST_WAIT_S if self._blocked else self._pause()
                    self._clock.wait(self._wake, pause)
        except BaseException as error:
            self.failed = error
            log.exception("dispatch.failed")
            raise

    def _pause(self) -> float:
        try:
            with self._database.reading() as run:
                next_at = deliveries.next_due(run)
        except sqlite3.Error:
            return LONGEST_WAIT_S
        if next_at is None:
            return LONGEST_WAIT_S
        return min(LONGEST_WAIT_S, max(0.02, (next_at - self._clock.now()).total_seconds()))

    def _round(self) -> bool:
        """Send what is due; true when there may be more at once."""
        now = self._clock.now()
        with self._database.reading() as run:
            due = deliveries.due(run, now, AT_ONCE, self._longest)
            parcels = [(one, self._parcel(run, one)) for one in due]
        done = [(one, parcel, self._hand_over(one, parcel)) for one, parcel in parcels]
        if done:
            faultpoint.reach("dispatch.sent")
        settled = [item for item in done if item[2] is not _NOT_NOW]
        self._blocked = len(settled) < len(done)
        if settled:
            with self._database.transaction() as run:
                for one, parcel, error in settled:
                    self._settle(run, one, parcel, error, now)
            self._changes.publish(*{Change("delivery", one.incident_id) for one, _, _ in settled})
        self._send_late()
        return len(due) == AT_ONCE and bool(settled)

    def _hand_over(self, one: Due, parcel: Parcel) -> ChannelError | None:
        channel = self._channels.get(one.channel)
        if channel is None:
            return ChannelError(f"there is no channel {one.channel}", permanent=True)
        if not channel.ready:
            return _NOT_NOW
        try:
            channel.send(parcel)
        except ChannelError as error:
            self.counts.failures += 1
            return error
        self.counts.handed_over += 1
        return None

    def _settle(
        self,
        run: sqlite3.Connection,
        one: Due,
        parcel: Parcel,
        error: ChannelError | None,
        now: datetime,
    ) -> None:
        timing = self._settings.dispatch
        delay = min(timing.first_retry_s * 2.0**one.attempts, timing.longest_retry_s)
        again_at = now + timedelta(seconds=delay * random.uniform(1 - JITTER, 1 + JITTER))
        if one.attempts + 1 >= timing.give_up_after:
            error = error or ChannelError(
                f"not acknowledged after {one.attempts + 1} attempts; call {one.agency}",
                permanent=True,
            )
            deliveries.failed(run, one, str(error), None)
            log.warning("delivery.failed", agency=one.agency, incident=one.incident_id)
        elif error is not None:
            deliveries.failed(run, one, str(error), None if error.permanent else again_at)
        else:
            still = parcel.incident.still_sha256 if parcel.still is not None else None
            deliveries.sent(run, one, still, now, again_at)

    def _send_late(self) -> None:
        with self._late_lock:
            late, self._late = self._late, []
        for incident_id, sha256 in late:
            with self._database.reading() as run:
                jpeg = stills.jpeg(run, sha256)
                waiting = deliveries.still_arrived(run, incident_id, sha256)
            for one in waiting:
                channel = self._channels.get(one.channel)
                if jpeg is None or channel is None or not channel.ready:
                    continue
                try:
                    channel.send_still(one.agency, sha256, jpeg)
                except ChannelError:
                    # A picture is no promise; the incident's next revision carries it again.
                    continue
                with self._database.transaction() as run:
                    deliveries.still_sent(run, one.delivery_id, sha256)

    def _parcel(self, run: sqlite3.Connection, one: Due) -> Parcel:
        known = rows.load(run, one.incident_id)
        assert known is not None, "a delivery has an incident: the schema says so"
        texts = rows.texts(run, one.incident_id)
        place = self._places.get((known.device, known.camera))
        link = self._settings.public_url
        box = known.box
        incident = Incident(
            incident_id=known.incident_id,
            delivery_id=one.delivery_id,
            revision=known.revision,
            state=known.state,
            type=known.type,
            severity=known.severity,
            certainty=known.certainty,
            drill=known.drill,
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
            box=None if box is None else BoxParts(x=box[0], y=box[1], w=box[2], h=box[3]),
            link=f"{link.rstrip('/')}/incidents/{known.incident_id}" if link else None,
            plates=plates.of_incident(run, one.incident_id) if known.type == "plate" else (),
            evidence=rows.evidence(run, one.incident_id, self._settings.dispatch.evidence),
        )
        still = None
        if known.still is not None and known.still != one.still_sent:
            still = stills.jpeg(run, known.still)
        return Parcel(one.agency, incident, still)


_NOT_NOW = ChannelError("the channel is not ready", permanent=False)
