"""What the collector says of numbered messages; only a receipt empties a device's outbox."""

from __future__ import annotations

from pydantic import Field

from wire.event import SeqRange
from wire.names import MAX_SEQ, Id, Name, Sha256, WireModel


class Received(WireModel):
    """One message that the collector has committed."""

    seq: int = Field(ge=1, le=MAX_SEQ)
    id: Id


class Receipt(WireModel):
    """Sent after the collector's commit (kind `receipt`); repeating it is harmless."""

    device: Name
    epoch: Id
    received: tuple[Received, ...] = Field((), max_length=2000)
    stills: tuple[Sha256, ...] = Field((), max_length=500)
    refused: tuple[Received, ...] = Field(
        (), max_length=500, description="Kept in quarantine; will never be accepted as they are."
    )
    contiguous: int = Field(
        ge=0, le=MAX_SEQ, description="Highest number up to which nothing is missing."
    )


class GapRequest(WireModel):
    """Numbers and stills the collector misses (kind `gap`): to be sent again, or named as lost."""

    device: Name
    epoch: Id
    ranges: tuple[SeqRange, ...] = Field((), max_length=200)
    stills: tuple[Sha256, ...] = Field((), max_length=200)
