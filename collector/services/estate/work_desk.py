"""What people do with work orders; each act within the caller's transaction."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from collector.problems import ProblemError
from collector.roles import require
from collector.services.case import Body
from collector.services.estate.availability import Span
from collector.services.estate.photo import Photo
from collector.store import estate, work_orders
from collector.store.work_orders import WorkOrder
from wire.grant import PersonToken
from wire.names import Moment

ASSIGNERS: Final = frozenset({"operator", "supervisor"})
WORKERS: Final = ASSIGNERS | {"technician"}
PLANNERS: Final = frozenset({"supervisor"})
"""Planned maintenance is left out of the availability, so it is not everybody's word."""
LONGEST_PLANNED: Final = timedelta(days=31)
MOST_PHOTOS: Final = 8

Words = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class OrderBody(Body):
    """Work that somebody asks for; both times: planned maintenance."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
    planned_from: Moment | None = None
    planned_to: Moment | None = None


class AssignBody(Body):
    """Who does it: a name, or a company."""

    to: Annotated[str, StringConstraints(max_length=80, strip_whitespace=True)] = Field(
        description="Empty: nobody."
    )


class NoteBody(Body):
    """What somebody saw or did."""

    note: Words


def open_by_hand(
    run: sqlite3.Connection, asset_id: str, body: OrderBody, person: PersonToken, now: datetime
) -> int:
    """The order's number. Raises ProblemError."""
    planned = _planned(body, now)
    require(person, WORKERS if planned is None else PLANNERS, "opening such a work order")
    if estate.find(run, asset_id) is None:
        raise ProblemError("estate.unknown")
    return work_orders.open_order(
        run, asset_id, now, title=body.title, planned=planned, person=person.person
    )


def assign(
    run: sqlite3.Connection, number: int, to: str, person: PersonToken, now: datetime
) -> None:
    """A technician may take an order himself; who directs the work gives it to anybody."""
    require(person, WORKERS if to == person.person else ASSIGNERS, "assigning work to others")
    _open(run, number)
    work_orders.assign(run, number, to or None)
    work_orders.add_step(run, number, now, "assigned", person.person, to or None)


def note(
    run: sqlite3.Connection, number: int, text: str, person: PersonToken, now: datetime
) -> None:
    require(person, WORKERS, "noting work")
    _open(run, number)
    work_orders.add_step(run, number, now, "noted", person.person, text)


def photo(
    run: sqlite3.Connection, number: int, picture: Photo, person: PersonToken, now: datetime
) -> None:
    require(person, WORKERS, "adding pictures of work")
    _open(run, number)
    held = sum(one.photo is not None for one in work_orders.steps(run, number))
    if held >= MOST_PHOTOS:
        raise ProblemError("work.state", f"it has {MOST_PHOTOS} pictures already")
    estate.keep_photo(run, picture.sha256, picture.jpeg, now)
    work_orders.add_step(run, number, now, "photo", person.person, photo=picture.sha256)


def done(
    run: sqlite3.Connection, number: int, text: str | None, person: PersonToken, now: datetime
) -> None:
    """Of a fault the state must bear it out; what a person opened is closed by a person's word."""
    require(person, WORKERS, "ending work")
    order = _open(run, number)
    if order.state == "done":
        raise ProblemError("work.state", "somebody has said so already; the state is awaited")
    work_orders.done(run, number, now, person.person)
    work_orders.add_step(run, number, now, "done", person.person, text)
    if order.fault is None:
        work_orders.close(run, number, now, now)


def _open(run: sqlite3.Connection, number: int) -> WorkOrder:
    order = work_orders.find(run, number)
    if order is None:
        raise ProblemError("work.unknown", f"there is no work order {number}")
    if order.state == "closed":
        raise ProblemError("work.state", f"work order {number} is closed")
    return order


def _planned(body: OrderBody, now: datetime) -> Span | None:
    start, end = body.planned_from, body.planned_to
    if start is None and end is None:
        return None
    if start is None or end is None or not start < end <= start + LONGEST_PLANNED:
        raise ProblemError(
            "request.invalid", "planned_from, planned_to: both, in order, at most 31 days apart"
        )
    if end <= now:
        raise ProblemError("request.invalid", "planned_to: maintenance is announced before it ends")
    return Span(start, end)
