"""A made-up machine: sysfs and procfs as the kernel writes them, below a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provisioning.flash.disks import Machine

GIB = 1024**3


@dataclass
class FakeMachine:
    """Grows disk by disk."""

    root: Path

    def __post_init__(self) -> None:
        for folder in ("sys/class/block", "proc/self", "dev/mapper"):
            (self.root / folder).mkdir(parents=True)
        (self.root / "proc/self/mountinfo").write_text("")
        (self.root / "proc/swaps").write_text("Filename Type Size Used Priority\n")
        self._minor = 0

    @property
    def machine(self) -> Machine:
        return Machine(self.root)

    def disk(
        self,
        name: str,
        *,
        size: int = 32 * GIB,
        bus: str = "pci/usb1",
        removable: bool = True,
        model: str = "STORAGE DEVICE",
        read_only: bool = False,
        parts: int = 0,
        kind: str = "",
    ) -> Path:
        where = self.root / "sys/devices" / bus / "block" / name
        self._block(where, size)
        device = where / "device"
        device.mkdir()
        (device / "model").write_text(f"{model}\n")
        (device / "serial").write_text("S123\n")
        if kind:
            (device / "type").write_text(f"{kind}\n")
        (where / "removable").write_text(f"{int(removable)}\n")
        (where / "ro").write_text(f"{int(read_only)}\n")
        for number in range(1, parts + 1):
            between = "p" if name[-1].isdigit() else ""
            part = where / f"{name}{between}{number}"
            self._block(part, size // parts)
            (part / "partition").write_text(f"{number}\n")
        return self.root / "dev" / name

    def mapped(self, name: str, label: str, on: str) -> Path:
        """A device-mapper volume on a disk or partition."""
        where = self.root / "sys/devices/virtual/block" / name
        self._block(where, GIB)
        (where / "dm").mkdir()
        (where / "dm/name").write_text(f"{label}\n")
        (self.root / "sys/class/block" / on / "holders" / name).mkdir()
        link = self.root / "dev/mapper" / label
        link.symlink_to(f"../{name}")
        return link

    def mount(self, source: str, folder: str, *, number: str | None = None) -> None:
        """`source` is a kernel name or /dev/mapper/…; `number` where it is not the device's."""
        known = self.root / "sys/class/block" / source / "dev"
        number = number or known.read_text().strip()
        path = source if source.startswith("/dev/") else f"/dev/{source}"
        table = self.root / "proc/self/mountinfo"
        line = f"36 35 {number} / {folder} rw,noatime shared:1 - ext4 {path} rw\n"
        table.write_text(table.read_text() + line)

    def swap(self, name: str) -> None:
        table = self.root / "proc/swaps"
        table.write_text(table.read_text() + f"/dev/{name} partition 1 0 -2\n")

    def _block(self, where: Path, size: int) -> None:
        (where / "holders").mkdir(parents=True)
        (where / "size").write_text(f"{size // 512}\n")
        self._minor += 1
        (where / "dev").write_text(f"8:{self._minor}\n")
        (self.root / "sys/class/block" / where.name).symlink_to(where)
        (self.root / "dev" / where.name).touch()
