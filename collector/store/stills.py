"""Stills: held until a verified event names them. All within the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from collector.store.moments import stamp
from collector.verdict import Still


def keep(
    run: sqlite3.Connection, still: Still, now: datetime
) -> Literal["named", "held", "known-held"]:
    """Keep a still; `named` when an event of the same device names it, so it may be receipted."""
    row = run.execute(
        "SELECT named FROM still WHERE sha256 = ? AND device = ?",
        (still.sha256, still.address.device),
    ).fetchone()
    if row is not None:
        return "named" if row[0] else "known-held"
    named = run.execute(
        "SELECT 1 FROM event WHERE still = ? AND device = ? LIMIT 1",
        (still.sha256, still.address.device),
    ).fetchone()
    # The same picture under another device's name replaces nothing: bytes are bytes.
    run.execute(
        "INSERT INTO still (sha256, device, received_at, named, jpeg) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (sha256) DO UPDATE SET named = max(named, excluded.named)",
        (still.sha256, still.address.device, stamp(now), int(named is not None), still.jpeg),
    )
    return "named" if named else "held"


def name(run: sqlite3.Connection, sha256: str) -> bool:
    """A verified event names a still; true when it is here."""
    return run.execute("UPDATE still SET named = 1 WHERE sha256 = ?", (sha256,)).rowcount > 0


def lost(run: sqlite3.Connection, hashes: Iterable[str], event_id: str) -> None:
    """A loss record names stills that will not come."""
    run.executemany(
        "INSERT OR IGNORE INTO still_lost VALUES (?, ?)", [(one, event_id) for one in hashes]
    )


def is_here(run: sqlite3.Connection, sha256: str) -> bool:
    """Whether a named still has arrived."""
    row = run.execute("SELECT 1 FROM still WHERE sha256 = ? AND named = 1", (sha256,)).fetchone()
    return row is not None


def absent(run: sqlite3.Connection, since: datetime) -> dict[tuple[str, str], tuple[str, ...]]:
    """By device and epoch: stills that events received since then name, and that are not here."""
    found: dict[tuple[str, str], list[str]] = {}
    for device, epoch, sha256 in run.execute(
        "SELECT DISTINCT device, epoch, still FROM event WHERE still IS NOT NULL"
        f" AND received_at >= ? AND {_ABSENT.format('event.still')} ORDER BY received_at",
        (stamp(since),),
    ):
        found.setdefault((device, epoch), []).append(sha256)
    return {key: tuple(hashes) for key, hashes in found.items()}


def still_absent(run: sqlite3.Connection, hashes: Iterable[str]) -> tuple[str, ...]:
    """Those of `hashes` that are neither here nor named as lost."""
    return tuple(
        one
        for one in hashes
        if run.execute(f"SELECT 1 WHERE {_ABSENT.format(':hash')}", {"hash": one}).fetchone()
    )


_ABSENT = (
    "NOT EXISTS (SELECT 1 FROM still WHERE sha256 = {0} AND named = 1)"
    " AND NOT EXISTS (SELECT 1 FROM still_lost WHERE sha256 = {0})"
)


def sweep(run: sqlite3.Connection, before: datetime, at_most: int) -> int:
    """Let go of held stills that nobody named: too old, or too many; returns how many."""
    old = run.execute(
        "DELETE FROM still WHERE named = 0 AND received_at < ?", (stamp(before),)
    ).rowcount
    many = run.execute(
        "DELETE FROM still WHERE sha256 IN (SELECT sha256 FROM still WHERE named = 0 "
        "ORDER BY received_at DESC LIMIT -1 OFFSET ?)",
        (at_most,),
    ).rowcount
    return old + many


def jpeg(run: sqlite3.Connection, sha256: str) -> bytes | None:
    """The bytes of a named still."""
    row = run.execute("SELECT jpeg FROM still WHERE sha256 = ? AND named = 1", (sha256,)).fetchone()
    return None if row is None else bytes(row[0])
