"""What hangs on a pole and can be switched or pressed, as the centre sees it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from wire.names import Name, WireModel

FacilityKind = Literal["light", "logojector", "siren", "speaker", "bell", "light-sensor"]
SWITCHED: frozenset[FacilityKind] = frozenset({"light", "logojector", "siren", "speaker"})
FacilityMode = Literal["on", "off", "stuck", "unknown"]
"""`stuck`: it is not as it was switched; `unknown`: it cannot be asked."""


class FacilitySwitch(WireModel):
    """Somebody wants it on for so long, or off."""

    facility: Name
    on: bool
    seconds: float | None = Field(None, gt=0, le=3600, description="Left out: as long as it may.")
    announcement: Name | None = None
    person: str = Field(max_length=80, description="Who wants it, for the pole's record.")


class FacilityState(WireModel):
    """How it is now."""

    facility: Name
    kind: FacilityKind
    title: str = Field(max_length=80)
    mode: FacilityMode
    wanted: bool = Field(False, description="Whether it is to be on.")
    left_s: float | None = Field(None, ge=0, description="Until it goes off by itself.")
    by: str | None = Field(None, max_length=120, description="Who or what switched it last.")
    announcements: tuple[Name, ...] = Field((), max_length=50)
    longest_on_s: float | None = None
