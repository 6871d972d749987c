"""A collector whose database is damaged starts with what can be read of it, and misses the rest.

Events whose incident is gone are taken in anew, incidents whose deliveries are gone are routed
again, and numbers that are gone are asked for: the poles send them, or name them as receipted. So
an agency may be told twice of the same event, under another delivery; its id is the same.
"""

from __future__ import annotations

import sqlite3

import structlog

from collector.config import CollectorSettings
from collector.incident_desk import IncidentDesk
from collector.intake import Intake
from collector.store import damage, refusals, rescue
from collector.store.database import FILE_NAME, Database
from collector.store.refusals import Bounds
from collector.trust import TrustKeeper
from collector.verdict import Numbered, judge
from wire.clock import Clock

log = structlog.get_logger()


def open_database(
    settings: CollectorSettings, trust: TrustKeeper, desk: IncidentDesk, clock: Clock
) -> Database:
    """Open the database, built anew when it is damaged; raises StoreError."""
    wrong = damage.found(settings.data, FILE_NAME)
    if wrong is None:
        return Database(settings.data)
    now = clock.now()
    aside = rescue.set_aside(settings.data, now)
    log.error("database.damaged", detail=wrong, aside=str(aside))
    database = Database(settings.data)
    taken = rescue.take_over(aside, database, now)
    anew = _take_anew(settings, database, trust, desk, clock)
    with database.transaction() as run:
        for (incident_id,) in run.execute("SELECT incident_id FROM incident").fetchall():
            desk.route_again(run, incident_id, now)
        refusals.note(run, "database", None, f"damaged ({wrong}); set aside as {aside.name}", now)
    log.warning("database.rescued", anew=anew, **{f"rows_{name}": n for name, n in taken.items()})
    return database


def _take_anew(
    settings: CollectorSettings,
    database: Database,
    trust: TrustKeeper,
    desk: IncidentDesk,
    clock: Clock,
) -> int:
    """Findings without an incident come in once more; returns how many."""
    intake = Intake(desk, Bounds.of(settings.inbox))
    with database.reading() as run:
        tokens = rescue.unattached(run)
    taken = 0
    for device, token in tokens:
        address = trust.device_address(device)
        verdict = None if address is None else judge(address.event(), token, trust)
        if address is None or not isinstance(verdict, Numbered):
            # Revoked since: what it said stays in the store.
            continue
        intake.begin()
        try:
            with database.transaction() as run:
                run.execute("DELETE FROM event WHERE id = ?", (verdict.verified.event.id,))
                intake.take(run, verdict, address.event(), token, clock.now())
                intake.end(run, clock.now())
        except sqlite3.IntegrityError as error:
            log.error("database.not_taken", id=verdict.verified.event.id, error=str(error))
            intake.forget()
            continue
        taken += 1
    return taken
