"""The machine's disks and who uses them, read from sysfs and procfs.

Sources: the kernel's Documentation/ABI/stable/sysfs-block, proc(5) (mountinfo, swaps).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512
"""Unit of sysfs's `size`, whatever the disk's own sector is."""
SYSTEM_FOLDERS = ("/", "/boot", "/boot/efi", "/boot/firmware", "/usr", "/var", "/home", "/nix")
_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Use:
    """One reason why a disk is not free: what of it, and what it is."""

    part: str
    kind: str
    """`mount`, `swap` or `holder` (LVM, RAID, encryption)."""
    what: str

    @property
    def is_system(self) -> bool:
        """Whether the running system stands on it."""
        return self.kind == "swap" or (self.kind == "mount" and self.what in SYSTEM_FOLDERS)

    def __str__(self) -> str:
        return f"{self.part}: {self.kind} {self.what}"


@dataclass(frozen=True, slots=True)
class Disk:
    """A whole disk (or a regular file that stands for one)."""

    path: Path
    size: int
    """Bytes."""
    model: str = ""
    serial: str = ""
    number: str = ""
    """major:minor; empty for a file."""
    removable: bool = False
    read_only: bool = False
    parts: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class Machine:
    """Where sysfs, procfs and device nodes are; `/` but for tests."""

    root: Path = Path("/")

    @property
    def _blocks(self) -> Path:
        return self.root / "sys/class/block"

    def disks(self) -> tuple[Disk, ...]:
        """Every whole disk that has a size, by name."""
        names = sorted(entry.name for entry in self._blocks.iterdir()) if self._there else []
        found = (self._disk(name) for name in names if not self._is_part(name))
        return tuple(disk for disk in found if disk.size)

    def find(self, path: Path) -> Disk | str | None:
        """The disk at `path` (links are followed); the disk's name when it is a part of one.

        A regular file counts as a disk of its size; None for anything else.
        """
        real = path.resolve()
        if real.is_file() and not real.is_relative_to(self.root / "dev"):
            loops = (Use(real.name, "holder", loop) for loop in self._loops_on(real))
            return Disk(real, real.stat().st_size, is_file=True, uses=tuple(loops))
        name = real.name if real.parent == self.root / "dev" else ""
        if real.is_relative_to(self.root / "dev"):
            name = str(real.relative_to(self.root / "dev")).replace("/", "!")
        if name in ("", ".") or not (self._blocks / name).exists():
            return None
        return self._parent(name) if self._is_part(name) else self._disk(name)

    @property
    def _there(self) -> bool:
        return self._blocks.is_dir()

    def _is_part(self, name: str) -> bool:
        return (self._blocks / name / "partition").exists()

    def _parent(self, name: str) -> str:
        return str(self.root / "dev" / (self._blocks / name).resolve().parent.name)

    def _disk(self, name: str) -> Disk:
        entry = self._blocks / name
        where = str(entry.resolve())
        device = entry / "device"
        maker, model = _text(device / "vendor"), _text(device / "model") or _text(device / "name")
        parts = tuple(sorted(p.parent.name for p in entry.glob("*/partition")))
        return Disk(
            path=self.root / "dev" / name.replace("!", "/"),
            size=int(_text(entry / "size") or 0) * SECTOR,
            model=" ".join(filter(None, (maker, model))),
            serial=_text(device / "serial"),
            number=_text(entry / "dev"),
            removable=_text(entry / "removable") == "1"
            or "/usb" in where
            or _text(device / "type") == "SD",
            read_only=_text(entry / "ro") == "1",
            parts=parts,
            uses=tuple(self._uses(name, parts)),
        )

    def _uses(self, name: str, parts: tuple[str, ...]) -> Iterator[Use]:
        family = [*self._with_holders(name), *(n for p in parts for n in self._with_holders(p))]
        mounts, swaps = self._mounts(), self._swaps()
        for one in dict.fromkeys(family):
            if one != name and one not in parts:
                label = _text(self._blocks / one / "dm/name")
                yield Use(name, "holder", f"{one} ({label})" if label else one)
            number = _text(self._blocks / one / "dev")
            for mounted, source, folder in mounts:
                if mounted == number or source == one:
                    yield Use(one, "mount", folder)
            if one in swaps:
                yield Use(one, "swap", "on")

    def _with_holders(self, name: str) -> Iterator[str]:
        todo, seen = [name], {name}
        while todo:
            one = todo.pop()
            yield one
            above = self._blocks / one / "holders"
            inside = [p.parent.name for p in (self._blocks / one).glob("*/partition")]
            holders = [h.name for h in above.iterdir()] if above.is_dir() else []
            fresh = [n for n in (*holders, *(inside if one != name else ())) if n not in seen]
            seen.update(fresh)
            todo += fresh

    def _loops_on(self, file: Path) -> Iterator[str]:
        for backing in self._blocks.glob("loop*/loop/backing_file"):
            if _text(backing) == str(file):
                yield backing.parents[1].name

    def _mounts(self) -> list[tuple[str, str, str]]:
        """(major:minor, kernel name of the source, folder); btrfs has numbers of its own."""
        found = []
        for line in (self.root / "proc/self/mountinfo").read_text().splitlines():
            before, _, after = line.partition(" - ")
            fields, source = before.split(), after.split()[1]
            found.append((fields[2], self._kernel_name(source), _unescape(fields[4])))
        return found

    def _swaps(self) -> set[str]:
        lines = (self.root / "proc/swaps").read_text().splitlines()[1:]
        return {self._kernel_name(_unescape(line.split()[0])) for line in lines if line.strip()}

    def _kernel_name(self, source: str) -> str:
        if not source.startswith("/dev/"):
            return ""
        return (self.root / _unescape(source).lstrip("/")).resolve().name


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)), text)
