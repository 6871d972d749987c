"""Lists as people are shown them: terms, size, and how far the poles are."""

from __future__ import annotations

import sqlite3

from collector.store import vehicle_lists
from wire.names import Moment, Name, WireModel


class ListShown(WireModel):
    """A list without its entries."""

    list_id: Name
    owner: Name
    purpose: str
    basis: str
    expires_at: Moment
    changed_at: Moment
    changed_by: str
    ended: bool
    """It counts no more, and some pole that is away still holds it."""
    entries: int
    poles: int
    """Poles that hold it as it is now."""
    behind: int
    """Poles that hold an earlier state of it."""


def shown(run: sqlite3.Connection) -> list[ListShown]:
    """Lists that count, and those that poles have yet to give up; by name."""
    counts, held = vehicle_lists.counts(run), vehicle_lists.held(run)
    return [
        ListShown(
            list_id=one.list_id,
            owner=one.owner,
            purpose=one.purpose,
            basis=one.basis,
            expires_at=one.expires_at,
            changed_at=one.changed_at,
            changed_by=one.changed_by,
            ended=one.ended_at is not None,
            entries=counts.get(one.list_id, 0),
            poles=sum(
                key[1] == one.list_id and what.revision == one.revision
                for key, what in held.items()
            ),
            behind=sum(
                key[1] == one.list_id and what.revision < one.revision for key, what in held.items()
            ),
        )
        for one in vehicle_lists.all_of(run)
    ]
