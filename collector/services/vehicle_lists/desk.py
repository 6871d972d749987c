"""Taking a list from its owner and ending it; every change stands in the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from collector import ledger
from collector.confirming import AT_ONCE_FROM
from collector.problems import ProblemError
from collector.services.case import Body
from collector.services.vehicle_lists.table import MOST_ENTRIES, BadRow, Table
from collector.store import vehicle_lists
from collector.store.vehicle_lists import VehicleList
from wire.names import Moment, Name, WireModel, utc_text

LONGEST = timedelta(days=366)
"""A list that nobody renews for a year is not needed."""

Line = Annotated[str, StringConstraints(max_length=120, strip_whitespace=True)]


class Terms(Body):
    """Whose list it is, what for, on what basis, until when."""

    owner: Name = Field(description="The agency that answers for it.")
    purpose: Line = Field(description="What it is for.")
    basis: Line = Field("", description="Legal basis.")
    expires_at: Moment = Field(description="Poles delete it then.")
    at_once_from: Annotated[float, Field(gt=0, le=1)] | None = Field(
        AT_ONCE_FROM,
        description="Agencies are told at once of a read that is at least this certain and says "
        "exactly what is listed; null: a person confirms each.",
    )


class Taken(WireModel):
    """What became of a list that was sent."""

    list_id: Name
    revision: int
    entries: int
    added: int
    removed: int
    repeated: int
    bad_rows: int
    bad: tuple[BadRow, ...]
    also_on: dict[str, int]
    """How many of its plates stand on other lists too, by list."""


class ListDesk:
    """Every change of a list goes through here, within the caller's transaction."""

    def __init__(self, agencies: Callable[[], Collection[str]]) -> None:
        """`agencies`: who may own a list."""
        self._agencies = agencies

    def put(
        self,
        run: sqlite3.Connection,
        list_id: str,
        terms: Terms,
        table: Table,
        person: str,
        now: datetime,
        *,
        accept_bad: bool = False,
    ) -> Taken:
        """Have the list say what the table says. Raises ProblemError, leaving all as it was.

        With bad rows it is refused, unless `accept_bad`: then the good ones are taken.
        """
        self._check(terms, now)
        bad = table.first_bad()
        if bad and not accept_bad:
            raise ProblemError(
                "list.bad-rows", f"{len(table.bad)} bad rows; row {bad[0].row}: {bad[0].reason}"
            )
        known = vehicle_lists.find(run, list_id)
        if known is not None and known.owner != terms.owner:
            # A pole would refuse it as long as it holds the other's.
            ended = " until every pole has given it up; take another name"
            raise ProblemError(
                "auth.forbidden",
                f"the list {list_id} belongs to {known.owner}{ended if known.ended_at else ''}",
            )
        others = {**vehicle_lists.counts(run), list_id: 0}
        total = sum(others.values()) + len(table.entries)
        if total > MOST_ENTRIES:
            raise ProblemError("list.too-large", f"all lists together would have {total:,}")
        one = _next(known, list_id, terms, person, now)
        changed = vehicle_lists.put(run, one, table.entries)
        taken = Taken(
            list_id=list_id,
            revision=one.revision,
            entries=len(table.entries),
            added=changed.added,
            removed=changed.removed,
            repeated=table.repeated,
            bad_rows=len(table.bad),
            bad=bad,
            also_on=_also_on(run, list_id),
        )
        fields = {
            "person": person,
            **terms.model_dump(mode="json"),
            **taken.model_dump(exclude={"bad", "also_on"}),
        }
        ledger.append(run, now, "list.taken", fields)
        return taken

    def end(self, run: sqlite3.Connection, list_id: str, person: str, now: datetime) -> None:
        """It counts no more; poles give it up as they are there. Raises ProblemError."""
        known = vehicle_lists.find(run, list_id)
        if known is None or known.ended_at is not None:
            raise ProblemError("list.unknown", f"there is no list {list_id}")
        vehicle_lists.end(run, list_id, now)
        ledger.append(
            run, now, "list.ended", {"list_id": list_id, "owner": known.owner, "person": person}
        )

    def _check(self, terms: Terms, now: datetime) -> None:
        if not terms.basis:
            raise ProblemError("case.no-basis")
        if not terms.purpose:
            raise ProblemError("request.invalid", "purpose: must not be empty")
        if terms.owner not in self._agencies():
            raise ProblemError("request.invalid", f"owner: there is no agency {terms.owner}")
        if not now < terms.expires_at <= now + LONGEST:
            raise ProblemError(
                "request.invalid",
                f"expires_at: {utc_text(terms.expires_at)} must lie within a year from now",
            )


def _next(
    known: VehicleList | None, list_id: str, terms: Terms, person: str, now: datetime
) -> VehicleList:
    revision = 1 if known is None else known.revision + 1
    same = (
        known is not None
        and known.ended_at is None
        and (known.purpose, known.basis, known.expires_at)
        == (terms.purpose, terms.basis, terms.expires_at)
    )
    return VehicleList(
        list_id=list_id,
        owner=terms.owner,
        purpose=terms.purpose,
        basis=terms.basis,
        expires_at=terms.expires_at,
        revision=revision,
        terms_at=known.terms_at if known is not None and same else revision,
        changed_at=now,
        changed_by=person,
        ended_at=None,
        at_once_from=terms.at_once_from,
    )


def _also_on(run: sqlite3.Connection, list_id: str) -> dict[str, int]:
    rows = run.execute(
        "SELECT b.list_id, count(*) FROM vehicle_entry a JOIN vehicle_entry b USING (plate)"
        " WHERE a.list_id = ? AND b.list_id <> ? AND a.removed IS NULL AND b.removed IS NULL"
        " GROUP BY b.list_id ORDER BY b.list_id",
        (list_id, list_id),
    )
    return {row[0]: row[1] for row in rows}
