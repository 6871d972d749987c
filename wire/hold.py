"""Holds on a pole's recordings: what must not be deleted while a case needs it."""

from __future__ import annotations

from pydantic import Field, model_validator

from wire.names import Id, Moment, Name, WireModel

MOST_RELEASED = 500


class CaseHold(WireModel):
    """Kept from `start_at` to `end_at` until it is released; the same one again changes nothing."""

    hold_id: Id
    camera: Name
    start_at: Moment
    end_at: Moment
    case: str = Field(min_length=1, max_length=80)
    agency: Name
    person: str = Field(min_length=1, max_length=80)

    @model_validator(mode="after")
    def _order(self) -> CaseHold:
        if self.end_at <= self.start_at:
            raise ValueError("end_at lies before start_at")
        return self


class CaseRelease(WireModel):
    """The case needs it no more: the recording goes when its age or the room asks for it."""

    hold_id: Id
    camera: Name
    case: str = Field(min_length=1, max_length=80)
    agency: Name
    person: str = Field(min_length=1, max_length=80)


class EventRelease(WireModel):
    """The incident is closed: what was held around its findings goes as everything else does."""

    camera: Name
    finding_ids: tuple[Id, ...] = Field(min_length=1, max_length=MOST_RELEASED)
