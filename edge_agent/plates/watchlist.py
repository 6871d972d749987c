"""Lists of wanted plates as they stand on the pole: applying deltas and matching reads. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from edge_agent.plates.confusion import Reading, readings
from edge_agent.plates.types import PlateRead
from edge_agent.scene import PlateHit
from wire.codes import explain
from wire.plate_text import can_be_listed, normalise
from wire.plates import WatchlistDelta, WatchlistEntries

MOST_ENTRIES: Final = 200_000
"""Of all lists together: about 40 MB in memory, and no list of the country is larger."""

MOST_LISTS: Final = 32


class WatchlistError(Exception):
    """A delta that is not taken; `code` is one of wire.codes. Its text never names a plate."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{detail}: {explain(code)}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Watchlist:
    """One list: whose it is, what for, until when, and its entries in normal form."""

    list_id: str
    owner: str
    purpose: str
    basis: str
    expires_at: datetime
    version: int
    entries: Mapping[str, str | None]
    """Plate to the owner's note."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a delta took from a list and put on it, in this order and in normal form."""

    removed: tuple[str, ...]
    added: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Applied:
    """A list after a delta, and what became of the delta's entries."""

    watchlist: Watchlist | None
    """None when it was dropped."""
    duplicates: int = 0
    """Entries that were on the list already, or stood twice."""
    unusable: int = 0
    """Entries that are no plate of any country, or hold unknown characters."""
    change: Change | None = None
    """What leads from the list before to this one; None when it began anew."""

    @property
    def summary(self) -> str:
        """For the reply and the record: counts, never plates."""
        count = 0 if self.watchlist is None else len(self.watchlist.entries)
        return f"{count} entries, {self.duplicates} duplicates, {self.unusable} unusable"


def apply(
    known: Watchlist | None,
    delta: WatchlistDelta,
    entries: WatchlistEntries,
    device: str,
    now: datetime | None,
) -> Applied:
    """The list after `delta`; `now` is None while the box does not know the time.

    Raises WatchlistError, leaving all as it was.
    """
    _check(known, delta, entries, device, now)
    if delta.operation == "drop":
        return Applied(None)
    kept = {} if known is None or delta.operation == "replace" else dict(known.entries)
    removed = tuple(plate for one in entries.remove if (plate := normalise(one)) in kept)
    for plate in removed:
        kept.pop(plate, None)
    added: dict[str, str | None] = {}
    duplicates = unusable = 0
    for entry in entries.add:
        text = normalise(entry.plate)
        if not can_be_listed(text):
            unusable += 1
            continue
        duplicates += text in kept
        kept[text] = added[text] = entry.note
    if len(kept) > MOST_ENTRIES:
        raise WatchlistError("watchlist.invalid", f"more than {MOST_ENTRIES} entries")
    fresh = Watchlist(
        list_id=delta.list_id,
        owner=delta.owner,
        purpose=delta.purpose,
        basis=delta.basis or "",
        expires_at=delta.expires_at,
        version=delta.version,
        entries=kept,
    )
    begun = known is None or delta.operation == "replace"
    return Applied(fresh, duplicates, unusable, None if begun else Change(removed, added))


def _check(
    known: Watchlist | None,
    delta: WatchlistDelta,
    entries: WatchlistEntries,
    device: str,
    now: datetime | None,
) -> None:
    named = f"list {delta.list_id}"
    meant = (entries.device, entries.list_id, entries.version)
    if meant != (device, delta.list_id, delta.version):
        raise WatchlistError("watchlist.unreadable", f"{named}: its entries are for another delta")
    if not delta.basis:
        raise WatchlistError("watchlist.invalid", f"{named} names no legal basis")
    if now is not None and delta.expires_at <= now and delta.operation != "drop":
        raise WatchlistError("watchlist.expired", f"{named} ended {delta.expires_at:%Y-%m-%d}")
    at = 0 if known is None else known.version
    if delta.version <= at or (delta.operation != "replace" and delta.base_version != at):
        raise WatchlistError(
            "watchlist.base",
            f"{named} stands at {at}, the delta leads from {delta.base_version} to {delta.version}",
        )
    # The centre gives up what it has no list of by name and version: it knows no owner then.
    if known is not None and known.owner != delta.owner and delta.operation != "drop":
        raise WatchlistError("watchlist.invalid", f"{named} belongs to {known.owner}")


@dataclass(frozen=True, slots=True)
class Watchlists:
    """All lists of the pole; replaced as a whole, so that a match never sees half a delta."""

    lists: Mapping[str, Watchlist] = field(default_factory=dict)

    def with_list(self, list_id: str, fresh: Watchlist | None) -> Watchlists:
        """With one list replaced, or taken out. Raises WatchlistError when there are too many."""
        kept = {name: one for name, one in self.lists.items() if name != list_id}
        if fresh is not None:
            kept[list_id] = fresh
        total = sum(len(one.entries) for one in kept.values())
        if len(kept) > MOST_LISTS or total > MOST_ENTRIES:
            raise WatchlistError(
                "watchlist.invalid", f"{len(kept)} lists with {total} entries are too many"
            )
        return replace(self, lists=kept)

    def expired(self, now: datetime) -> tuple[str, ...]:
        """Lists whose time is over."""
        return tuple(name for name, one in self.lists.items() if one.expires_at <= now)

    def match(self, read: PlateRead, now: datetime | None) -> tuple[PlateHit, ...]:
        """Every list that the read is on, the surest hit of each; exact ones first.

        `now` is None while the box does not know the time: no list has ended then.
        """
        current = [one for one in self.lists.values() if now is None or now < one.expires_at]
        if not current:
            return ()
        said = _readings(read)
        own = normalise(read.text)
        hits = []
        for one in current:
            found = next((r for r in said if r.text in one.entries), None)
            if found is not None:
                hits.append(_hit(one, found, own, read.confidence))
        return tuple(sorted(hits, key=lambda hit: (hit.near, -hit.certainty)))


def _readings(read: PlateRead) -> tuple[Reading, ...]:
    if not read.characters:
        return (Reading(normalise(read.text), 1.0),)
    # Their parts are in normal form already: hyphens stand in the text only.
    return readings(read)


def _hit(watchlist: Watchlist, found: Reading, own: str, confidence: float) -> PlateHit:
    return PlateHit(
        list_id=watchlist.list_id,
        owner=watchlist.owner,
        purpose=watchlist.purpose,
        listed=found.text,
        near=found.text != own,
        certainty=min(1.0, confidence * found.probability),
    )
