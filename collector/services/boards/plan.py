"""What should stand on a board now, and what leads it there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from collector.routing import Hours
from collector.services.boards.drivers.base import Shown
from collector.services.boards.record import BoardMessage, BoardState, Standing

LONGEST = timedelta(days=30)
"""That a board is told at a time; NTCIP 1203 knows 45 days at most."""
NEAR = timedelta(seconds=5)
"""Times that differ by less are the same: what is read is of a moment ago."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The message that should stand, and when it must be gone."""

    message: BoardMessage
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Stands:
    """What is wanted stands; `renew`: its time on the board is not what it should be."""

    wanted: Wanted
    renew: bool


@dataclass(frozen=True, slots=True)
class Tell:
    """Have it show what is wanted, and keep `before`; `changed`: it had shown it already."""

    wanted: Wanted
    before: Standing
    changed: bool


@dataclass(frozen=True, slots=True)
class Restore:
    """What is ours goes, what stood before comes back."""

    before: Standing


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing of ours stands any more; `left`: somebody else has put something else there."""

    left: bool


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing is wanted and nothing was told."""


Move = Stands | Tell | Restore | Over | Idle


def wanted(
    board_id: str,
    messages: Iterable[BoardMessage],
    now: datetime,
    zone: ZoneInfo,
    grain: timedelta = timedelta(0),
) -> Wanted | None:
    """The approved message of the highest priority, of those the newest; None: nothing.

    `grain`: what the board counts time in. It is given back so much early at most, never late.
    """
    found = [
        Wanted(one, ends_at)
        for one in messages
        if board_id in one.boards
        and one.state == "approved"
        and one.from_at <= now
        and (ends_at := _ends(one, now, zone)) is not None
        and now < ends_at
        and now + grain <= ends_at
    ]
    return max(
        found,
        key=lambda one: (one.message.priority, one.message.made_at, one.message.message_id),
        default=None,
    )


def next_move(
    plan: Wanted | None,
    held: BoardState,
    shown: Shown,
    now: datetime,
    lasts: timedelta,
    grain: timedelta,
) -> Move:
    """What leads a board to its plan. `lasts`: how long it should be told for now."""
    before = still(held.before, now + grain)
    if plan is not None:
        if shown.multi == plan.message.multi:
            return Stands(plan, _off(shown.left, lasts, grain))
        if held.told is None:
            until_at = None if shown.left is None else now + shown.left
            before = Standing(multi=shown.multi, source=shown.source, until_at=until_at)
        again = held.told == plan.message.message_id and held.confirmed
        return Tell(plan, before, changed=again)
    if held.told is None:
        return Idle()
    if is_back(shown, before):
        return Over(left=False)
    if shown.multi in (held.told_multi, ""):
        return Restore(before)
    return Over(left=True)


def still(before: Standing | None, now: datetime) -> Standing:
    """What stood before, or a dark board once its time is over: nobody's old message comes back."""
    if before is None or (before.until_at is not None and before.until_at <= now):
        return Standing()
    return before


def is_back(shown: Shown, before: Standing) -> bool:
    """Whether what stood before stands: its text, or that from the same place of the board."""
    return shown.multi == before.multi or (before.source != "" and shown.source == before.source)


def lease(plan: Wanted, now: datetime, minutes: int) -> timedelta:
    """How long a board is told to show it: of an incident no longer than its lease."""
    rest = min(plan.ends_at - now, LONGEST)
    return rest if plan.message.incident_id is None else min(rest, timedelta(minutes=minutes))


def _off(left: timedelta | None, lasts: timedelta, grain: timedelta) -> bool:
    """Whether a board would show it for too long, or soon no more."""
    late = max(grain, NEAR)
    return left is None or left > lasts + late or 2 * left <= lasts - late


def _ends(one: BoardMessage, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When it must be gone, at the latest; None: not in its hours."""
    if not one.hours:
        return one.until_at
    local = now.astimezone(zone)
    ends = [_end_of(hours, local) for hours in one.hours if hours.holds(local)]
    return min(one.until_at, max(ends)) if ends else None


def _end_of(hours: Hours, local: datetime) -> datetime:
    end = local.replace(
        hour=hours.end.hour, minute=hours.end.minute, second=hours.end.second, microsecond=0
    )
    return end if end > local else end + timedelta(days=1)
