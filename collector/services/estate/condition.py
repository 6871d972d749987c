"""How an asset is, from what boxes, cameras and boards tell of themselves. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from collector.services.boards.record import BoardState
from collector.services.estate.faults import Condition, Fault, OldModel, told
from collector.services.estate.fields import UNIT_KINDS
from collector.store.estate import Asset
from collector.store.rows import CameraRow, DeviceRow
from wire.health import RunningModel

SOON: Final = timedelta(days=30)
"""A certificate that ends within that is to be renewed."""
_DISK: Final = ("disk.", "ring.unreadable", "ring.short")
"""Codes of wire.codes that a box tells of its disk begin so."""

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Release:
    """What boxes should run."""

    version: str
    """Of the centre's program."""
    models: Mapping[str, str]
    """How the hash of each network's file begins, by name."""
    pinned: Mapping[str, str]
    """The same of those that the city wants instead: they count for boxes newer than the centre."""

    def wanted(self, name: str) -> str | None:
        return self.pinned.get(name) or self.models.get(name)


@dataclass(frozen=True, slots=True)
class World:
    """What is known of boxes and cameras now."""

    cameras: Mapping[Place, CameraRow]
    devices: Mapping[str, DeviceRow]
    tampered: Mapping[Place, frozenset[str]]
    """What the running findings of the type `tamper` say: TamperKind of wire.event."""
    ends: Mapping[str, datetime]
    """Until when each box's certificate counts."""
    now: datetime
    today: date
    """At the site."""
    release: Release
    boards: Mapping[str, BoardState]
    """Those of boards.yaml."""


def conditions(assets: Iterable[Asset], world: World) -> dict[str, Condition]:
    """How all are, by id. A pole is as the worst of what hangs on it, however deep.

    What hangs there and tells nothing says nothing of the pole; what should tell and does not
    leaves open whether a pole without a fault is well.
    """
    every = list(assets)
    found = {one.asset_id: condition(one, world) for one in every}
    carried: defaultdict[str, list[Asset]] = defaultdict(list)
    for one in every:
        if one.parent is not None:
            carried[one.parent].append(one)
    for one in every:
        if one.kind == "pole" and found[one.asset_id].state != "retired":
            hung = _below(one.tag, carried)
            found[one.asset_id] = _worst(found[part.asset_id] for part in hung)
    return found


def condition(asset: Asset, world: World) -> Condition:
    """How one asset is by itself."""
    if asset.retired is not None and asset.retired <= world.today.isoformat():
        return Condition("retired")
    if asset.kind == "board" and asset.unit is not None:
        return _board(world.boards.get(asset.unit))
    if asset.device is None:
        return Condition("unwatched")
    device = world.devices.get(asset.device)
    if asset.kind in UNIT_KINDS:
        return Condition("unwatched") if asset.unit is None else _facility(asset.unit, device)
    if asset.kind not in ("camera", "box", "disk"):
        return Condition("unwatched")
    if device is None or device.heard_at is None:
        return Condition("unknown")
    if asset.kind == "camera":
        return _camera(asset, device, world)
    if asset.kind == "disk":
        if not device.online:
            return Condition("unknown", code="device.offline")
        return told([one for one in of_device(device, world) if one == "disk"], code_of(device))
    return told(of_device(device, world), code_of(device), old_models(device, world.release))


def of_device(device: DeviceRow, world: World) -> list[Fault]:
    """What is wrong with a box and what is in it."""
    if not device.online:
        return ["offline"]
    found: list[Fault] = []
    health = device.health
    if health is not None:
        if any(code.startswith(_DISK) for code in health.faults):
            found.append("disk")
        if health.quality != "synchronised" or "clock.unsynchronised" in health.faults:
            found.append("wrong_time")
    ends = world.ends.get(device.device)
    if ends is not None and ends - world.now < SOON:
        found.append("certificate")
    if device.version is not None and _numbers(device.version) < _numbers(world.release.version):
        found.append("outdated")
    if old_models(device, world.release):
        found.append("model")
    return found


def old_models(device: DeviceRow, release: Release) -> tuple[OldModel, ...]:
    """Networks that a box which is there runs, and that are not those of the release."""
    if not device.online:
        return ()
    newer = _numbers(device.version or "") > _numbers(release.version)
    return tuple(
        OldModel(one, release.wanted(one.name))
        for one in device.models
        if not _is_of(one, release) and (not newer or one.name in release.pinned)
    )


def code_of(device: DeviceRow) -> str | None:
    """The first code that a box tells."""
    if not device.online:
        return "device.offline"
    return next(iter(device.health.faults), None) if device.health else None


def _camera(asset: Asset, device: DeviceRow, world: World) -> Condition:
    if not device.online:
        return Condition("bad", ("offline",), "device.offline")
    place = (asset.device or "", asset.camera or "")
    row = world.cameras.get(place)
    if row is None or row.state == "unknown":
        return Condition("unknown")
    faults: list[Fault] = []
    if row.state == "down":
        faults.append("no_picture")
    elif row.state == "degraded":
        faults.append("degraded")
    signs = world.tampered.get(place, frozenset())
    if signs - {"defocused"}:
        faults.append("tampered")
    if "defocused" in signs:
        faults.append("dirty_lens")
    return told(faults, row.code)


def _board(state: BoardState | None) -> Condition:
    if state is None or state.status == "unknown":
        return Condition("unknown")
    faults: list[Fault] = ["misfit"] if state.misfit else []
    if state.status in ("silent", "differs", "refused"):
        faults.append(state.status)
    return told(faults)


def _facility(name: str, device: DeviceRow | None) -> Condition:
    """A light or siren is told of by its box; nobody knows how it is while that is away."""
    if device is None or device.heard_at is None or device.health is None:
        return Condition("unknown")
    if not device.online:
        return Condition("unknown", code="device.offline")
    one = next((one for one in device.health.facilities if one.facility == name), None)
    if one is None:
        return Condition("unknown")
    if one.mode == "stuck":
        return told(["stuck"], "facility.stuck")
    return told(["silent"] if one.mode == "unknown" else [], "facility.stuck")


def _below(tag: str, carried: Mapping[str, list[Asset]]) -> list[Asset]:
    """All that hangs on it; a table may have made a ring of what hangs on what."""
    found: dict[str, Asset] = {}
    waiting = [tag]
    while waiting:
        for one in carried.get(waiting.pop(), ()):
            if one.tag not in found:
                found[one.tag] = one
                waiting.append(one.tag)
    return list(found.values())


def _worst(parts: Iterable[Condition]) -> Condition:
    watched = [one for one in parts if one.state not in ("unwatched", "retired")]
    if not watched:
        return Condition("unwatched")
    whole = told(fault for one in watched for fault in one.faults)
    unsure = whole.state == "well" and any(one.state == "unknown" for one in watched)
    return Condition("unknown") if unsure else whole


def _is_of(one: RunningModel, release: Release) -> bool:
    wanted = release.wanted(one.name)
    return wanted is not None and (wanted.startswith(one.sha256) or one.sha256.startswith(wanted))


def _numbers(version: str) -> tuple[int, ...]:
    """Of `0.1.0`; what follows the numbers does not count."""
    found = []
    for part in version.split("+")[0].split("."):
        if not part.isdigit():
            break
        found.append(int(part))
    return tuple(found)
