"""Adding rows to the outbox: a number is given out, signed and stored in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from joserfc.jwk import OKPKey

from edge_agent.uplink.ranges import Range, size
from wire.clock import Clock
from wire.envelope import MAX_MESSAGE_BYTES, cloud_event, sign
from wire.event import (
    SEVERITY_ORDER,
    EpochStart,
    Event,
    LossReason,
    LossRecord,
    SeqRange,
    Severity,
)
from wire.names import WireModel, new_id, utc_text

RECORD: Final = 0
"""Urgency of loss and epoch records: first out, never given up."""

URGENCY: dict[Severity, int] = {
    severity: rank for rank, severity in enumerate(reversed(SEVERITY_ORDER), start=1)
}
SEVERITY: dict[int, Severity] = {rank: severity for severity, rank in URGENCY.items()}

LOSS_IDS = 1000
"""At most so many ids or ranges in one loss record (the wire's bound)."""


@dataclass(frozen=True, slots=True)
class Signer:
    """The device's voice: certificate name, private key, and its CloudEvents source."""

    kid: str
    key: OKPKey
    source: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A message that is committed; `token` is what travels, now and in every redelivery."""

    id: str
    epoch: str
    seq: int
    token: bytes


@dataclass(frozen=True, slots=True)
class Loss:
    """Events given up together; numbers are of one epoch."""

    epoch: str
    ranges: Sequence[Range]
    reason: LossReason
    by_severity: dict[str, int]
    finding_ids: Sequence[str] = ()
    event_ids: Sequence[str] = ()
    stills: Sequence[str] = ()
    unnumbered: int = 0
    """Events that never got a number."""


class Writer:
    """Appends to the current epoch. Every method must be called inside a transaction."""

    def __init__(self, signer: Signer, clock: Clock) -> None:
        self.signer = signer
        self._clock = clock

    def append(
        self,
        run: sqlite3.Connection,
        kind: str,
        body: WireModel,
        *,
        urgency: int,
        born_s: float,
        subject: str | None = None,
    ) -> Stored:
        """Give out the next number. Raises ValueError when it is too large to travel."""
        epoch, last = run.execute(
            "SELECT id, last_seq FROM epoch ORDER BY ordinal DESC LIMIT 1"
        ).fetchone()
        seq = last + 1
        now = self._clock.now()
        event = cloud_event(
            kind,
            body,
            id=new_id(),
            source=self.signer.source,
            time=now,
            subject=subject,
            epoch=epoch,
            seq=seq,
        )
        token = sign(event, self.signer.kid, self.signer.key)
        if len(token) > MAX_MESSAGE_BYTES:
            raise ValueError(f"{kind} of {len(token)} bytes; at most {MAX_MESSAGE_BYTES} travel")
        finding = body.finding_id if isinstance(body, Event) else None
        still = body.still.sha256 if isinstance(body, Event) and body.still else None
        run.execute("UPDATE epoch SET last_seq = ? WHERE id = ?", (seq, epoch))
        run.execute(
            "INSERT INTO message (epoch, seq, id, kind, urgency, finding_id, still_sha256,"
            " born_s, put_at, token, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                epoch,
                seq,
                event.id,
                kind,
                urgency,
                finding,
                still,
                born_s,
                utc_text(now),
                token,
                crc32(token),
            ),
        )
        return Stored(event.id, epoch, seq, token)

    def begin_epoch(self, run: sqlite3.Connection, body: EpochStart, born_s: float) -> Stored:
        """A new epoch with its EpochStart as number 1."""
        run.execute(
            "INSERT INTO epoch (id, ordinal, reason, began_at, last_seq, gone_because)"
            " SELECT ?, COALESCE(MAX(ordinal), 0) + 1, ?, ?, 0, 'receipted' FROM epoch",
            (new_id(), body.reason, utc_text(self._clock.now())),
        )
        return self.append(run, "epoch", body, urgency=RECORD, born_s=born_s)

    def name_loss(self, run: sqlite3.Connection, loss: Loss, born_s: float) -> list[Stored]:
        """Sign what is lost, in as many records as it takes, and remember what they name."""
        stored: list[Stored] = []
        for part in _split(loss):
            record = LossRecord(
                lost_epoch=part.epoch,
                ranges=tuple(SeqRange(first=first, last=last) for first, last in part.ranges),
                count=size(part.ranges) + part.unnumbered,
                by_severity=part.by_severity,
                finding_ids=tuple(part.finding_ids),
                event_ids=tuple(part.event_ids),
                stills=tuple(part.stills),
                reason=part.reason,
            )
            message = self.append(run, "loss", record, urgency=RECORD, born_s=born_s)
            (n,) = run.execute("SELECT n FROM message WHERE id = ?", (message.id,)).fetchone()
            run.executemany(
                "INSERT INTO named_lost (message, epoch, first, last) VALUES (?, ?, ?, ?)",
                [(n, part.epoch, first, last) for first, last in part.ranges],
            )
            run.executemany(
                "INSERT INTO named_lost (message, sha256) VALUES (?, ?)",
                [(n, sha256) for sha256 in part.stills],
            )
            run.execute("UPDATE outbox SET lost = lost + ?", (record.count,))
            stored.append(message)
        return stored


def _split(loss: Loss) -> list[Loss]:
    """The same loss in pieces that the wire allows; severities are told in the first alone."""
    longest = max(len(loss.ranges), len(loss.finding_ids), len(loss.event_ids), len(loss.stills), 1)
    return [
        Loss(
            epoch=loss.epoch,
            ranges=loss.ranges[at : at + LOSS_IDS],
            reason=loss.reason,
            by_severity=loss.by_severity if at == 0 else {},
            finding_ids=loss.finding_ids[at : at + LOSS_IDS],
            event_ids=loss.event_ids[at : at + LOSS_IDS],
            stills=loss.stills[at : at + LOSS_IDS],
            unnumbered=loss.unnumbered if at == 0 else 0,
        )
        for at in range(0, longest, LOSS_IDS)
    ]
