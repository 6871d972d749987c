"""Deletes what is due, in small portions beside the work, and writes down that it did."""

from __future__ import annotations

import functools
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import structlog

from collector import ledger
from collector.config import RetentionSettings
from collector.incident_desk import IncidentDesk
from collector.store import boards, erasing, estate, spans, work_orders
from collector.store.database import Database
from wire.clock import Clock

log = structlog.get_logger()

AT_ONCE = 500
"""Rows in one transaction: the inbox waits for no longer than for one of its own."""
STEP_S = 3600.0
BEHIND = timedelta(days=1)
LOOKED_AT = timedelta(hours=1)
"""Before the newest message: after a long cut many that come are old, but some are new."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How many of each were deleted in one run."""

    events: int = 0
    stills: int = 0
    refused: int = 0
    incidents: int = 0
    cases: int = 0
    confirmed_plates: int = 0
    alert_documents: int = 0
    alerts: int = 0
    asset_history: int = 0
    """Changes of cameras' states, and work orders."""
    asset_photos: int = 0
    """That were replaced, or whose work order went."""
    board_entries: int = 0
    """Messages of electronic boards, and lines of their logs."""
    ledger_fields: int = 0
    folders: int = 0
    """Of old databases: those that were damaged, or replaced by a backup."""


class Retention:
    """`run_once` is called every hour."""

    def __init__(
        self, settings: RetentionSettings, database: Database, desk: IncidentDesk, clock: Clock
    ) -> None:
        self._settings = settings
        self._database = database
        self._desk = desk
        self._clock = clock
        self._began = (clock.now(), clock.monotonic())

    def run_once(self) -> Erased:
        """Delete all that is due now; the ledger gets an entry when there was anything.

        Nothing is deleted by a clock that cannot be right: it would be gone for good.
        """
        settings, now = self._settings, self._clock.now()
        doubt = self._doubt(now)
        if doubt is not None:
            log.error("retention.clock", why=doubt, remedy="set the centre's clock, then restart")
            return Erased()

        def ago(days: float) -> timedelta:
            return timedelta(days=days)

        events_before = now - ago(settings.events_days)
        stills_before = now - ago(settings.stills_days)
        incidents_before = now - ago(settings.incidents_days)
        assets_before = now - ago(settings.assets_days)
        done = Erased(
            events=self._portions(lambda run: self._events(run, events_before)),
            stills=self._portions(lambda run: erasing.stills(run, stills_before, AT_ONCE)),
            refused=self._portions(lambda run: erasing.refused(run, events_before, AT_ONCE)),
            incidents=self._portions(lambda run: erasing.incidents(run, incidents_before, AT_ONCE)),
            cases=self._whole(
                lambda run: erasing.case_persons(run, now - ago(settings.case_days), now)
            ),
            confirmed_plates=self._whole(
                lambda run: erasing.confirmed_plates(run, now - ago(settings.case_days))
            ),
            alert_documents=self._portions(
                lambda run: erasing.alert_documents(run, events_before, AT_ONCE)
            ),
            alerts=self._portions(lambda run: erasing.alerts(run, incidents_before, AT_ONCE)),
            asset_history=sum(
                self._portions(functools.partial(erase, before=assets_before, at_most=AT_ONCE))
                for erase in (
                    spans.erase,
                    spans.erase_watched,
                    estate.erase_states,
                    work_orders.erase,
                )
            ),
            asset_photos=self._whole(estate.sweep_photos),
            board_entries=self._portions(lambda run: boards.erase(run, incidents_before, AT_ONCE)),
            ledger_fields=self._whole(
                lambda run: ledger.erase(run, now - ago(settings.ledger_days))
            ),
            folders=self._folders(events_before),
        )
        if any(asdict(done).values()):
            fields = {**asdict(done), "rule": settings.model_dump(mode="json")}
            self._whole(lambda run: ledger.append(run, now, "retention.erased", fields))
            self._database.forget()
            log.info("retention.erased", **asdict(done))
        elif not self._database.forgotten:
            self._database.forget()
        return done

    def _doubt(self, now: datetime) -> str | None:
        """Why the centre's clock is not believed; None when it is."""
        began, monotonic = self._began
        stepped = (now - began).total_seconds() - (self._clock.monotonic() - monotonic)
        if abs(stepped) > STEP_S:
            return f"it was moved by {stepped / 3600:.1f} h since the start"
        with self._database.reading() as run:
            behind = erasing.least_delay(run, LOOKED_AT)
        if behind is not None and abs(behind) > BEHIND:
            return f"it is {behind.total_seconds() / 3600:.1f} h ahead of every pole's"
        return None

    def _events(self, run: sqlite3.Connection, before: datetime) -> int:
        done = erasing.events(run, before, AT_ONCE)
        for incident_id in done.plates_of:
            self._desk.retell(run, incident_id)
        return done.count

    def _folders(self, before: datetime) -> int:
        old = [
            one
            for pattern in ("damaged-*", "before-restore-*")
            for one in self._database.path.parent.glob(pattern)
            if one.is_dir() and datetime.fromtimestamp(one.stat().st_mtime, UTC) < before
        ]
        for one in old:
            shutil.rmtree(one, ignore_errors=True)
        return sum(not one.exists() for one in old)

    def _portions(self, work: Callable[[sqlite3.Connection], int]) -> int:
        total = 0
        while True:
            done = self._whole(work)
            total += done
            if done < AT_ONCE:
                return total

    def _whole(self, work: Callable[[sqlite3.Connection], int]) -> int:
        with self._database.transaction() as run:
            return work(run)
