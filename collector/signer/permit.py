"""What an officer may be permitted to see: the request, the permit, and the standing rule."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from wire.names import Id, Moment, Name, WireModel
from wire.settings import Settings

Service = Literal["emergency-video", "police-dispatch", "fire-dispatch", "disaster", "vulnerable"]
MAX_CAMERAS = 5_000
"""A disaster's wall is the largest: every camera of a city."""
MAX_PERMIT_BYTES = 1024 * 1024
"""So many with the longest names; other requests are small."""

MAX_PERMITS = 500
"""In one question."""


class CameraName(WireModel):
    """One camera of one box."""

    device: Name
    camera: Name


class PermitRequest(WireModel):
    """Who is to see which cameras, and why."""

    service: Service
    agency: Name
    cameras: tuple[CameraName, ...] = Field(min_length=1, max_length=MAX_CAMERAS)
    start_at: Moment = Field(description="Earliest recorded picture.")
    hours: float = Field(4.0, gt=0, le=72, description="How long grants are given under it.")
    case: str = Field(min_length=1, max_length=80)
    basis: str = Field(min_length=1, max_length=120)
    purpose: str = Field(min_length=1, max_length=200)

    @field_validator("case", "basis", "purpose")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("is empty")
        return text


class Permit(WireModel):
    """What the signer answers; it keeps the truth itself."""

    permit_id: Id
    rule: Name | None = None
    given_by: str
    expires_at: Moment


class PermitEnding(WireModel):
    """The collector's own word, signed by its certificate's key: nobody is to see it any more.

    It never gives anything, and what it ends stays ended: sent twice, it changes nothing.
    """

    act: Literal["permit.end"] = Field(description="Nothing else that a collector signs says so.")
    permit_id: Id
    cameras: tuple[CameraName, ...] = Field(
        (), max_length=MAX_CAMERAS, description="These alone; empty: the whole permit."
    )
    case: str = Field(max_length=80)
    why: str = Field(min_length=1, max_length=200)


class SignedEnding(WireModel):
    """A `PermitEnding` as a compact JWS."""

    signed: str = Field(min_length=1, max_length=2 * MAX_PERMIT_BYTES)


class PermitsQuestion(WireModel):
    """Which of these permits were withdrawn."""

    permits: tuple[Id, ...] = Field(max_length=MAX_PERMITS)


class PermitsAnswer(WireModel):
    """When, by the signer's clock, each that was."""

    withdrawn: dict[Id, Moment]


class UnitRequest(WireModel):
    """Which unit on its way is to see a permit's cameras, and for how long."""

    unit: str = Field(min_length=1, max_length=40, description="As it is called on the radio.")
    minutes: float = Field(60.0, gt=0, le=480, description="How long its link opens the case.")


class UnitToken(WireModel):
    """The signed token of a unit's link."""

    token: str
    expires_at: Moment


class StandingRule(Settings):
    """Permits an agency without an operator's approval what people have agreed to beforehand."""

    rule: Name = Field(description="Its name.")
    agency: Name = Field(description="Whom it permits.")
    services: tuple[Service, ...] = Field(min_length=1, description="For which services.")
    bases: tuple[str, ...] = Field(
        min_length=1, max_length=20, description="Legal bases, exactly as requests give them."
    )
    minutes_back: float = Field(
        30.0, ge=0, le=1440, description="How far back recordings may be seen."
    )
    hours: float = Field(4.0, gt=0, le=72, description="How long one permit may last.")
    most_cameras: int = Field(5, ge=1, le=MAX_CAMERAS, description="In one request.")
    valid_from: Moment = Field(description="RFC 3339 with offset.")
    valid_until: Moment = Field(description="RFC 3339 with offset.")
    document: str = Field(
        min_length=1, max_length=200, description="Number of the agreement that it follows."
    )
    decided_by: tuple[str, ...] = Field(
        min_length=1, max_length=10, description="Who agreed to it, by name and office."
    )

    @model_validator(mode="after")
    def _lasts(self) -> StandingRule:
        if self.valid_from >= self.valid_until:
            raise ValueError("valid_from must be before valid_until")
        return self
