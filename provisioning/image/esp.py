"""The EFI system partition of a box: GRUB, and nothing that changes with a kernel.

GRUB finds the root by its UUID and starts the kernel that Debian's own links /vmlinuz and
/initrd.img name, so that a kernel update needs nothing here.
"""

from __future__ import annotations

import uuid
from pathlib import Path

from provisioning.image.ext4 import Ext4
from provisioning.image.tools import run
from provisioning.problems import ProvisionError

SIZE = 64 * 1024 * 1024
_NAMES = {"amd64": ("x86_64-efi", "x64", "X64"), "arm64": ("arm64-efi", "aa64", "AA64")}
_CONSOLE = {"amd64": "console=tty0 console=ttyS0,115200", "arm64": "console=tty0 console=ttyAMA0"}
GRUB_CFG = """set timeout=1
search --no-floppy --fs-uuid --set=root {root}
menuentry "Polewatch" {{
  linux /vmlinuz root=UUID={root} ro {console} panic=10
  initrd /initrd.img
}}
menuentry "Polewatch, the kernel before" {{
  linux /vmlinuz.old root=UUID={root} ro {console} panic=10
  initrd /initrd.img.old
}}
"""


def make_esp(file: Path, root: Ext4, machine: str, name: uuid.UUID, scratch: Path) -> None:
    """A FAT file system in `file`; raises ProvisionError when the root has no kernel or no GRUB."""
    links = root.kinds(["/vmlinuz", "/initrd.img"])
    if len(links) != 2:
        raise ProvisionError("image.base", "linux-image-… (no /vmlinuz and /initrd.img)")
    with file.open("wb") as empty:
        empty.truncate(SIZE)
    serial = name.hex[:8]
    epoch = {"SOURCE_DATE_EPOCH": str(root.epoch), "MTOOLSRC": "/dev/null"}
    image = ["-i", str(file)]
    run(["mformat", *image, "-v", "ESP", "-N", serial, "-F", "::"], environment=epoch)
    run(["mmd", *image, "::/EFI", "::/EFI/BOOT", "::/EFI/debian"], environment=epoch)
    config = GRUB_CFG.format(root=root.room().uuid, console=_CONSOLE[machine])
    files = {**_loaders(root, machine), "debian/grub.cfg": config.encode()}
    for place, content in files.items():
        copy = scratch / "esp"
        copy.write_bytes(content)
        run(["mcopy", *image, str(copy), f"::/EFI/{place}"], environment=epoch)


def _loaders(root: Ext4, machine: str) -> dict[str, bytes]:
    folder, short, big = _NAMES[machine]
    shim = root.read(f"/usr/lib/shim/shim{short}.efi.signed")
    signed = root.read(f"/usr/lib/grub/{folder}-signed/grub{short}.efi.signed")
    if shim and signed:  # secure boot
        return {f"BOOT/BOOT{big}.EFI": shim, f"BOOT/grub{short}.efi": signed}
    plain = signed or root.read(f"/usr/lib/grub/{folder}/monolithic/grub{short}.efi")
    if plain is None:
        raise ProvisionError("image.base", f"grub-efi-{machine}-bin, or -signed with shim-signed")
    return {f"BOOT/BOOT{big}.EFI": plain}
