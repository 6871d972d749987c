"""Names and identifiers as they may appear on the wire."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

import uuid_utils
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

NAME_PATTERN = r"^[a-z0-9-]{1,32}$"
UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""Site, device, camera, zone, rule or agency: safe in topics, file names and SQL."""

Id = Annotated[str, StringConstraints(pattern=UUID_PATTERN)]
"""UUIDv7 text (RFC 9562)."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Shard = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2}$")]
MAX_SEQ = 999_999_999_999
"""Highest number of an epoch: twelve digits in the envelope, and small enough for a database."""

Text = Annotated[str, StringConstraints(max_length=500)]
Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(9000, 1, 1, tzinfo=UTC)),
]
"""A wall-clock time with its offset, far enough from the calendar's ends to be reckoned with."""

_NAME = re.compile(NAME_PATTERN)


class WireModel(BaseModel):
    """Base of every message body: frozen; additions of a newer minor version are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


def new_id() -> str:
    """A fresh UUIDv7 as text."""
    return str(uuid_utils.uuid7())


def is_name(text: str) -> bool:
    """Whether `text` may stand as a name on the wire."""
    return _NAME.fullmatch(text) is not None


def utc_text(moment: datetime) -> str:
    """RFC 3339 text with a numeric offset or Z, as CloudEvents wants it."""
    return moment.isoformat().replace("+00:00", "Z")
