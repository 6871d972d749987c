"""Judging the quarantine's signed messages again: what an upgrade made readable is taken in."""

from __future__ import annotations

from collector.config import CollectorSettings
from collector.incident_desk import IncidentDesk
from collector.intake import Intake
from collector.routing_file import RoutingFile
from collector.store.database import Database
from collector.store.holder import Holder
from collector.store.refusals import Bounds
from collector.trust import TrustKeeper
from collector.verdict import Numbered, judge
from wire.clock import Clock


def requeue(settings: CollectorSettings, clock: Clock) -> tuple[int, int]:
    """(taken in, left). Raises StoreError while a collector runs: it remembers what is changed."""
    holder = Holder(settings.data)
    try:
        return _requeue(settings, clock)
    finally:
        holder.release()


def _requeue(settings: CollectorSettings, clock: Clock) -> tuple[int, int]:
    trust = TrustKeeper(settings.register_file, clock)
    routing = RoutingFile(settings.routing, trust.agencies)
    intake = Intake(IncidentDesk(settings, routing.current), Bounds.of(settings.inbox))
    database = Database(settings.data)
    taken = left = 0
    try:
        with database.reading() as run:
            rows = run.execute(
                "SELECT number, topic, payload, bytes FROM quarantine"
                " WHERE signer IS NOT NULL ORDER BY number"
            ).fetchall()
        for number, topic, payload, size in rows:
            verdict = judge(topic, bytes(payload), trust)
            if len(payload) < size or not isinstance(verdict, Numbered):
                left += 1
                continue
            now = clock.now()
            intake.begin()
            with database.transaction() as run:
                run.execute(
                    "DELETE FROM covered WHERE device = ? AND why = 'refused' AND event_id = ?",
                    (verdict.address.device, verdict.verified.event.id),
                )
                intake.take(run, verdict, topic, bytes(payload), now)
                intake.end(run, now)
                run.execute("DELETE FROM quarantine WHERE number = ?", (number,))
            taken += 1
    finally:
        database.close()
    return taken, left
