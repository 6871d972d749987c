"""What a base image is, read from its own package list, and what it lacks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioning.image.ext4 import Ext4
from provisioning.problems import ProvisionError

MACHINES = ("amd64", "arm64")
NEEDED = ("systemd", "cloud-init", "python3", "openssh-server", "libstdc++6")
"""Debian packages without which a box does not come up or cannot be reached."""
LEAST_PYTHON = (3, 11)
STATUS = "/var/lib/dpkg/status"
HOME = "/opt/polewatch"


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one base image."""

    name: str
    """For people, such as Debian GNU/Linux 12 (bookworm)."""
    machine: str
    python: str
    """Such as 3.11."""
    libc: int
    """The minor version of glibc 2."""


def facts_of(root: Ext4) -> Facts:
    """Raises ProvisionError when no box can be made of it."""
    status = root.read(STATUS)
    if status is None:
        raise ProvisionError("image.base", f"{STATUS} is missing; it is no Debian")
    release = (root.read("/etc/os-release") or root.read("/usr/lib/os-release") or b"").decode(
        errors="replace"
    )
    named = re.search(r'^PRETTY_NAME="?([^"\n]+)', release, re.M)
    found = judge(status.decode(errors="replace"), named[1] if named else "Debian")
    if HOME in root.kinds([HOME]):
        raise ProvisionError("image.base", f"{HOME} is there already; use the untouched image")
    return found


def judge(status: str, name: str) -> Facts:
    """From the text of dpkg's status; raises ProvisionError."""
    installed: dict[str, tuple[str, str]] = {}
    for block in status.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Status|Architecture|Version): (.*)$", block, re.M))
        if fields.get("Status", "").endswith(" installed"):
            installed[fields.get("Package", "")] = (
                fields.get("Architecture", ""),
                fields.get("Version", ""),
            )
    if "libc6" not in installed:
        raise ProvisionError("image.base", f"{name}: no libc6 is installed")
    machine, libc = installed["libc6"]
    if machine not in MACHINES:
        raise ProvisionError("image.architecture", f"{name} for {machine or 'nothing known'}")
    missing = [package for package in NEEDED if package not in installed]
    if missing:
        raise ProvisionError("image.base", f"{name}: {', '.join(missing)}")
    python = re.match(r"(3\.(\d+))", installed["python3"][1])
    if python is None or int(python[2]) < LEAST_PYTHON[1]:
        detail = f"{name}: Python {installed['python3'][1]}, 3.11 is the least"
        raise ProvisionError("image.base", detail)
    minor = re.match(r"2\.(\d+)", libc)
    return Facts(name, machine, python[1], int(minor[1]) if minor else 17)
