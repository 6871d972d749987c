"""Lists as people are shown them: terms, size, and how far the poles are."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict

from collector.store import vehicle_lists
from collector.store.vehicle_lists import Decided
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
    revision: int
    at_once_from: float | None
    """Certainty of a read from which nobody need confirm it; None: each is confirmed."""
    hits: int
    """Incidents about its plates that are here."""
    waiting: int
    """Of those that nobody has confirmed or rejected yet, though somebody must."""
    confirmed: int
    rejected: int
    """Rejected by a person: the plate was read wrong, or the list is."""


def shown(run: sqlite3.Connection) -> list[ListShown]:
    """Lists that count, and those that poles have yet to give up; by name."""
    counts, held = vehicle_lists.counts(run), vehicle_lists.held(run)
    decided = vehicle_lists.decided(run)
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
            revision=one.revision,
            at_once_from=one.at_once_from,
            **asdict(decided.get(one.list_id, Decided())),
            behind=sum(
                key[1] == one.list_id and what.revision < one.revision for key, what in held.items()
            ),
        )
        for one in vehicle_lists.all_of(run)
    ]
