"""What a message of a disaster room means for what is known of it. Pure: no I/O, no clock.

* The newest word counts, by the time that the sender gave it (`sent`), whatever comes first: an
  Update is whole in itself and opens an alert that never came; a Cancel that comes before its Alert
  keeps that Alert from being opened.
* A Cancel is the last word: an Update after it is refused. What people here closed, or what ran
  out, an Update opens anew.
* A drill (status Exercise or Test) never touches what is real, and the other way round.
* What is over when it comes is refused, so that its sender knows that nobody acts on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from collector.cap.document import Alert

AHEAD = timedelta(minutes=5)
"""The sender's clock may be ahead of ours by so much."""
DRILLS = ("Exercise", "Test")
YEARS = range(1901, 9000)

State = Literal["active", "cancelled", "expired", "closed"]
Act = Literal["open", "change", "end", "forestall", "note", "refuse"]
"""open: a new case and incident; change: of what goes on; end: close; forestall: remember that it
was cancelled; note: kept and acknowledged, nothing follows; refuse: kept, answered by an Error."""


@dataclass(frozen=True, slots=True)
class Thread:
    """One alert with its Updates, as it is known."""

    disaster_id: str
    state: State
    drill: bool
    sent: datetime
    """Of the newest message that counted."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done. `code` is of wire.codes, where it is refused."""

    act: Act
    threads: tuple[str, ...] = ()
    """Ids of alerts that it is about; none for one that is not known yet."""
    why: str = ""
    code: str = ""


def is_drill(message: Alert) -> bool:
    """Whether nobody may take it for the real thing."""
    return message.status in DRILLS


def expires(message: Alert) -> datetime | None:
    """When the last of its texts runs out; None when one never does."""
    times = [one.expires for one in message.infos]
    known = [one for one in times if one is not None]
    return max(known) if known and len(known) == len(times) else None


def impossible_time(message: Alert) -> str | None:
    """Which of its times cannot be meant, and cannot be reckoned with; None when all can."""
    times = [("sent", message.sent)]
    times += [("references", one.sent) for one in message.references]
    times += [("expires", one.expires) for one in message.infos if one.expires is not None]
    for name, at in times:
        if at.year not in YEARS:
            return f"{name}: {at.isoformat()} cannot be meant"
    return None


def judge(
    message: Alert,
    known: Sequence[Thread],
    now: datetime,
    *,
    elsewhere: str | None = None,
) -> Step:
    """What follows from `message`.

    `known`: alerts that it or its references belong to; `elsewhere`: says so when its area does
    not touch the city.
    """
    if message.msg_type in ("Ack", "Error"):
        return Step("note", why=f"an {message.msg_type} asks for nothing")
    if message.status == "System":
        return Step("note", why="a system message asks for nothing")
    if message.status == "Draft":
        return _refused("request.invalid", "status: a Draft is not to be acted on")
    if message.sent > now + AHEAD:
        apart = (message.sent - now).total_seconds()
        return _refused("request.invalid", f"sent: {apart:.0f} s ahead of our clock; set yours")
    if message.msg_type != "Alert" and not message.references:
        said = f"references: a {message.msg_type} must name the message that it is about"
        return _refused("request.invalid", said)
    foreign = [one for one in known if one.drill != is_drill(message)]
    if foreign:
        real = "drill" if foreign[0].drill else "real alert"
        return _refused("case.state", f"status: {message.status} cannot change a {real}")
    newer = [one for one in known if one.sent > message.sent]
    if newer:
        return Step("note", _ids(known), f"a later word of {newer[0].sent.isoformat()} counts")
    if message.msg_type == "Cancel":
        return _cancel(known)
    if any(one.state == "cancelled" for one in known):
        said = "it was cancelled; a Cancel is the last word, send a new Alert"
        return _refused("case.state", said)
    if len(known) > 1:
        said = f"references: names messages of {len(known)} alerts; send an Update of each"
        return _refused("request.invalid", said)
    end = expires(message)
    if end is not None and end <= now:
        return _refused("request.invalid", f"expires: was over at {end.isoformat()}")
    if elsewhere is not None:
        return _elsewhere(known, elsewhere)
    going_on = bool(known) and known[0].state == "active"
    return Step("change" if going_on else "open", _ids(known))


def _cancel(known: Sequence[Thread]) -> Step:
    if not known:
        return Step("forestall", why="its Alert has not come")
    active = [one for one in known if one.state == "active"]
    if not active:
        return Step("forestall", _ids(known), f"it is {known[0].state} already")
    return Step("end", _ids(known), "cancelled by the disaster room")


def _elsewhere(known: Sequence[Thread], said: str) -> Step:
    if any(one.state == "active" for one in known):
        return Step("end", _ids(known), f"moved away: {said}")
    return _refused("place.impossible", said)


def _refused(code: str, why: str) -> Step:
    return Step("refuse", (), why, code)


def _ids(known: Sequence[Thread]) -> tuple[str, ...]:
    return tuple(one.disaster_id for one in known)
