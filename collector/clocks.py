"""Times that a pole's clock could not vouch for: marked, and set right once its clock is known.

A pole without a battery starts in the past. Its events say so (`quality`) and carry the monotonic
clock of their boot; a health message of the same boot that was synchronised tells when that boot
began, and with it when everything on its monotonic clock happened. Clip times are left alone: the
pole's ring knows its pictures by the wall clock of then.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from wire.event import Event, Times
from wire.health import Health

AHEAD = timedelta(minutes=10)
"""A time further in the future than this is wrong, whatever its quality says."""

ClockState = Literal["synchronised", "doubtful", "corrected"]


def doubtful(times: Times, now: datetime) -> bool:
    """Whether these times are not to be believed as they are; `now` is the centre's clock."""
    return times.quality == "unsynchronised" or times.observed_at > now + AHEAD


def boot_began(health: Health) -> datetime | None:
    """When the boot began by a clock that is kept; None while it is not."""
    if health.quality != "synchronised":
        return None
    return health.at - timedelta(seconds=health.monotonic_s)


def corrected(event: Event, booted_at: datetime) -> Event:
    """The event with its wall times moved to where its monotonic clock says they were."""
    times = event.times
    shift = booted_at + timedelta(seconds=times.monotonic_s) - times.observed_at
    moved = times.model_copy(
        update={
            "started_at": times.started_at + shift,
            "alarm_at": times.alarm_at + shift,
            "ended_at": None if times.ended_at is None else times.ended_at + shift,
            "observed_at": times.observed_at + shift,
        }
    )
    return event.model_copy(update={"times": moved})
