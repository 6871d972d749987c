"""What is signed about recorded video: a root a GOP while it is recorded, a manifest an export."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from wire.event import ModelPart, TimeQuality
from wire.names import Id, Moment, Name, Sha256, Shard, WireModel

Run = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$")]
"""One start of the recording; media times compare only within it."""

Token = Annotated[str, StringConstraints(max_length=4096)]
"""A compact JWS."""


class GopRoot(WireModel):
    """Signed by the device for each GOP as soon as it is complete."""

    camera: Name
    run: Run
    previous: Sha256 | None = Field(
        None, description="SHA-256 of the JWS of the GOP before; none for the first of a ring."
    )
    codec: Literal["h264", "hevc"]
    start_90k: int = Field(description="Time of the first picture on the run's line, 90 kHz.")
    start_at: Moment = Field(description="Wall time when the first picture arrived.")
    time_quality: TimeQuality
    pictures: int = Field(ge=1, le=100_000)
    root: Sha256 = Field(description="Merkle root (RFC 6962) over pictures and their times.")


class GopProof(WireModel):
    """One GOP of an export: the signed root, and the times without which it cannot be rebuilt."""

    token: Token
    since_90k: tuple[int, ...] = Field(
        min_length=1,
        max_length=100_000,
        description="Time of each picture since the first, 90 kHz, in decoding order.",
    )


class Unproven(WireModel):
    """A part of what was asked for that the export does not hold, and why."""

    start_at: Moment
    end_at: Moment
    reason: Literal["not-recorded", "not-sealed", "damaged"]


class Attached(WireModel):
    """A file of an export beside the clip and the manifest."""

    file: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,39}$")
    sha256: Sha256
    kind: Literal["mark", "still"] = Field(
        description="The visible mark as WebVTT, or one picture decoded for people to look at."
    )
    shown_at: Moment | None = Field(None, description="Wall time of a still.")


class Statement(WireModel):
    """What an export says of itself; its signatures cover all of it."""

    export_id: Id
    case: str = Field(min_length=1, max_length=80)
    recipient: str = Field(max_length=200)
    purpose: str = Field(max_length=200)
    basis: str = Field(max_length=120)
    site: Name
    shard: Shard
    device: Name
    camera: Name
    asked_from: Moment
    asked_to: Moment
    start_at: Moment = Field(description="Of the first picture held.")
    end_at: Moment = Field(description="Of the last picture held.")
    made_at: Moment
    time_quality: TimeQuality | None = Field(
        None, description="`unsynchronised` when the clock was so for any of the GOPs."
    )
    software: str = Field(max_length=80)
    models: tuple[ModelPart, ...] = Field((), max_length=8)
    file: str = Field(max_length=200)
    file_sha256: Sha256
    attached: tuple[Attached, ...] = Field((), max_length=64)
    gops: tuple[GopProof, ...] = Field(min_length=1, max_length=200_000)
    missing: tuple[Unproven, ...] = Field((), max_length=10_000)
    exporter: str = Field("", max_length=200, description="Who exported it, by name.")
    grant: Token | None = Field(None, description="The grant under which it was exported.")
    certificates: tuple[str, ...] = Field(
        min_length=1, max_length=4, description="PEM of every signer."
    )


class ManifestSignature(WireModel):
    """The payload that device and exporter sign: the statement by its hash."""

    export_id: Id
    statement_sha256: Sha256 = Field(
        description="Over the statement's JSON: keys sorted, no spaces, UTF-8."
    )


class Manifest(WireModel):
    """`manifest.json` of an export."""

    statement: Statement
    signatures: tuple[Token, ...] = Field(min_length=1, max_length=4)
