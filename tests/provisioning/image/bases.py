"""Small base images that are like Debian's in what counts, and wheels like the agent's."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from provisioning.image.contents import Wanted
from provisioning.site.model import Centre, Position, Site, SiteCamera

NEEDED = ("systemd", "cloud-init", "openssh-server", "libstdc++6")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFakeFakeFakeFakeFakeFakeFakeFakeFake kim"
SITE = Site(
    city="gyeyang",
    pole="gy-0001",
    position=Position(latitude=37.5372, longitude=126.7377),
    collector=Centre(host="broker.gyeyang.example"),
    cameras=(SiteCamera(id="street", url="rtsp://10.0.0.10/main"),),
)
CLAIM = "abcdefghijklmnopqrstuvwxyz"
CA = "-----BEGIN CERTIFICATE-----\nof the city\n-----END CERTIFICATE-----\n"
WANTED = Wanted(SITE, "https://desk.gyeyang.example:8444", CLAIM, CA, (KEY,))


def status(
    machine: str = "amd64", python: str = "3.11.2-1+b1", packages: Sequence[str] = NEEDED
) -> str:
    """dpkg's list of what is installed, and one package that was removed."""
    blocks = [
        _package("libc6", machine, "2.36-9+deb12u14"),
        _package("python3", machine, python),
        *(_package(name, machine, "1.0-1") for name in packages),
        _package("nginx", machine, "1.22-1").replace("ok installed", "ok config-files"),
    ]
    return "\n".join(blocks)


def members(listed: str) -> dict[str, bytes | str]:
    """Path → content, or → where a link leads (a text)."""
    return {
        "etc/os-release": b'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
        "etc/passwd": b"root:x:0:0:root:/root:/bin/bash\nmessagebus:x:980:980::/:/bin/false\n",
        "etc/group": b"root:x:0:\nshadow:x:42:\n",
        "etc/shadow": b"root:*:19000:0:99999:7:::\n",
        "etc/gshadow": b"root:*::\nshadow:*::\n",
        "etc/hostname": b"localhost\n",
        "etc/machine-id": b"0123456789abcdef0123456789abcdef\n",
        "etc/fstab": b"# UNCONFIGURED FSTAB FOR BASE SYSTEM\n",
        "etc/ssh/ssh_host_ed25519_key": b"the same on every box\n",
        "etc/ssh/sshd_config": b"UsePAM yes\n",
        "usr/bin/python3.11": b"\x7fELF",
        "usr/lib/grub/x86_64-efi/monolithic/grubx64.efi": b"MZ a boot loader",
        "boot/vmlinuz-6.1": b"a kernel",
        "boot/initrd.img-6.1": b"its first root",
        "vmlinuz": "boot/vmlinuz-6.1",
        "initrd.img": "boot/initrd.img-6.1",
        "var/lib/dpkg/status": listed.encode(),
        "var/lib/systemd/random-seed": b"the same on every box\n",
    }


def tarball(found: dict[str, bytes | str], path: Path) -> Path:
    """The members as a root, folders first, as mmdebstrap writes them."""
    folders = sorted({str(parent) for name in found for parent in Path(name).parents} - {"."})
    with tarfile.open(path, "w") as archive:
        for folder in ("etc/systemd", *folders, "dev"):
            entry = tarfile.TarInfo(f"./{folder}/")
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, 1_690_000_000
            archive.addfile(entry)
        console = tarfile.TarInfo("./dev/console")
        console.type, console.devmajor, console.devminor = tarfile.CHRTYPE, 5, 1
        archive.addfile(console)
        for name, content in found.items():
            entry = tarfile.TarInfo(f"./{name}")
            entry.mode, entry.mtime = 0o644, 1_690_000_000
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                archive.addfile(entry)
            else:
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return path


def wheels(folder: Path, tag: str = "py3-none-any") -> Path:
    """A folder with a wheel of polewatch and one of another package; the pins to take it by."""
    folder.mkdir()
    _wheel(folder / "polewatch-1.0-py3-none-any.whl", "polewatch", "py3-none-any")
    other = _wheel(folder / f"tiny-2.0-{tag}.whl", "tiny", tag)
    digest = hashlib.sha256(other.read_bytes()).hexdigest()
    pins = folder / "pins.txt"
    pins.write_text(f"tiny==2.0 --hash=sha256:{digest}\n")
    return pins


def _package(name: str, machine: str, version: str) -> str:
    return (
        f"Package: {name}\nStatus: install ok installed\nArchitecture: {machine}\n"
        f"Version: {version}\nDescription: of a test\n"
    )


def _wheel(path: Path, name: str, tag: str) -> Path:
    version = path.name.split("-")[1]
    about = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f'NAME = "{name}"\n',
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in files.items():
            archive.writestr(zipfile.ZipInfo(inside, (2024, 1, 1, 0, 0, 0)), text)
        record = "".join(f"{inside},,\n" for inside in (*files, f"{about}/RECORD"))
        archive.writestr(zipfile.ZipInfo(f"{about}/RECORD", (2024, 1, 1, 0, 0, 0)), record)
    return path
