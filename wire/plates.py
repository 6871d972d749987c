"""Plate search on the poles, and watchlists on their way there."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

from pydantic import Field

from wire.event import Fraction
from wire.names import Id, Moment, Name, Sha256, WireModel

ANY_PLATE: Final = "??"
"""The pattern of who asks for all that one camera read; other questions must know more."""
LONGEST_LOOK: Final = timedelta(minutes=15)
"""Of such a question: no pole answers for longer."""


VehicleKind = Literal["car", "bus", "truck", "motorcycle", "unknown"]
Paint = Literal["white", "grey", "black", "red", "yellow", "green", "blue", "unknown"]
"""A vehicle's colour; silver is grey, orange red or yellow."""


class PlateSearch(WireModel):
    """A question to a pole's diary; `?` stands for one unknown character."""

    search_id: Id
    pattern: str = Field(min_length=2, max_length=24)
    start_at: Moment
    end_at: Moment
    confusable: bool = True
    camera: Name | None = Field(
        None,
        description="All that this camera read in 15 minutes at most, whatever the pattern.",
    )
    types: tuple[str, ...] = Field((), max_length=20, description="Any when empty.")
    colors: tuple[str, ...] = Field((), max_length=20, description="Any when empty.")
    vehicles: tuple[VehicleKind, ...] = Field((), max_length=5, description="Any when empty.")
    paints: tuple[Paint, ...] = Field(
        (), max_length=8, description="The vehicle's own colours; any when empty."
    )
    limit: int = Field(200, ge=1, le=250)
    case: str = Field(min_length=1, max_length=80)
    basis: str = Field(min_length=1, max_length=120)
    purpose: str = Field(min_length=1, max_length=200)


class PlateRead(WireModel):
    """One read in a diary."""

    text: str = Field(max_length=24)
    confidence: Fraction
    at: Moment
    camera: Name
    type: str | None = Field(None, max_length=16)
    color: str | None = Field(None, max_length=16)
    direction: str | None = Field(None, max_length=16)
    vehicle: str | None = Field(None, max_length=16)
    paint: str | None = Field(None, max_length=16, description="The vehicle's own colour.")
    crop_sha256: Sha256 | None = None
    row: int | None = Field(None, ge=1, description="Of the diary; names its picture.")
    chance: Fraction = Field(1.0, description="That it is the plate asked for, by the read alone.")
    near_match: bool = Field(False, description="A known character was read as another one.")


class PlateAnswer(WireModel):
    """A pole's answer."""

    search_id: Id
    reads: tuple[PlateRead, ...] = Field((), max_length=250)
    more: bool = False


class PlateCropQuestion(WireModel):
    """A question for the picture of one read that a search found."""

    search_id: Id
    row: int = Field(ge=1)
    sha256: Sha256
    case: str = Field(min_length=1, max_length=80)
    basis: str = Field(min_length=1, max_length=120)
    purpose: str = Field(min_length=1, max_length=200)


class WatchlistDelta(WireModel):
    """One step of a list, encrypted (JWE) under the device's key; the entries stand in `cipher`.

    `change` and `drop` build on `base_version`; `replace` begins the list anew. Versions grow.
    """

    list_id: Name
    owner: Name
    purpose: str = Field(min_length=1, max_length=200)
    basis: str | None = Field(
        None, max_length=120, description="The legal basis; a pole takes no list without one."
    )
    expires_at: Moment
    base_version: int = Field(ge=0)
    version: int = Field(ge=1)
    operation: Literal["replace", "change", "drop"]
    cipher: str = Field(max_length=200_000)


class ListedPlate(WireModel):
    """One entry of a list."""

    plate: str = Field(max_length=40, description="As the owner writes it.")
    note: str | None = Field(None, max_length=120, description="The owner's own reference.")


class WatchlistEntries(WireModel):
    """What a delta's cipher holds. It names what it is for: no cipher fits another delta."""

    device: Name
    list_id: Name
    version: int = Field(ge=1)
    add: tuple[ListedPlate, ...] = Field((), max_length=10_000)
    remove: tuple[str, ...] = Field((), max_length=10_000)
