"""Deliveries: one lane for MQTT and one for each HTTPS endpoint, and who is told next in silence.

MQTT is handed over in a moment; a service that hangs for seconds must hold up nobody but itself.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping

import structlog

from collector.changes import Change, Changes
from collector.channels.base import Channel
from collector.config import CollectorSettings
from collector.incident_desk import IncidentDesk
from collector.lane import Lane
from collector.routing import Routing
from collector.store import deliveries, escalations
from collector.store.damage import is_damage
from collector.store.database import Database
from collector.store.deliveries import Queue
from wire.clock import Clock

log = structlog.get_logger()

LOOK_EVERY_S = 0.5
"""At escalations that are due, and at endpoints that came or went."""
AT_ONCE = 100
MQTT = "mqtt"


class Dispatch:
    """`wake` makes all lanes look at once."""

    def __init__(
        self,
        settings: CollectorSettings,
        database: Database,
        desk: IncidentDesk,
        channels: Mapping[str, Channel],
        routing: Callable[[], Routing],
        changes: Changes,
        clock: Clock,
        behind: Callable[[], bool] = lambda: False,
    ) -> None:
        """`behind`: whether agencies' words may have come and are not taken in yet."""
        self._settings = settings
        self._database = database
        self._desk = desk
        self._channels = channels
        self._routing = routing
        self._changes = changes
        self._clock = clock
        self._behind = behind
        self._lanes: dict[tuple[str, str | None], Lane] = {}
        self._lock = threading.Lock()
        self._running = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="escalations", daemon=True)
        self._failed: BaseException | None = None
        self._strays = True
        self._follow_table()

    @property
    def failed(self) -> BaseException | None:
        """What ended one of its threads."""
        return self._failed or next((one.failed for one in self._all() if one.failed), None)

    def start(self) -> None:
        self._running = True
        for lane in self._all():
            lane.start()
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        until = self._clock.monotonic() + timeout_s
        self._over.set()
        lanes = self._all()
        for lane in lanes:
            lane.end()
        self._thread.join(timeout_s)
        for lane in lanes:
            lane.join(max(0.0, until - self._clock.monotonic()))

    def wake(self) -> None:
        """Something may be due."""
        for lane in self._all():
            lane.wake()

    def still_arrived(self, incident_id: str, sha256: str) -> None:
        """The picture of an incident came after the incident was sent."""
        for lane in self._all():
            lane.still_arrived(incident_id, sha256)

    def round(self) -> None:
        """All that its threads do, once."""
        self._look()
        for lane in self._all():
            lane.round()

    def _all(self) -> list[Lane]:
        with self._lock:
            return list(self._lanes.values())

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                try:
                    self._look()
                except sqlite3.Error as error:
                    if is_damage(error):
                        raise
                    log.error("dispatch.storage", error=str(error))
                self._clock.wait(self._over, LOOK_EVERY_S)
        except BaseException as error:
            self._failed = error
            log.exception("dispatch.failed")
            raise

    def _look(self) -> None:
        if self._follow_table() or self._strays:
            self._strays = False
            with self._database.transaction() as run:
                strays = deliveries.give_up_strays(run, self._queues())
            self._changes.publish(*(Change("delivery", one) for one in set(strays)))
        self._escalate()

    def _queues(self) -> list[Queue]:
        with self._lock:
            return [Queue(channel, agency) for channel, agency in self._lanes]

    def _follow_table(self) -> bool:
        """Begin and end lanes as the table has endpoints; whether any came or went."""
        wanted: set[tuple[str, str | None]] = {(MQTT, None)}
        wanted |= {
            (one.channel, one.agency) for one in self._routing().endpoints if one.channel != MQTT
        }
        with self._lock:
            fresh = {key: self._lane(*key) for key in wanted - self._lanes.keys()}
            gone = [self._lanes.pop(key) for key in self._lanes.keys() - wanted]
            self._lanes.update(fresh)
        for lane in gone:
            lane.end()
        if self._running:
            for lane in fresh.values():
                lane.start()
        return bool(fresh or gone)

    def _lane(self, channel: str, agency: str | None) -> Lane:
        def queue() -> Queue:
            if agency is not None:
                return Queue(channel, agency)
            return Queue(channel, None, self._routing().disabled(channel))

        return Lane(
            self._settings,
            self._database,
            self._desk,
            self._channels[channel],
            queue,
            self._changes,
            self._clock,
            self._behind,
        )

    def _escalate(self) -> None:
        now = self._clock.now()
        with self._database.reading() as run:
            due = escalations.due(run, now, AT_ONCE)
        if not due:
            return
        told = False
        with self._database.transaction() as run:
            for one in due:
                told |= self._desk.escalate(run, one, now)
        self._changes.publish(*{Change("incident", one.incident_id) for one in due})
        if told:
            self.wake()
