"""Clip and live viewing: what the WHEP front and the pole say to each other inside commands."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from wire.names import Id, Moment, Name, WireModel

MAX_SDP = 32_000


class IceServer(WireModel):
    """A STUN or TURN server with short-lived credentials."""

    urls: tuple[str, ...] = Field(min_length=1, max_length=4)
    username: str | None = Field(None, max_length=200)
    credential: str | None = Field(None, max_length=200)


class WhepOffer(WireModel):
    """A viewer's offer with the grant that permits it."""

    session_id: Id
    camera: Name
    mode: Literal["recorded", "live"]
    start_at: Moment | None = Field(None, description="Recorded: where to begin.")
    end_at: Moment | None = None
    stream: Literal["main", "sub"] = "main"
    sdp: str = Field(max_length=MAX_SDP)
    grant: str = Field(max_length=8_000, description="JWS of the signer over a Grant.")
    ice_servers: tuple[IceServer, ...] = Field((), max_length=2)


class WhepAnswer(WireModel):
    """The pole's answer, complete with its candidates."""

    session_id: Id
    sdp: str = Field(max_length=MAX_SDP)
    codec: str = Field("H264", max_length=20)
    start_at: Moment | None = Field(None, description="Wall time of the first picture sent.")
    end_at: Moment | None = None


class WhepCandidate(WireModel):
    """Trickled candidates of the viewer, as a WHEP PATCH carries them."""

    session_id: Id
    fragment: str = Field(max_length=MAX_SDP)


class WhepControl(WireModel):
    """Seek, pause, play, speed or end of a running session."""

    session_id: Id
    action: Literal["play", "pause", "seek", "speed", "close"]
    at: Moment | None = None
    speed: float | None = Field(None, ge=0.5, le=8.0)
