"""What changes, to every open page: one stream a page, each change read once when it is sent.

A page loads anew on `resync`, which is the first thing on every connection: it is subscribed before
it reads, so nothing falls between, however long it was away.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from sse_starlette import ServerSentEvent

from collector.changes import Change
from collector.console import map_view, view
from collector.console.camera_reach import Key, cameras_of, open_cases, units_of
from collector.console.reach import Reach, sees_every_camera
from collector.services_for_console import ConsoleServices
from collector.store.rows import IncidentFilter
from wire.grant import PersonToken
from wire.names import new_id

MAX_STREAMS = 300
BEAT_S = 15
LOOK_EVERY_S = 5.0
STATES_EVERY_S = 0.5
"""Cameras and counts change in swarms; they are read at most this often for a page."""


class Stream:
    """One page's stream."""

    def __init__(
        self,
        services: ConsoleServices,
        site: view.Site,
        person: PersonToken,
        *,
        units: bool = False,
    ) -> None:
        """It ends with the person's sign-in, and says no more than the person may see.

        `units`: it tells where units are, too.
        """
        self._services = services
        self._site = site
        self._person = person
        self._units = units
        self._reach = Reach.of(person)
        self._expires_at = person.expires_at.timestamp()
        self._seen: frozenset[Key] | None = None
        self._cameras: dict[Key, view.Json] = {}
        self._summary: view.Json = {}
        self._states_due = 0.0

    async def messages(self) -> AsyncIterator[ServerSentEvent]:
        """Until the sign-in ends or the page goes away."""
        async with self._services.changes.watch() as queue:
            await self._look_who_sees()
            await asyncio.to_thread(self._remember_states)
            yield message("resync", None)
            while time.time() < self._expires_at:
                changes = await _next(queue, self._patience())
                if any(one.kind == "reload" for one in changes):
                    yield message("resync", None)
                    continue
                if not changes or self._states_are_due():
                    await self._look_who_sees()
                if self._units and any(one.kind == "unit" for one in changes):
                    cases = await open_cases(self._services, self._person)
                    found = units_of(self._services, cases)
                    yield message("units", map_view.units(found, cases, self._services.clock))
                for name, data in await asyncio.to_thread(self._read, changes):
                    yield message(name, data)

    def _patience(self) -> float:
        left = max(0.0, self._expires_at - time.time())
        if self._states_due:
            left = min(left, max(0.0, self._states_due - time.monotonic()))
        return min(left, LOOK_EVERY_S)

    def _states_are_due(self) -> bool:
        return bool(self._states_due) and time.monotonic() >= self._states_due

    async def _look_who_sees(self) -> None:
        if not sees_every_camera(self._person):
            self._seen = await cameras_of(self._services, self._person)

    def _read(self, changes: list[Change]) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        incidents = dict.fromkeys(
            one.key for one in changes if one.kind in ("incident", "delivery")
        )
        for key in incidents:
            detail = self._services.reader.incident(key, newest_events=0)
            if detail is None or not self._reach.routed(detail.incident):
                continue
            if not self._reach.sees(detail.incident):
                # It was seen until now: the page reads anew what it still may.
                found.append(("resync", None))
            else:
                found.append(("incident", view.incident(detail.incident, self._site)))
        for key in dict.fromkeys(one.key for one in changes if one.kind == "still"):
            found.append(("still", {"sha256": key}))
        if any(one.kind == "case" for one in changes):
            # Who may see which case is decided where it is asked for.
            found.append(("cases", None))
        if any(one.kind == "thing" for one in changes):
            found.append(("things", None))
        if any(one.kind == "board" for one in changes):
            found.append(("boards", None))
        if not changes and not self._states_due:
            # Whether the broker is there changes without a change in the store.
            self._states_due = time.monotonic()
        elif not self._states_due:
            self._states_due = time.monotonic() + STATES_EVERY_S
        if self._states_are_due():
            self._states_due = 0.0
            found += self._changed_states()
        return found

    def _remember_states(self) -> None:
        self._changed_states()

    def _changed_states(self) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        cameras = {(one.device, one.camera): one for one in self._services.reader.cameras()}
        seen = cameras.keys() if self._seen is None else cameras.keys() & self._seen
        now = {key: view.camera(one) for key, one in cameras.items() if key in seen}
        changed = [one for key, one in now.items() if self._cameras.get(key) != one]
        if changed:
            found.append(("cameras", {"cameras": changed}))
        self._cameras = now
        counts = read_summary(self._services, self._reach)
        if counts != self._summary:
            self._summary = counts
            found.append(("summary", counts))
        return found


def read_summary(services: ConsoleServices, reach: Reach) -> view.Json:
    """Counts, with what of it somebody sees goes on by severity."""
    narrowed = reach.narrowed(IncidentFilter(ongoing=True))
    ongoing = services.reader.incidents(limit=500, filters=narrowed).incidents if narrowed else ()
    return view.summary(
        services.reader.summary(), ongoing, all(services.broker_sessions().values())
    )


def message(name: str, data: Any) -> ServerSentEvent:
    """One message; its id lets a browser say what it saw last."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return ServerSentEvent(data=text, event=name, id=new_id(), retry=1000)


async def _next(queue: asyncio.Queue[Change], patience_s: float) -> list[Change]:
    """What waits, at least one unless `patience_s` passes first."""
    try:
        found = [await asyncio.wait_for(queue.get(), patience_s)]
    except TimeoutError:
        return []
    while not queue.empty():
        found.append(queue.get_nowait())
    return found
