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
    start_at: Moment | None = Field(
        None, description="Where to begin; for live: to catch up from there until it is live."
    )
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
    stream: Literal["main", "sub"] = "main"
    transcoded: bool = Field(False, description="Whether this is not what the camera sent.")


class WhepCandidate(WireModel):
    """Trickled candidates of the viewer, as a WHEP PATCH carries them."""

    session_id: Id
    fragment: str = Field(max_length=MAX_SDP)


class WhepControl(WireModel):
    """A change to a running session, a question about it, or its end."""

    session_id: Id
    action: Literal["resume", "pause", "seek", "speed", "clip", "live", "status", "close"]
    at: Moment | None = Field(
        None, description="Seek: where to. Clip: its start. Live: to catch up from there."
    )
    end_at: Moment | None = Field(None, description="Clip: its end.")
    minutes_ago: float | None = Field(
        None, gt=0, le=1440, description="Live: to catch up from so long ago by the pole's clock."
    )
    speed: float | None = Field(None, ge=0.5, le=8.0)
    stream: Literal["main", "sub"] | None = Field(None, description="Live: which stream.")


class WhepWithdrawal(WireModel):
    """What was granted of an agency's case is to be seen no more."""

    agency: Name
    case: str = Field(min_length=1, max_length=80)
    cameras: tuple[Name, ...] = Field(min_length=1, max_length=64, description="Of this device.")
    issued_until: Moment = Field(
        description="By the signer's clock: grants from after it are of another permit."
    )


class WhepStatus(WireModel):
    """What a session shows now."""

    session_id: Id
    mode: Literal["live", "recorded", "catch-up"]
    stream: Literal["main", "sub"] = "main"
    paused: bool = False
    speed: float = 1.0
    start_at: Moment | None = None
    end_at: Moment | None = None
    playing_at: Moment | None = Field(
        None, description="Wall time of the picture sent last, or where a seek goes on."
    )
    transcoded: bool = Field(False, description="Whether this is not what the camera sent.")
    pictures_sent: int = Field(0, ge=0)
    expires_at: Moment = Field(description="When the grant ends, and the session with it.")
