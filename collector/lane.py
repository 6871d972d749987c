"""One queue of deliveries with its thread: sends what is due; no agency waits for another."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from collector.changes import Change, Changes
from collector.channels.base import Channel, ChannelError, Parcel, Word
from collector.config import CollectorSettings
from collector.incident_desk import IncidentDesk
from collector.parcels import Parcels
from collector.store import deliveries, escalations, stills
from collector.store.damage import is_damage
from collector.store.database import Database
from collector.store.deliveries import Due, Queue
from wire import faultpoint
from wire.clock import Clock
from wire.incident import IncidentAck

log = structlog.get_logger()

AT_ONCE = 100
LONGEST_WAIT_S = 1.0
LONGEST_BATCH_S = 1.0
JITTER = 0.2

Outcome = Word | ChannelError | None


class Lane:
    """`queue` says what is sent here; `wake` makes it look at once."""

    def __init__(
        self,
        settings: CollectorSettings,
        database: Database,
        desk: IncidentDesk,
        channel: Channel,
        queue: Callable[[], Queue],
        changes: Changes,
        clock: Clock,
        behind: Callable[[], bool],
    ) -> None:
        self._timing = settings.dispatch
        self._database = database
        self._desk = desk
        self._channel = channel
        self._queue = queue
        self._changes = changes
        self._clock = clock
        self._behind = behind
        self._parcels = Parcels(settings)
        self._longest = timedelta(seconds=self._timing.longest_retry_s * (1 + 2 * JITTER))
        self._wake = threading.Event()
        self._stopping = False
        self._held: str | None = None
        self._late: list[tuple[str, str]] = []
        self._late_lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)
        self.failed: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Ask it to end; `join` waits for that."""
        self._stopping = True
        self._wake.set()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    def still_arrived(self, incident_id: str, sha256: str) -> None:
        """The picture of an incident came after the incident was sent."""
        with self._late_lock:
            self._late.append((incident_id, sha256))
        self._wake.set()

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._wake.clear()
                try:
                    busy = self.round()
                except sqlite3.Error as error:
                    if is_damage(error):
                        raise
                    log.error("dispatch.storage", error=str(error))
                    busy = False
                if not busy:
                    self._clock.wait(self._wake, self._pause())
        except BaseException as error:
            if self._stopping:
                # It waited for a service that did not answer; what it held is sent again.
                return
            self.failed = error
            log.exception("dispatch.failed")
            raise

    def _pause(self) -> float:
        if self._held is not None:
            return LONGEST_WAIT_S
        try:
            with self._database.reading() as run:
                next_at = deliveries.next_due(run, self._queue())
        except sqlite3.Error:
            return LONGEST_WAIT_S
        if next_at is None:
            return LONGEST_WAIT_S
        return min(LONGEST_WAIT_S, max(0.02, (next_at - self._clock.now()).total_seconds()))

    def round(self) -> bool:
        """Send what is due; true when there may be more at once."""
        queue, now = self._queue(), self._clock.now()
        why = self._channel.waits(queue.agency or "")
        if why is not None or self._held is not None:
            self._held = why
            with self._database.transaction() as run:
                deliveries.hold(run, queue, why)
        if why is not None:
            return False
        with self._database.reading() as run:
            due = deliveries.due(run, queue, now, AT_ONCE, self._longest)
            parcels = [
                (one, self._parcels.pack(run, one, refers_back=self._channel.refers_back))
                for one in due
            ]
        done = self._hand_over_all(parcels)
        if done:
            faultpoint.reach("dispatch.sent")
            with self._database.transaction() as run:
                for one, parcel, outcome in done:
                    self._settle(run, one, parcel, outcome, now)
            self._changes.publish(*{Change("delivery", one.incident_id) for one, _, _ in done})
        self._send_late()
        return len(due) == AT_ONCE or 0 < len(done) < len(due)

    def _hand_over_all(
        self, parcels: list[tuple[Due, Parcel]]
    ) -> list[tuple[Due, Parcel, Outcome]]:
        """One after the other, until one fails or it takes long: what was done is written first."""
        done: list[tuple[Due, Parcel, Outcome]] = []
        began = self._clock.monotonic()
        for one, parcel in parcels:
            if self._channel.waits(one.agency) is not None:
                break
            outcome = self._hand_over(parcel)
            done.append((one, parcel, outcome))
            if (
                isinstance(outcome, ChannelError)
                or self._clock.monotonic() - began > LONGEST_BATCH_S
            ):
                break
        return done

    def _hand_over(self, parcel: Parcel) -> Outcome:
        try:
            word = self._channel.send(parcel)
        except ChannelError as error:
            return error
        for sha256, jpeg in parcel.pictures:
            try:
                self._channel.send_still(parcel.agency, sha256, jpeg)
            except ChannelError as error:
                # The incident names it, and the console shows it.
                log.warning("delivery.picture", agency=parcel.agency, error=str(error))
        return word

    def _settle(
        self, run: sqlite3.Connection, one: Due, parcel: Parcel, outcome: Outcome, now: datetime
    ) -> None:
        timing = self._timing
        delay = min(timing.first_retry_s * 2.0**one.attempts, timing.longest_retry_s)
        if self._behind() and not isinstance(outcome, ChannelError):
            # The agency's word may have come already; asking again would bring one more.
            delay = timing.longest_retry_s
        again_at = now + timedelta(seconds=delay * random.uniform(1 - JITTER, 1 + JITTER))
        error = outcome if isinstance(outcome, ChannelError) else None
        word = outcome if isinstance(outcome, Word) else None
        if word is None and one.attempts + 1 >= timing.give_up_after:
            error = ChannelError(
                f"{error or 'not acknowledged'} (after {one.attempts + 1} attempts);"
                f" call {one.agency}",
                permanent=True,
            )
        if error is not None:
            deliveries.failed(run, one, str(error), None if error.permanent else again_at)
            if error.permanent:
                escalations.hurry(run, one.incident_id, now)
                log.warning(
                    "delivery.failed",
                    agency=one.agency,
                    channel=one.channel,
                    incident=one.incident_id,
                    error=str(error),
                )
            return
        still = parcel.incident.still_sha256 if parcel.still is not None else None
        deliveries.sent(run, one, still, now, again_at)
        if self._channel.refers_back:
            deliveries.keep_message(run, one)
        if word is not None:
            self._desk.acknowledge(run, one.agency, _ack(one, parcel, word, now), now)

    def _send_late(self) -> None:
        with self._late_lock:
            late, self._late = self._late, []
        queue = self._queue()
        for incident_id, sha256 in late:
            with self._database.reading() as run:
                jpeg = stills.jpeg(run, sha256)
                waiting = deliveries.still_arrived(run, incident_id, sha256, queue)
            for one in waiting:
                if jpeg is None:
                    continue
                try:
                    self._channel.send_still(one.agency, sha256, jpeg)
                except ChannelError:
                    # A picture is no promise; the incident's next revision carries it again.
                    continue
                with self._database.transaction() as run:
                    deliveries.still_sent(run, one, sha256)


def _ack(one: Due, parcel: Parcel, word: Word, now: datetime) -> IncidentAck:
    return IncidentAck(
        delivery_id=one.delivery_id,
        incident_id=one.incident_id,
        revision=parcel.incident.revision,
        agency=one.agency,
        at=now,
        state=word.state,
        officer=word.officer,
        note=word.note,
    )
