"""What a viewer's page and a pole say to each other on the data channel `export`, as JSON texts.

The page asks, the pole answers `ready` or `refused`; the page says `go`, the pole sends the file in
binary messages of at most CHUNK bytes, and `done`; the page says whether it kept what came.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from wire.evidence import Unproven
from wire.names import Id, Moment, Name, Sha256, WireModel

CHANNEL = "export"
CHUNK = 16 * 1024
"""Bytes: what every browser takes in one message."""
MOST_TOLD = 50


class ExportRequest(WireModel):
    """What the page wants; the session's grant says whether it may."""

    kind: Literal["request"] = "request"
    camera: Name
    start_at: Moment
    end_at: Moment


class ExportReady(WireModel):
    """The ZIP lies on the pole (`ready`), or all of it was sent (`done`)."""

    kind: Literal["ready", "done"] = "ready"
    export_id: Id
    bytes: int = Field(ge=1)
    sha256: Sha256 = Field(description="Of the ZIP.")
    gops: int = Field(ge=1)
    pictures: int = Field(ge=1)
    start_at: Moment
    end_at: Moment
    missing: tuple[Unproven, ...] = Field((), max_length=MOST_TOLD)
    missing_count: int = Field(0, ge=0, description="Of those, also where not all are listed.")
    verdict: str = Field(max_length=40, description="What `clip verify` said on the pole.")


class ExportRefused(WireModel):
    """There is no file; `code` is one of wire.codes."""

    kind: Literal["refused"] = "refused"
    code: str = Field(max_length=60)
    detail: str = Field(max_length=500)


class ExportWord(WireModel):
    """What the page says after its request."""

    kind: Literal["go", "kept", "failed"]
