"""Plate search on the poles, and watchlists on their way there."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from wire.event import Fraction
from wire.names import Id, Moment, Name, Sha256, WireModel


class PlateSearch(WireModel):
    """A question to a pole's diary; `?` stands for one unknown character."""

    search_id: Id
    pattern: str = Field(min_length=2, max_length=24)
    start_at: Moment
    end_at: Moment
    confusable: bool = True
    limit: int = Field(200, ge=1, le=1000)
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
    crop_sha256: Sha256 | None = None


class PlateAnswer(WireModel):
    """A pole's answer."""

    search_id: Id
    reads: tuple[PlateRead, ...] = Field((), max_length=1000)
    more: bool = False


class WatchlistDelta(WireModel):
    """One step of a list, encrypted (JWE) under the device's key; the entries stand in `cipher`."""

    list_id: Name
    owner: Name
    purpose: str = Field(min_length=1, max_length=200)
    expires_at: Moment
    base_version: int = Field(ge=0)
    version: int = Field(ge=1)
    operation: Literal["replace", "change", "drop"]
    cipher: str = Field(max_length=200_000)
