"""What a pole has recorded of a camera: times only, no pictures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from wire.names import Moment, Name, WireModel

MOST_SPANS = 200


class RecordingQuestion(WireModel):
    """What there is of a camera between two moments."""

    camera: Name
    start_at: Moment
    end_at: Moment

    @model_validator(mode="after")
    def _order(self) -> RecordingQuestion:
        if self.end_at <= self.start_at:
            raise ValueError("end_at lies before start_at")
        return self


class RecordedSpan(WireModel):
    """Without a gap of more than a moment."""

    start_at: Moment
    end_at: Moment


class HeldSpan(WireModel):
    """Kept from deletion, around an event or for a case."""

    kind: Literal["event", "case"]
    start_at: Moment
    end_at: Moment


class Recording(WireModel):
    """The answer, cut to what was asked; `oldest_at` and `newest_at` are of all there is."""

    camera: Name
    oldest_at: Moment | None = None
    newest_at: Moment | None = None
    spans: tuple[RecordedSpan, ...] = Field((), max_length=MOST_SPANS)
    held: tuple[HeldSpan, ...] = Field((), max_length=MOST_SPANS)
