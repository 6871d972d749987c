"""What a session shows, and what a control may make of it under its grant. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from edge_agent.clips.schedule import FASTEST
from wire.grant import Grant
from wire.whep import WhepControl, WhepOffer

Stream = Literal["main", "sub"]


class ProgrammeError(Exception):
    """What cannot be shown, or not under this grant; `code` is one of wire.codes."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Programme:
    """A clip with start and end; live with neither; with a start alone, from there on to live."""

    stream: Stream = "main"
    start_at: datetime | None = None
    end_at: datetime | None = None
    speed: float = 1.0

    @property
    def mode(self) -> Literal["live", "recorded", "catch-up"]:
        if self.start_at is None:
            return "live"
        return "catch-up" if self.end_at is None else "recorded"

    def __str__(self) -> str:
        if self.mode == "live":
            return f"live {self.stream}"
        return f"{self.mode} from {self.start_at}" + (f" to {self.end_at}" if self.end_at else "")


def programme_of(offer: WhepOffer) -> Programme:
    """What an offer asks for; raises ProgrammeError request.invalid."""
    if offer.mode == "live":
        catching_up = offer.start_at is not None
        return Programme(offer.stream, offer.start_at, None, FASTEST if catching_up else 1.0)
    if offer.start_at is None or offer.end_at is None or offer.start_at >= offer.end_at:
        raise ProgrammeError("request.invalid", "recorded video needs start_at before end_at")
    return Programme("main", offer.start_at, offer.end_at)


def controlled(
    now: Programme, control: WhepControl, grant: Grant, clock_now: datetime
) -> Programme:
    """The programme after seek, clip, live or speed; raises ProgrammeError clip.impossible.

    Whether the grant covers it is `check`'s to say.
    """
    if control.action == "speed":
        if control.speed is None:
            raise ProgrammeError("clip.impossible", "say which speed")
        if now.mode == "live":
            raise ProgrammeError(
                "clip.impossible", "what is live has one speed; seek into the recording first"
            )
        return replace(now, speed=control.speed)
    if control.action == "clip":
        if control.at is None or control.end_at is None or control.at >= control.end_at:
            raise ProgrammeError("clip.impossible", "a clip needs a start before its end")
        return Programme("main", control.at, control.end_at, control.speed or 1.0)
    if control.action == "live":
        start = control.at
        if control.minutes_ago is not None:
            start = clock_now - timedelta(minutes=control.minutes_ago)
        if start is not None and start >= clock_now:
            raise ProgrammeError("clip.impossible", f"{start} has not been yet")
        speed = 1.0 if start is None else control.speed or FASTEST
        return Programme(control.stream or now.stream, start, None, speed)
    if control.at is None:
        raise ProgrammeError("clip.impossible", "say where to seek to")
    if now.mode == "catch-up":
        return replace(now, start_at=control.at)
    # Beyond the clip, or from live, on to where the grant ends.
    within = now.end_at is not None and control.at < now.end_at
    return Programme("main", control.at, now.end_at if within else grant.end_at, now.speed)


def check(programme: Programme, grant: Grant) -> None:
    """Raises ProgrammeError grant.foreign when the grant does not cover all of it.

    What was recorded since the grant was issued is live to who may see live: it could have been
    seen as it happened.
    """
    for right in _rights(programme):
        if right not in grant.rights:
            permitted = ", ".join(grant.rights)
            raise ProgrammeError("grant.foreign", f"it permits {permitted}, not {right}")
    if programme.start_at is not None and not _covered(programme, grant):
        raise ProgrammeError("grant.foreign", f"it covers {grant.start_at} to {grant.end_at}")


def _rights(programme: Programme) -> tuple[Literal["live", "recorded"], ...]:
    if programme.mode == "live":
        return ("live",)
    return ("recorded",) if programme.mode == "recorded" else ("live", "recorded")


def _covered(programme: Programme, grant: Grant) -> bool:
    start, end = programme.start_at, programme.end_at or grant.issued_at
    if start is None or grant.start_at is None or grant.end_at is None:
        return False
    return grant.start_at <= start and end <= grant.end_at and start < grant.end_at
