"""What the collector's receipts and gap requests do to the rows of the outbox."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from edge_agent.uplink.order import Order
from edge_agent.uplink.ranges import Range, size, without
from edge_agent.uplink.rows import Loss
from wire.clock import Clock
from wire.event import LossReason
from wire.names import utc_text
from wire.receipt import GapRequest, Receipt, Received

PARKED_KEPT = 1000

_COLUMNS = "n, epoch, seq, id, kind, urgency, finding_id, still_sha256, born_s, put_at, token"


@dataclass
class Outcome:
    """What one answer did, and whether it betrays that this outbox lives a second time."""

    received: int = 0
    """Events whose first receipt this was."""
    parked: int = 0
    stills: int = 0
    again: int = 0
    """Rows asked for that are here."""
    losses: list[Loss] = field(default_factory=list)
    """What was asked for and is no longer here."""
    forked: str | None = None
    """The epoch in which the collector knows numbers that were never given out here."""

    def add(self, other: Outcome) -> None:
        """What another part of the same answer did."""
        self.received += other.received
        self.parked += other.parked
        self.stills += other.stills
        self.forked = self.forked or other.forked


def take_receipt(run: sqlite3.Connection, receipt: Receipt, clock: Clock) -> Outcome:
    """Delete what was received, park what was refused. Repeating it changes nothing."""
    outcome = Outcome()
    last_seq = _last_seq(run, receipt.epoch)
    for one in receipt.received:
        outcome.received += run.execute(
            "DELETE FROM message WHERE epoch = ? AND seq = ? AND id = ?",
            (receipt.epoch, one.seq, one.id),
        ).rowcount
    for one in receipt.refused:
        outcome.parked += _park(run, receipt.epoch, one, clock)
    for sha256 in receipt.stills:
        outcome.stills += run.execute("DELETE FROM still WHERE sha256 = ?", (sha256,)).rowcount
    if last_seq is None:
        return outcome
    run.execute(
        "UPDATE epoch SET contiguous = MAX(contiguous, ?) WHERE id = ?",
        (min(receipt.contiguous, last_seq), receipt.epoch),
    )
    named = (*receipt.received, *receipt.refused)
    highest = max((receipt.contiguous, *(one.seq for one in named)))
    if highest > last_seq or any(_other_id(run, receipt.epoch, one) for one in named):
        outcome.forked = receipt.epoch
    return outcome


def take_gap(run: sqlite3.Connection, order: Order, gap: GapRequest, now_s: float) -> Outcome:
    """Make due what is here; tell what is not, save where a record already names it."""
    outcome = Outcome()
    row = run.execute(
        "SELECT last_seq, gone_because FROM epoch WHERE id = ?", (gap.epoch,)
    ).fetchone()
    reason: LossReason = "epoch-lost" if row is None else row[1]
    missing: list[Range] = []
    for asked in gap.ranges:
        whole = (asked.first, asked.last)
        _unpark(run, gap.epoch, whole)
        here = run.execute(
            "SELECT n, seq FROM message WHERE epoch = ? AND seq BETWEEN ? AND ?",
            (gap.epoch, *whole),
        ).fetchall()
        order.asked_for(run, "message", [n for n, _ in here], now_s)
        outcome.again += len(here)
        named = run.execute(
            "SELECT message, first, last FROM named_lost WHERE epoch = ?"
            " AND first <= ? AND last >= ?",
            (gap.epoch, asked.last, asked.first),
        ).fetchall()
        order.asked_for(run, "message", [n for n, _, _ in named], now_s)
        covered = [(seq, seq) for _, seq in here] + [(first, last) for _, first, last in named]
        missing += without(whole, covered)
    stills = [sha256 for sha256 in gap.stills if not _again(run, order, sha256, now_s)]
    outcome.again += len(gap.stills) - len(stills)
    if missing or stills:
        outcome.losses = [
            Loss(
                epoch=gap.epoch,
                ranges=missing,
                reason=reason,
                by_severity={"unknown": size(missing)} if missing else {},
                stills=stills,
            )
        ]
    if row is not None and any(last > row[0] for _, last in missing):
        outcome.forked = gap.epoch
    return outcome


def _last_seq(run: sqlite3.Connection, epoch: str) -> int | None:
    row = run.execute("SELECT last_seq FROM epoch WHERE id = ?", (epoch,)).fetchone()
    return None if row is None else int(row[0])


def _other_id(run: sqlite3.Connection, epoch: str, one: Received) -> bool:
    row = run.execute(
        "SELECT 1 FROM message WHERE epoch = ? AND seq = ? AND id <> ?", (epoch, one.seq, one.id)
    ).fetchone()
    return row is not None


def _park(run: sqlite3.Connection, epoch: str, one: Received, clock: Clock) -> int:
    found = run.execute(
        f"INSERT INTO parked ({_COLUMNS}, reason, parked_at)"
        f" SELECT {_COLUMNS}, ?, ? FROM message WHERE epoch = ? AND seq = ? AND id = ?",
        ("refused by the collector", utc_text(clock.now()), epoch, one.seq, one.id),
    ).rowcount
    if found:
        run.execute("DELETE FROM message WHERE id = ?", (one.id,))
        run.execute(
            "DELETE FROM parked WHERE n NOT IN (SELECT n FROM parked ORDER BY n DESC LIMIT ?)",
            (PARKED_KEPT,),
        )
    return found


def _unpark(run: sqlite3.Connection, epoch: str, whole: Range) -> None:
    # Asked for although refused before: after an upgrade the collector may understand it.
    run.execute(
        f"INSERT INTO message ({_COLUMNS}) SELECT {_COLUMNS} FROM parked"
        " WHERE epoch = ? AND seq BETWEEN ? AND ?",
        (epoch, *whole),
    )
    run.execute("DELETE FROM parked WHERE epoch = ? AND seq BETWEEN ? AND ?", (epoch, *whole))


def _again(run: sqlite3.Connection, order: Order, sha256: str, now_s: float) -> bool:
    # Who asks for the still of a refused event has taken that event in after all.
    run.execute("DELETE FROM parked WHERE still_sha256 = ?", (sha256,))
    here = [n for (n,) in run.execute("SELECT n FROM still WHERE sha256 = ?", (sha256,))]
    order.asked_for(run, "still", here, now_s)
    named = [
        n for (n,) in run.execute("SELECT message FROM named_lost WHERE sha256 = ?", (sha256,))
    ]
    order.asked_for(run, "message", named, now_s)
    return bool(here or named)
