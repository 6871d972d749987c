"""Live tracing of one vehicle for a case: what a pole is told, and what it tells at once."""

from __future__ import annotations

from pydantic import Field

from wire.event import MAX_CROP, TimeQuality
from wire.names import Id, Moment, Name, WireModel
from wire.plates import PlateRead

LONGEST_S = 7 * 24 * 3600.0
"""No pole traces for longer, whatever it is told."""


class TracedPlate(WireModel):
    """What a trace's cipher holds. It names what it is for: no cipher fits another trace."""

    device: Name
    trace_id: Id
    pattern: str = Field(min_length=2, max_length=24, description="`?` is one unknown character.")
    confusable: bool = True


class TraceOrder(WireModel):
    """A trace on its way to a pole: signed in the open but for the plate, which is encrypted (JWE)
    under the device's key.

    It ends at `expires_at`, or `lasts_s` after it came by the pole's own monotonic clock: what
    comes first, so that a pole without the time ends it too.
    """

    trace_id: Id
    case: str = Field(min_length=1, max_length=80)
    basis: str = Field(min_length=1, max_length=120)
    purpose: str = Field(min_length=1, max_length=200)
    expires_at: Moment
    lasts_s: float = Field(gt=0, le=LONGEST_S)
    cameras: tuple[Name, ...] = Field((), max_length=64, description="All of the pole when empty.")
    cipher: str = Field(max_length=4_000)


class TraceSighting(WireModel):
    """A read that a trace asks for (kind `trace`), told at once, to the centre alone.

    Not numbered: what does not arrive stands in the pole's diary, and is asked for there.
    """

    trace_id: Id
    read: PlateRead
    quality: TimeQuality = Field(description="Of the read's time.")
    crop: str | None = Field(
        None, max_length=MAX_CROP, description="The plate's picture: JPEG in base64."
    )
