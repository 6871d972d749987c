"""Which asset a fault is mended at, and whether its absence means anything. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from collector.services.estate.condition import World, code_of, condition, of_device
from collector.services.estate.fields import UNIT_KINDS
from collector.store.estate import Asset

ON_ITS_OWN = UNIT_KINDS | {"board"}
"""Kinds whose faults are nobody else's."""


def to_be_mended(assets: Iterable[Asset], world: World) -> dict[tuple[str, str], str | None]:
    """Which asset each fault is mended at, with the pole's code.

    A box's faults are its own, not its cameras'; a disk's those of a registered disk. Where the box
    itself is not registered, the first of its cameras stands for it. A pole's are those of what
    hangs on it, and mended there.
    """
    at_device: defaultdict[str, list[Asset]] = defaultdict(list)
    found: dict[tuple[str, str], str | None] = {}
    for one in sorted(assets, key=lambda one: one.tag):
        told = condition(one, world)
        if told.state in ("retired", "unwatched", "unknown"):
            continue
        if one.kind in ON_ITS_OWN:
            found |= {(one.asset_id, fault): told.code for fault in told.faults}
        elif one.device is not None:
            at_device[one.device].append(one)
        if one.kind == "camera":
            mine = [fault for fault in told.faults if fault != "offline"]
            found |= {(one.asset_id, fault): told.code for fault in mine}
    for device, there in at_device.items():
        row = world.devices[device]
        boxes = [one for one in there if one.kind == "box"] or there
        disks = [one for one in there if one.kind == "disk"] or boxes
        for fault in of_device(row, world):
            at = disks if fault == "disk" else boxes
            found[at[0].asset_id, fault] = code_of(row)
    return found


def can_tell(asset: Asset | None, fault: str, world: World) -> bool:
    """Whether a fault that is not there now is gone, or only not told of."""
    if asset is None:
        return True
    told = condition(asset, world)
    if told.state == "retired" or asset.kind in ON_ITS_OWN:
        return told.state != "unknown"
    if asset.device is None:
        return True
    device = world.devices.get(asset.device)
    if device is None or fault == "offline":
        return device is not None
    if not device.online:
        return False
    row = world.cameras.get((asset.device, asset.camera or ""))
    return asset.kind != "camera" or (row is not None and row.state != "unknown")
