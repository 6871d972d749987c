"""Incidents become messages of the boards that routes name, and end with them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta

import structlog

from collector.changes import Change, Changes
from collector.config import CollectorSettings
from collector.incident_desk import IncidentDesk
from collector.incidents import Incident
from collector.services.boards.incidents import Subject, is_over, messages_of
from collector.services.boards.record import BoardMessage
from collector.services.boards.registry import Boards
from collector.store import boards as rows
from collector.store import disasters
from collector.store import incidents as incident_rows
from collector.store.database import Database
from collector.texts import type_name
from wire.clock import Clock

OVER = "the incident is over"
FIRST_LOOK = timedelta(days=1)
"""So far back incidents are looked for at a start."""
OVERLAP = timedelta(seconds=60)
"""What changes is stored a moment after the time that it bears."""

log = structlog.get_logger()


class IncidentWatch:
    """`round` looks at all that go on; `changed()` is called when boards are to be led on."""

    def __init__(
        self,
        settings: CollectorSettings,
        boards: Boards,
        desk: IncidentDesk,
        database: Database,
        changes: Changes,
        clock: Clock,
        changed: Callable[[], None],
    ) -> None:
        self._places = settings.places()
        self._zone = settings.zone
        self._boards = boards
        self._templates = {one.name: one for one in boards.templates}
        self._desk = desk
        self._database = database
        self._changes = changes
        self._clock = clock
        self._changed = changed
        self._looked_at = clock.now() - FIRST_LOOK

    def round(self) -> bool:
        """Never more to do at once."""
        if not self._templates:
            return False
        now = self._clock.now()
        with self._database.reading() as run:
            # A clock that was set back must hide nothing.
            found = rows.incidents(run, min(self._looked_at, now) - OVERLAP, now)
        news = [one for one in found if self._is_news(one)]
        if news:
            with self._database.transaction() as run:
                for incident_id in news:
                    self._follow(run, incident_id)
            self._changes.publish(Change("board", ""))
            self._changed()
        self._looked_at = now
        return False

    def _is_news(self, incident_id: str) -> bool:
        """Whether `_follow` would change anything; most of the time nothing does."""
        # One at a time: others want to write.
        with self._database.reading() as run:
            one = incident_rows.load(run, incident_id)
            there = {(each.template, each.boards) for each in rows.of_incident(run, incident_id)}
            made = [] if one is None else self._messages(run, one)
            return (
                bool(self._ending(run, incident_id, one))
                or bool(self._going_on(run, incident_id, one))
                or any((each.template, each.boards) not in there for each in made)
            )

    def _follow(self, run: sqlite3.Connection, incident_id: str) -> None:
        one, now = incident_rows.load(run, incident_id), self._clock.now()
        for message in self._ending(run, incident_id, one):
            change = {"state": "ended", "ended_at": now, "why": OVER}
            rows.save(run, message.model_copy(update=change))
        for message in self._going_on(run, incident_id, one):
            change = {"state": "approved", "ended_at": None, "why": None}
            rows.save(run, message.model_copy(update=change))
        for message in [] if one is None else self._messages(run, one):
            if rows.add(run, message) and message.state == "unfit":
                log.warning("board.unfit", board=message.boards[0], why=message.why)
                rows.log(
                    run,
                    message.boards[0],
                    now,
                    "unfit",
                    message_id=message.message_id,
                    detail=message.why,
                )

    def _ending(
        self, run: sqlite3.Connection, incident_id: str, one: Incident | None
    ) -> list[BoardMessage]:
        """Messages of an incident that is over."""
        return [
            message
            for message in rows.of_incident(run, incident_id)
            if message.state in ("waiting", "approved") and self._is_over(one, message)
        ]

    def _going_on(
        self, run: sqlite3.Connection, incident_id: str, one: Incident | None
    ) -> list[BoardMessage]:
        """Messages that ended with an incident which goes on again; not those a person ended."""
        return [
            message
            for message in rows.of_incident(run, incident_id)
            if (message.state, message.why) == ("ended", OVER) and not self._is_over(one, message)
        ]

    def _is_over(self, one: Incident | None, message: BoardMessage) -> bool:
        return one is None or is_over(one, self._templates.get(message.template or ""))

    def _messages(self, run: sqlite3.Connection, one: Incident) -> list[BoardMessage]:
        named = self._boards.named(*self._desk.boards_of(run, one))
        if not named:
            return []
        place = self._places.get((one.device, one.camera))
        alert = disasters.of_incident(run, one.incident_id) if one.type == "disaster" else None
        told = alert.told if alert is not None else None
        where = (told.area if told else "") or (place.title if place else one.camera)
        event = told.event if told else type_name(one.type)[0]
        about = Subject(one, where, event)
        return messages_of(about, named, self._boards.templates, self._clock.now(), self._zone)
