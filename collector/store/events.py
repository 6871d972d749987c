"""Verified messages and their numbers. All functions run within the caller's transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from joserfc.util import urlsafe_b64decode

from collector.numbers import Numbers, Range
from collector.store.moments import stamp
from collector.verdict import Numbered
from wire.envelope import CloudEvent, body
from wire.event import Event


@dataclass(frozen=True, slots=True)
class Known:
    """A message that is here under the id that was asked for."""

    device: str
    epoch: str
    seq: int
    token: bytes


def known(run: sqlite3.Connection, id: str) -> Known | None:
    """The message of that id."""
    row = run.execute("SELECT device, epoch, seq, token FROM event WHERE id = ?", (id,)).fetchone()
    return None if row is None else Known(row[0], row[1], row[2], bytes(row[3]))


def id_of_number(run: sqlite3.Connection, device: str, epoch: str, seq: int) -> str | None:
    """Who has a number already, kept or refused."""
    row = run.execute(
        "SELECT id FROM event WHERE device = ? AND epoch = ? AND seq = ? AND forked = 0 "
        "UNION ALL SELECT event_id FROM covered WHERE device = ? AND epoch = ? AND first = ? "
        "AND last = ? AND why = 'refused' LIMIT 1",
        (device, epoch, seq, device, epoch, seq, seq),
    ).fetchone()
    return None if row is None else str(row[0])


def insert(run: sqlite3.Connection, message: Numbered, now: datetime, *, forked: bool) -> None:
    """Keep a verified message."""
    event = message.verified.event
    finding = message.body if isinstance(message.body, Event) else None
    run.execute(
        "INSERT INTO event (id, device, epoch, seq, kind, camera, finding_id, phase, type,"
        " severity, drill, at, received_at, still, forked, token)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.id,
            message.address.device,
            message.epoch,
            message.seq,
            event.kind,
            finding.camera if finding else event.subject,
            finding.finding_id if finding else None,
            finding.phase if finding else None,
            finding.type if finding else None,
            finding.severity if finding else None,
            int(finding.drill) if finding else 0,
            stamp(event.time),
            stamp(now),
            finding.still.sha256 if finding and finding.still else None,
            int(forked),
            message.verified.token,
        ),
    )


def signed(token: bytes) -> Event:
    """The finding's event in a kept `token`, as the device signed it; verified when it came."""
    return body(CloudEvent.model_validate_json(urlsafe_b64decode(token.split(b".")[1])), Event)


def cover(
    run: sqlite3.Connection, device: str, epoch: str, part: Range, why: str, event_id: str
) -> None:
    """Settle numbers that have no message of their own."""
    run.execute(
        "INSERT OR IGNORE INTO covered VALUES (?, ?, ?, ?, ?, ?)",
        (device, epoch, part[0], part[1], why, event_id),
    )


def load_numbers(run: sqlite3.Connection, device: str, epoch: str) -> Numbers:
    """The settled numbers of one epoch."""
    row = run.execute(
        "SELECT contiguous, highest FROM progress WHERE device = ? AND epoch = ?", (device, epoch)
    ).fetchone()
    contiguous, highest = (0, 0) if row is None else (int(row[0]), int(row[1]))
    numbers = Numbers(contiguous)
    numbers.expect(highest)
    for one in run.execute(
        "SELECT seq AS first, seq AS last FROM event WHERE device = ? AND epoch = ? AND seq > ? "
        "UNION ALL SELECT first, last FROM covered WHERE device = ? AND epoch = ? AND last > ? "
        "ORDER BY 1",
        (device, epoch, contiguous, device, epoch, contiguous),
    ):
        numbers.add(one[0], one[1])
    return numbers


def save_numbers(
    run: sqlite3.Connection, device: str, epoch: str, numbers: Numbers, now: datetime
) -> None:
    """Remember how far an epoch got."""
    run.execute(
        "INSERT INTO progress VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (device, epoch) DO UPDATE SET "
        "contiguous = excluded.contiguous, highest = excluded.highest, missing = excluded.missing",
        (device, epoch, numbers.contiguous, numbers.highest, numbers.missing, stamp(now)),
    )


def epochs_with_gaps(run: sqlite3.Connection) -> list[tuple[str, str]]:
    """(device, epoch) of every epoch in which numbers are missing."""
    rows = run.execute("SELECT device, epoch FROM progress WHERE missing > 0")
    return [(row[0], row[1]) for row in rows]


def newest_epoch(run: sqlite3.Connection, device: str) -> str | None:
    """The epoch of a device that began last."""
    row = run.execute(
        "SELECT epoch FROM progress WHERE device = ? ORDER BY begun_at DESC LIMIT 1", (device,)
    ).fetchone()
    return None if row is None else str(row[0])
