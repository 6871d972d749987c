"""NoCloud: what cloud-init does at the first boot. Pure: texts from values.

Source: cloud-init's reference of the NoCloud data source and of its modules.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from provisioning.problems import ProvisionError
from provisioning.site.model import Site

FOLDER = "/var/lib/cloud/seed/nocloud"
CONFIG = "/etc/cloud/cloud.cfg.d/zz-polewatch.cfg"
TECHNICIAN = "tech"
_KEY = re.compile(
    r"(ssh-(ed25519|rsa)|ecdsa-sha2-nistp\d+|sk-ssh-ed25519@openssh\.com) [A-Za-z0-9+/=]{40,}( .*)?"
)


def public_keys(path: Path) -> tuple[str, ...]:
    """The technicians' keys of a file like authorized_keys; raises ProvisionError.

    A private key is told as such, because an image must never hold one.
    """
    text = _text(path)
    if "PRIVATE KEY" in text:
        raise ProvisionError("image.contents", f"{path} is a private key; name the .pub beside it")
    lines = [line.strip() for line in text.splitlines()]
    keys = tuple(line for line in lines if line and not line.startswith("#"))
    for key in keys:
        if not _KEY.fullmatch(key):
            raise ProvisionError("image.contents", f"{path}: {key[:40]!r} is no public ssh key")
    if not keys:
        raise ProvisionError("image.contents", f"{path} holds no public ssh key")
    return keys


def network_of(path: Path) -> str:
    """A network configuration of version 2 (netplan's), as it stands in the file."""
    text = _text(path)
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ProvisionError("image.contents", f"{path}: {str(error)[:200]}") from error
    inner = read.get("network", read) if isinstance(read, dict) else None
    if not isinstance(inner, dict) or inner.get("version") != 2:
        detail = f"{path} is no network configuration of version 2, as netplan reads it"
        raise ProvisionError("image.contents", detail)
    return yaml.safe_dump(inner, sort_keys=False)


def seed(site: Site, keys: Sequence[str], network: str | None) -> dict[str, str]:
    """The files of FOLDER by name, and CONFIG by its path."""
    user: dict[str, Any] = {
        "hostname": site.pole,
        "manage_etc_hosts": True,
        "timezone": site.time_zone,
        "ssh_pwauth": False,
        "disable_root": True,
        "ssh_deletekeys": True,
        "users": [],
        "growpart": {"mode": "auto", "devices": ["/"]},
        "resize_rootfs": True,
    }
    if keys:
        user["users"].append(
            {
                "name": TECHNICIAN,
                "gecos": "Polewatch technician",
                "shell": "/bin/bash",
                "lock_passwd": True,
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
                "ssh_authorized_keys": list(keys),
            }
        )
        # Raspberry Pi OS brings the server and leaves it off.
        user["runcmd"] = [["systemctl", "enable", "--now", "ssh.service"]]
    name = hashlib.sha256(f"{site.city}/{site.pole}".encode()).hexdigest()[:16]
    files = {
        "meta-data": _yaml({"instance-id": f"polewatch-{name}", "local-hostname": site.pole}),
        "user-data": "#cloud-config\n" + _yaml(user),
        # Only this folder: else a stick with the label CIDATA could give the box orders.
        CONFIG: _yaml(
            {
                "datasource_list": ["NoCloud"],
                "datasource": {"NoCloud": {"seedfrom": f"file://{FOLDER}/", "fs_label": None}},
            }
        ),
    }
    if network is not None:
        files["network-config"] = network
    return files


def _yaml(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is no text"
        raise ProvisionError("image.contents", f"{path}: {reason}") from error
