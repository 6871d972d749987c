"""Which devices may be written: pure, and refusing whenever in doubt."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from provisioning.flash.disks import Disk, Machine
from provisioning.problems import ProvisionError


def candidates(disks: Sequence[Disk]) -> tuple[Disk, ...]:
    """What may be offered to be chosen: removable, writable, free."""
    return tuple(d for d in disks if d.removable and not d.read_only and not d.uses)


def find(machine: Machine, wanted: Sequence[Path]) -> tuple[Disk, ...]:
    """The disks at the paths; raises ProvisionError for what is none, for parts and for doubles."""
    found: dict[Path, Disk] = {}
    for path in wanted:
        disk = machine.find(path)
        if disk is None:
            raise ProvisionError("card.not-a-disk", f"{path}: {_what(path)}")
        if isinstance(disk, str):
            raise ProvisionError("card.not-a-disk", f"{path} is a part of {disk}")
        if disk.path in found:
            raise ProvisionError("card.not-a-disk", f"{path} is named twice")
        found[disk.path] = disk
    return tuple(found.values())


def check(disks: Sequence[Disk], fixed: Collection[Path]) -> None:
    """Raise ProvisionError unless every disk may be written; `fixed` are the ones named twice."""
    meant = {path.resolve() for path in fixed}
    for disk in disks:
        if any(use.is_system for use in disk.uses):
            raise ProvisionError("card.system", f"{disk.path}: {_uses(disk)}")
        if disk.uses:
            raise ProvisionError("card.in-use", f"{disk.path}: {_uses(disk)}")
        if disk.read_only:
            raise ProvisionError("card.locked", f"{disk.path}")
        if not disk.removable and not disk.is_file and disk.path.resolve() not in meant:
            raise ProvisionError(
                "card.fixed", f"{disk.path} ({disk.model or '-'}, {gigabytes(disk)})"
            )


def check_size(disks: Sequence[Disk], needed: int) -> None:
    """Raise ProvisionError when `needed` bytes do not fit on one of them."""
    for disk in disks:
        if disk.size < needed:
            raise ProvisionError(
                "card.too-small", f"{disk.path}: {disk.size:,} bytes, the image has {needed:,}"
            )


def gigabytes(disk: Disk) -> str:
    """As it is printed on cards: powers of ten."""
    return f"{disk.size / 1e9:.1f} GB"


def _uses(disk: Disk) -> str:
    return "; ".join(str(use) for use in disk.uses)


def _what(path: Path) -> str:
    if not path.exists():
        return "there is no such device; a file must be made first, for example by truncate -s 8G"
    return "a folder" if path.is_dir() else "not a block device"
