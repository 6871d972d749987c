"""How an asset is, from what boxes and cameras tell of themselves. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, get_args

from collector.store.estate import Asset
from collector.store.rows import CameraRow, DeviceRow

Fault = Literal[
    "offline",
    "no_picture",
    "tampered",
    "dirty_lens",
    "degraded",
    "disk",
    "wrong_time",
    "certificate",
    "outdated",
]
"""The worst first."""
FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)
State = Literal["well", "ill", "bad", "unknown", "unwatched", "retired"]
STATES: Final[tuple[State, ...]] = get_args(State)
BAD: Final = frozenset({"offline", "no_picture", "tampered"})
"""With these an asset does not do its work; with the others it does, worse."""
SOON: Final = timedelta(days=30)
"""A certificate that ends within that is to be renewed."""
_DISK: Final = ("disk.", "ring.unreadable", "ring.short")
"""Codes of wire.codes that a box tells of its disk begin so."""

Place = tuple[str, str]


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
    version: str
    """Of the centre; models come with the program."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One asset's state; `faults` the worst first, `code` of wire.codes where the pole told one."""

    state: State
    faults: tuple[Fault, ...] = ()
    code: str | None = None


def condition(asset: Asset, world: World) -> Condition:
    """How one asset is."""
    if asset.retired is not None and asset.retired <= world.today.isoformat():
        return Condition("retired")
    if asset.kind not in ("camera", "box", "disk") or asset.device is None:
        return Condition("unwatched")
    device = world.devices.get(asset.device)
    if device is None or device.heard_at is None:
        return Condition("unknown")
    if asset.kind == "camera":
        return _camera(asset, device, world)
    if asset.kind == "disk":
        if not device.online:
            return Condition("unknown", code="device.offline")
        return _told([one for one in _of_device(device, world) if one == "disk"], _code_of(device))
    return _told(_of_device(device, world), _code_of(device))


def to_be_mended(assets: Iterable[Asset], world: World) -> dict[tuple[str, str], str | None]:
    """Which asset each fault is mended at, with the pole's code.

    A box's faults are its own, not its cameras'; a disk's those of a registered disk. Where the box
    itself is not registered, the first of its cameras stands for it.
    """
    of_device: defaultdict[str, list[Asset]] = defaultdict(list)
    found: dict[tuple[str, str], str | None] = {}
    for one in sorted(assets, key=lambda one: one.tag):
        told = condition(one, world)
        if one.device is None or told.state in ("retired", "unwatched", "unknown"):
            continue
        of_device[one.device].append(one)
        if one.kind == "camera":
            mine: list[Fault] = [fault for fault in told.faults if fault != "offline"]
            found |= {(one.asset_id, fault): told.code for fault in mine}
    for device, there in of_device.items():
        row = world.devices[device]
        boxes = [one for one in there if one.kind == "box"] or there
        disks = [one for one in there if one.kind == "disk"] or boxes
        for fault in _of_device(row, world):
            at = disks if fault == "disk" else boxes
            found[at[0].asset_id, fault] = _code_of(row)
    return found


def can_tell(asset: Asset | None, fault: str, world: World) -> bool:
    """Whether a fault that is not there now is gone, or only not told of."""
    if asset is None or asset.device is None or condition(asset, world).state == "retired":
        return True
    device = world.devices.get(asset.device)
    if device is None or fault == "offline":
        return device is not None
    if not device.online:
        return False
    row = world.cameras.get((asset.device, asset.camera or ""))
    return asset.kind != "camera" or (row is not None and row.state != "unknown")


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
    return _told(faults, row.code)


def _of_device(device: DeviceRow, world: World) -> list[Fault]:
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
    if device.version is not None and _numbers(device.version) < _numbers(world.version):
        found.append("outdated")
    return found


def _code_of(device: DeviceRow) -> str | None:
    if not device.online:
        return "device.offline"
    return next(iter(device.health.faults), None) if device.health else None


def _told(faults: Iterable[Fault], code: str | None) -> Condition:
    ordered = tuple(sorted(faults, key=FAULTS.index))
    state: State = "bad" if BAD & set(ordered) else "ill" if ordered else "well"
    return Condition(state, ordered, code if ordered else None)


def _numbers(version: str) -> tuple[int, ...]:
    """Of `0.1.0`; what follows the numbers does not count."""
    found = []
    for part in version.split("+")[0].split("."):
        if not part.isdigit():
            break
        found.append(int(part))
    return tuple(found)
