"""What is given up when the outbox is too large or too old: least severe and oldest first.

Within one severity stills go before events: a still weighs as much as thirty events, and the event
says without it what happened. Records are never given up.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass, field

from edge_agent.uplink.ranges import ranges_of
from edge_agent.uplink.rows import SEVERITY, Loss
from wire.event import LossReason

BATCH = 1000
"""Events given up in one transaction, so that one loss record can name them."""


@dataclass(frozen=True, slots=True)
class Gone:
    """One event that was given up."""

    epoch: str
    seq: int
    id: str
    urgency: int
    finding_id: str | None


@dataclass
class Given:
    """What one transaction gave up."""

    events: list[Gone] = field(default_factory=list)
    stills: list[str] = field(default_factory=list)
    freed: int = 0

    def enough(self, at_least: int) -> bool:
        """Enough is free, or one loss record could not name more."""
        full = len(self.events) >= BATCH or len(self.stills) >= BATCH
        return full or self.freed >= at_least

    def losses(self, reason: LossReason, current_epoch: str) -> list[Loss]:
        """One loss for each epoch; stills are named in the first, or alone."""
        by_epoch: dict[str, list[Gone]] = {}
        for gone in self.events:
            by_epoch.setdefault(gone.epoch, []).append(gone)
        if self.stills and not by_epoch:
            by_epoch[current_epoch] = []
        return [
            Loss(
                epoch=epoch,
                ranges=ranges_of(gone.seq for gone in rows),
                reason=reason,
                by_severity={**Counter(str(SEVERITY[gone.urgency]) for gone in rows)},
                finding_ids=list(dict.fromkeys(g.finding_id for g in rows if g.finding_id)),
                event_ids=[gone.id for gone in rows],
                stills=self.stills if at == 0 else (),
            )
            for at, (epoch, rows) in enumerate(by_epoch.items())
        ]


def give_up_bytes(run: sqlite3.Connection, at_least: int, least_urgent: int = 1) -> Given:
    """Delete rows until `at_least` bytes are free or a batch is full.

    Nothing more urgent than `least_urgent` (1 severe … 3 minor) is touched.
    """
    given = Given()
    for urgency in range(3, least_urgent - 1, -1):
        _stills(run, given, at_least, urgency)
        _events(run, given, at_least, urgency)
    return given


def _stills(run: sqlite3.Connection, given: Given, at_least: int, urgency: int) -> None:
    rows = run.execute(
        "SELECT n, LENGTH(jpeg), sha256 FROM still WHERE urgency = ? ORDER BY n LIMIT ?",
        (urgency, BATCH),
    ).fetchall()
    for n, weight, sha256 in rows:
        if given.enough(at_least):
            return
        run.execute("DELETE FROM still WHERE n = ?", (n,))
        given.stills.append(sha256)
        given.freed += weight


def _events(run: sqlite3.Connection, given: Given, at_least: int, urgency: int) -> None:
    rows = run.execute(
        "SELECT n, LENGTH(token), epoch, seq, id, finding_id FROM message"
        " WHERE urgency = ? ORDER BY n LIMIT ?",
        (urgency, BATCH),
    ).fetchall()
    for n, weight, epoch, seq, id, finding in rows:
        if given.enough(at_least):
            return
        run.execute("DELETE FROM message WHERE n = ?", (n,))
        given.events.append(Gone(epoch, seq, id, urgency, finding))
        given.freed += weight


def give_up_older(run: sqlite3.Connection, line_s: float) -> Given:
    """Delete at most a batch of what was put before `line_s` of the outbox's own clock."""
    given = Given()
    stills = run.execute(
        "DELETE FROM still WHERE n IN (SELECT n FROM still WHERE born_s < ? ORDER BY n LIMIT ?)"
        " RETURNING sha256, LENGTH(jpeg)",
        (line_s, BATCH),
    ).fetchall()
    given.stills = [sha256 for sha256, _ in stills]
    events = run.execute(
        "DELETE FROM message WHERE n IN (SELECT n FROM message WHERE born_s < ? AND urgency > 0"
        " ORDER BY n LIMIT ?) RETURNING epoch, seq, id, urgency, finding_id, LENGTH(token)",
        (line_s, BATCH),
    ).fetchall()
    given.events = [Gone(*row[:-1]) for row in events]
    given.freed = sum(row[-1] for row in stills) + sum(row[-1] for row in events)
    return given
