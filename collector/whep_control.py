"""`{session}/control`: what a viewer may ask of a running session, as JSON, and what it answers."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from collector.problems import ProblemError
from wire.names import Moment
from wire.whep import WhepControl

MAX_BODY = 2_000
Speed = Annotated[float, Field(ge=0.5, le=8.0, description="Above 2 by keyframes alone.")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=False)


class Pause(_Body):
    """Hold the picture."""

    action: Literal["pause"]


class Resume(_Body):
    """Go on: a recording where it stood, live where it is now."""

    action: Literal["resume"]


class Seek(_Body):
    """Go to a moment of the recording."""

    action: Literal["seek"]
    at: Moment


class SetSpeed(_Body):
    """Play the recording slower or faster."""

    action: Literal["speed"]
    speed: Speed


class Clip(_Body):
    """Play another part of the recording."""

    action: Literal["clip"]
    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    speed: Speed = 1.0


class Live(_Body):
    """Show what is live; with `from` or `minutes_ago`, from there on until it is caught up."""

    action: Literal["live"]
    stream: Literal["main", "sub"] | None = None
    start: Moment | None = Field(None, alias="from")
    minutes_ago: Annotated[float, Field(gt=0, le=1440)] | None = None
    speed: Speed | None = None


Control = Annotated[Pause | Resume | Seek | SetSpeed | Clip | Live, Field(discriminator="action")]
_CONTROL: TypeAdapter[Control] = TypeAdapter(Control)


def read(body: bytes) -> Control:
    """The control of a request's body; raises ProblemError with status 422 that names the field."""
    if len(body) > MAX_BODY:
        raise ProblemError("request.invalid", f"more than {MAX_BODY} bytes", status=413)
    try:
        found = _CONTROL.validate_python(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise ProblemError("request.invalid", _why(error), status=422) from error
    if isinstance(found, Live):
        if found.start is not None and found.minutes_ago is not None:
            raise ProblemError("request.invalid", "'from' or 'minutes_ago', not both", status=422)
        if found.speed is not None and found.start is None and found.minutes_ago is None:
            raise ProblemError(
                "request.invalid", "live has one speed; 'speed' needs 'minutes_ago'", status=422
            )
    if isinstance(found, Clip) and found.start >= found.end:
        raise ProblemError("request.invalid", "'from' must be before 'to'", status=422)
    return found


def wire_control(session_id: str, control: Control) -> WhepControl:
    """As the pole takes it."""
    more: dict[str, Any] = {}
    match control:
        case Seek(at=at):
            more = {"at": at}
        case SetSpeed(speed=speed):
            more = {"speed": speed}
        case Clip(start=start, end=end, speed=speed):
            more = {"at": start, "end_at": end, "speed": speed}
        case Live(start=start, minutes_ago=ago, speed=speed, stream=stream):
            more = {"at": start, "minutes_ago": ago, "speed": speed, "stream": stream}
        case _:
            pass
    return WhepControl(session_id=session_id, action=control.action, **more)


def _why(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return "the body is not JSON"
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
