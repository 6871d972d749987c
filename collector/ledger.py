"""The ledger of who saw and got what, and why: a chain of salted commitments.

The chain holds only hashes. What is personal lies beside it and can be erased when its time is
over; the chain still verifies, and what is left still matches its commitment.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from collector.store.moments import stamp

FIRST = "0" * 64
"""What the first entry names as the one before it."""
SALT_BYTES = 32

Kind = Literal[
    "grant.issued",
    "grant.refused",
    "view.opened",
    "view.refused",
    "view.snapshot",
    "view.ended",
    "pole.session.open",
    "pole.session.refused",
    "pole.session.pause",
    "pole.session.change",
    "pole.session.end",
    "pole.export",
    "pole.export.refused",
    "pole.export.end",
    "pole.hold.placed",
    "pole.hold.released",
    "pole.hold.refused",
    "pole.recording.deleted",
    "hold.asked",
    "hold.released",
    "service.asked",
    "service.approved",
    "service.refused",
    "service.closed",
    "service.unit",
    "service.opened",
    "service.moved",
    "service.withdrawn",
    "personal.read",
    "token.made",
    "token.revoked",
    "retention.erased",
    "ledger.exported",
    "copy.destruction",
    "incident.decided",
    "incident.forwarded",
    "incident.noted",
    "delivery.acknowledged",
    "plates.searched",
    "plates.forgotten",
    "plates.confirmed",
    "plates.withdrawn",
    "evidence.exported",
    "pole.plates.searched",
    "pole.plates.shown",
    "trace.begun",
    "trace.ended",
    "trace.removed",
    "pole.trace.begun",
    "pole.trace.refused",
    "pole.trace.ended",
    "rules.tried",
    "rules.changed",
    "pole.rules.tried",
    "pole.rules.trial-ended",
    "pole.config.applied",
    "pole.config.refused",
    "list.taken",
    "list.ended",
    "facility.ordered",
    "pole.facility.on",
    "pole.facility.off",
    "pole.facility.refused",
    "pole.facility.stuck",
    "pole.facility.mended",
    "pole.facility.pressed",
    "board.asked",
    "board.approved",
    "board.refused",
    "board.ended",
    "board.screen",
]


def append(run: sqlite3.Connection, at: datetime, kind: Kind, fields: Mapping[str, object]) -> int:
    """Add one entry within the caller's transaction; returns its number. None fields are left out.

    The caller's transaction must be a writing one: two writers would fork the chain.
    """
    last = run.execute("SELECT number, hash FROM ledger ORDER BY number DESC LIMIT 1").fetchone()
    number, previous = (1, FIRST) if last is None else (int(last[0]) + 1, str(last[1]))
    text = _canonical({name: value for name, value in fields.items() if value is not None})
    salt = secrets.token_bytes(SALT_BYTES)
    commitment = _commitment(salt, text)
    when = stamp(at)
    run.execute(
        "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?)",
        (number, when, kind, commitment, previous, _hash(number, when, kind, commitment, previous)),
    )
    run.execute("INSERT INTO ledger_fields VALUES (?, ?, ?)", (number, salt, text))
    return number


def erase(run: sqlite3.Connection, before: datetime) -> int:
    """Erase the fields of all entries older than `before`; returns how many."""
    return run.execute(
        "DELETE FROM ledger_fields WHERE number IN (SELECT number FROM ledger WHERE at < ?)",
        (stamp(before),),
    ).rowcount


@dataclass(frozen=True, slots=True)
class Check:
    """The result of walking the chain; `fault` names the first bad entry."""

    entries: int
    erased: int
    head: str
    """Hash of the last entry: whoever noted it earlier can tell that nothing was cut off."""
    fault: str | None


def verify(run: sqlite3.Connection) -> Check:
    """Walk the whole chain and compare what is left of the fields with their commitments."""
    previous, entries, erased = FIRST, 0, 0
    rows = run.execute(
        "SELECT l.*, f.salt, f.fields FROM ledger l LEFT JOIN ledger_fields f USING (number) "
        "ORDER BY l.number"
    )
    for row in rows:
        number, at, kind, commitment, before, hashed, salt, text = tuple(row)
        entries += 1
        fault = None
        if number != entries:
            fault = f"entry {entries} is missing"
        elif before != previous:
            fault = f"entry {number} does not follow the one before it"
        elif hashed != _hash(number, at, kind, commitment, before):
            fault = f"entry {number} was altered"
        elif salt is None:
            erased += 1
        elif commitment != _commitment(bytes(salt), text):
            fault = f"the fields of entry {number} were altered"
        if fault is not None:
            return Check(entries, erased, previous, fault)
        previous = hashed
    return Check(entries, erased, previous, None)


def _canonical(fields: Mapping[str, object]) -> str:
    return json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _commitment(salt: bytes, text: str) -> str:
    return hashlib.sha256(salt + text.encode()).hexdigest()


def _hash(number: int, at: str, kind: str, commitment: str, previous: str) -> str:
    # Each part has a fixed form without line breaks, so the joined text can be read one way only.
    joined = "\n".join((str(number), at, kind, commitment, previous))
    return hashlib.sha256(joined.encode()).hexdigest()
