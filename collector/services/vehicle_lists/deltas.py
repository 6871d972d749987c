"""Watchlists on their way to a pole: cut into deltas that fit a command, each sealed to the device.

Names, purpose and end of a list travel signed; its entries only the device can read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from collector.commander import Commander, CommandError
from wire.command import WatchlistCommand
from wire.plates import ListedPlate, WatchlistDelta, WatchlistEntries
from wire.sealed import SealError, seal

PART_BYTES: Final = 48_000
"""Of plain entries: encrypted, encoded and signed this is 90 KB of the 128 KB that may travel."""

Entry = tuple[str, str | None]
"""A plate, and the owner's note if there is one."""


def deltas(
    device: str,
    encryption_key: str,
    terms: WatchlistDelta,
    *,
    base_version: int,
    add: Sequence[Entry] = (),
    remove: Sequence[str] = (),
) -> tuple[WatchlistDelta, ...]:
    """The deltas that lead a device's list from `base_version` on, to be sent in this order.

    `terms` gives the list's name, owner, purpose, basis, end, and with its operation what the
    first delta does; its versions and cipher are replaced. `encryption_key` is what the device
    offers in its nonce window. Raises wire.sealed.SealError when that is no key.
    """
    made = []
    version = base_version
    operation = terms.operation
    for added, removed in _parts(add, remove):
        inside = WatchlistEntries(
            device=device, list_id=terms.list_id, version=version + 1, add=added, remove=removed
        )
        changed = {
            "base_version": version,
            "version": version + 1,
            "operation": operation,
            "cipher": seal(inside.model_dump_json(exclude_none=True).encode(), encryption_key),
        }
        made.append(terms.model_copy(update=changed))
        version, operation = version + 1, "change"
    return tuple(made)


async def deliver(
    commander: Commander,
    device: str,
    terms: WatchlistDelta,
    *,
    base_version: int,
    add: Sequence[Entry] = (),
    remove: Sequence[str] = (),
) -> int:
    """Lead a device's list on, delta by delta; returns the version that it then stands at.

    Raises CommandError when the device is not there, offers no key, or refuses a delta: what was
    taken before stands, and the device's health names its version.
    """
    key = commander.encryption_key(device)
    if key is None:
        raise CommandError("device.offline", f"{device} offers no key to encrypt a list to")
    try:
        made = deltas(device, key, terms, base_version=base_version, add=add, remove=remove)
    except SealError as error:
        raise CommandError("command.unsupported", f"{device}: {error}") from error
    for delta in made:
        await commander.ask(device, WatchlistCommand(delta=delta))
    return made[-1].version


def _parts(
    add: Sequence[Entry], remove: Sequence[str]
) -> Iterator[tuple[tuple[ListedPlate, ...], tuple[str, ...]]]:
    """Entries in parts of PART_BYTES; one empty part when there are none."""
    added: list[ListedPlate] = []
    removed: list[str] = []
    size = 0
    for plate in remove:
        removed.append(plate)
        size += len(plate.encode()) + 4
        if size >= PART_BYTES:
            yield tuple(added), tuple(removed)
            added, removed, size = [], [], 0
    for plate, note in add:
        added.append(ListedPlate(plate=plate, note=note))
        size += len(plate.encode()) + len((note or "").encode()) + 24
        if size >= PART_BYTES:
            yield tuple(added), tuple(removed)
            added, removed, size = [], [], 0
    if added or removed or not (add or remove):
        yield tuple(added), tuple(removed)
