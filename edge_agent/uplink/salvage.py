"""What can be read of a damaged outbox: rows whose own signature or hash proves them whole."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from edge_agent.uplink.epoch import Current
from edge_agent.uplink.rows import Signer
from edge_agent.uplink.store import DATABASE
from wire.envelope import EnvelopeError, verify

_HASH = re.compile("[0-9a-f]{64}")
MAX_ROWS = 1_000_000

log = structlog.get_logger()

Row = tuple[object, ...]


@dataclass
class Salvage:
    """Rows of a damaged outbox, to be put into a new one under their old numbers."""

    current: Current | None = None
    epochs: list[Row] = field(default_factory=list)
    """id, reason, began_at, last_seq, contiguous, by ordinal"""
    messages: list[Row] = field(default_factory=list)
    """epoch, seq, id, kind, urgency, finding_id, still_sha256, put_at, token, by n"""
    stills: list[Row] = field(default_factory=list)
    """sha256, urgency, jpeg, epoch, seq, by n"""

    broken: list[str] = field(default_factory=list)
    """Hashes of stills whose bytes are others."""

    def spans(self) -> list[tuple[str, int, str]]:
        """Epoch, highest number and a wall time of each epoch that messages were saved of."""
        found: dict[str, tuple[int, str]] = {}
        for row in self.messages:
            epoch, seq, put_at = str(row[0]), int(str(row[1])), str(row[7])
            found[epoch] = max(found.get(epoch, (0, "")), (seq, put_at))
        return [(epoch, seq, put_at) for epoch, (seq, put_at) in sorted(found.items())]

    def numbers(self, epoch: str) -> list[int]:
        return [int(str(row[1])) for row in self.messages if row[0] == epoch]


def salvage(aside: Path, signer: Signer) -> Salvage:
    """Read what can be read in the folder `aside`; never raises for damage."""
    found = Salvage()
    try:
        connection = sqlite3.connect(aside / DATABASE)
    except sqlite3.Error:
        return found
    try:
        # Without it SQLite reads nothing of a file that is shorter than its first page says.
        connection.execute("PRAGMA writable_schema = ON")
        found.epochs = list(
            _rows(connection, "epoch", "ordinal", "id, reason, began_at, last_seq, contiguous")
        )
        columns = "epoch, seq, id, kind, urgency, finding_id, still_sha256, put_at, token"
        for row in _rows(connection, "message", "n", columns):
            if _genuine(row, signer):
                found.messages.append(row)
        for row in _rows(connection, "still", "n", "sha256, urgency, jpeg, epoch, seq"):
            if isinstance(row[2], bytes) and hashlib.sha256(row[2]).hexdigest() == row[0]:
                found.stills.append(row)
            elif isinstance(row[0], str) and _HASH.fullmatch(row[0]):
                found.broken.append(row[0])
    finally:
        connection.close()
    if found.epochs:
        newest = found.epochs[-1]
        found.current = Current(str(newest[0]), int(str(newest[3])))
    log.warning(
        "outbox.salvaged", folder=str(aside), events=len(found.messages), stills=len(found.stills)
    )
    return found


def _rows(connection: sqlite3.Connection, table: str, key: str, columns: str) -> Iterator[Row]:
    """Every row that can be read, one at a time: a damaged page costs its own rows only."""
    try:
        low, high = connection.execute(f"SELECT MIN({key}), MAX({key}) FROM {table}").fetchone()
    except sqlite3.Error:
        low, high = 1, _sequence(connection, table)
    if low is None or high is None:
        return
    for number in range(int(low), min(int(high), int(low) + MAX_ROWS) + 1):
        try:
            row = connection.execute(
                f"SELECT {columns} FROM {table} WHERE {key} = ?", (number,)
            ).fetchone()
        except (sqlite3.Error, UnicodeDecodeError):
            continue
        if row is not None:
            yield row


def _sequence(connection: sqlite3.Connection, table: str) -> int:
    try:
        row = connection.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)
        ).fetchone()
    except sqlite3.Error:
        return 0
    return 0 if row is None else int(row[0])


def _genuine(row: Row, signer: Signer) -> bool:
    epoch, seq, id, kind, *_, token = row
    if not isinstance(token, bytes):
        return False
    try:
        event = verify(
            token, lambda kid: signer.key if kid == signer.kid else None, source=signer.source
        ).event
    except EnvelopeError:
        return False
    return (event.epoch, event.seq, event.id, event.kind) == (epoch, seq, id, kind)
