"""What a base image gets to be a box of Polewatch: pure, a list of nodes from what was asked."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from provisioning.enrol.configuration import HOME as CONFIG_HOME
from provisioning.image import seed
from provisioning.image.facts import HOME, Facts
from provisioning.image.node import Node, owned
from provisioning.site.model import Site, site_text

UNITS = Path(__file__).with_name("units")
ENABLED = ("polewatch-enrol.service", "polewatch-agent.service")
SYSTEMD = "/etc/systemd/system"
USER = "polewatch-agent"
DATA = "/var/lib/polewatch"
SECRETS = ("/etc/ssh/ssh_host_", "/var/lib/systemd/random-seed", "/var/lib/dbus/machine-id")
"""Of a base image, what would be the same on every box that is made of it."""
_SYSTEM_IDS = range(980, 100, -1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One box: its pole, whom it asks to be enrolled, and who may log in."""

    site: Site
    desk: str
    claim: str
    authority: str
    """ca.pem of the city."""
    keys: tuple[str, ...] = ()
    network: str | None = None


@dataclass(frozen=True, slots=True)
class Accounts:
    """/etc/passwd, group, shadow and gshadow of the base."""

    passwd: str
    group: str
    shadow: str
    gshadow: str


def box_nodes(wanted: Wanted, owner: tuple[int, int]) -> list[Node]:
    """Configuration, claim, units and the seed of the first boot."""
    home = str(CONFIG_HOME)
    enrol = {"pole": wanted.site.pole, "desk": wanted.desk, "claim_file": f"{home}/claim"}
    mine = [
        Node(home, "folder", 0o755),
        Node(f"{home}/identity", "folder", 0o700),
        Node(f"{home}/identity/ca.pem", content=wanted.authority.encode()),
        Node(f"{home}/trust", "folder", 0o755),
        Node(f"{home}/cameras", "folder", 0o700),
        Node(f"{home}/site.yaml", content=site_text(wanted.site).encode()),
        Node(f"{home}/enrol.yaml", content=yaml.safe_dump(enrol, sort_keys=False).encode()),
        Node(f"{home}/claim", mode=0o600, content=f"{wanted.claim.strip()}\n".encode()),
        Node(DATA, "folder", 0o755),
    ]
    found = owned(mine, owner)
    for unit in sorted(UNITS.glob("*.service")):
        found.append(Node(f"{SYSTEMD}/{unit.name}", content=unit.read_bytes()))
    for name in ENABLED:
        link = f"{SYSTEMD}/multi-user.target.wants/{name}"
        found.append(Node(link, "link", 0o777, target=f"{SYSTEMD}/{name}"))
    for name, text in seed.seed(wanted.site, wanted.keys, wanted.network).items():
        path = name if name.startswith("/") else f"{seed.FOLDER}/{name}"
        # Its own host name and keys are no secrets, but nobody else's business.
        found.append(
            Node(path, mode=0o600 if name == "user-data" else 0o644, content=text.encode())
        )
    found.append(Node("/etc/hostname", content=f"{wanted.site.pole}\n".encode()))
    # Empty: each box makes its own at its first boot.
    found.append(Node("/etc/machine-id", mode=0o444))
    return found


def program_nodes(facts: Facts, unpacked: Path) -> list[Node]:
    """The program under HOME as a virtual environment of the box's own Python."""
    python = f"python{facts.python}"
    packages = f"{HOME}/lib/{python}/site-packages"
    version = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {facts.python}\n"
    script = (
        f"#!{HOME}/bin/{python}\nimport sys\n\nfrom polewatch.cli import main\n\nsys.exit(main())\n"
    )
    found = [
        Node(f"{HOME}/pyvenv.cfg", content=version.encode()),
        Node(f"{HOME}/bin/{python}", "link", 0o777, target=f"/usr/bin/{python}"),
        Node(f"{HOME}/bin/python3", "link", 0o777, target=python),
        Node(f"{HOME}/bin/python", "link", 0o777, target=python),
        Node(f"{HOME}/bin/polewatch", mode=0o755, content=script.encode()),
    ]
    for folder, _, files in os.walk(unpacked):
        inside = Path(folder).relative_to(unpacked).as_posix()
        place = packages if inside == "." else f"{packages}/{inside}"
        found.append(Node(place, "folder", 0o755))
        for name in sorted(files):
            source = Path(folder, name)
            mode = 0o755 if source.stat().st_mode & 0o100 else 0o644
            found.append(Node(f"{place}/{name}", mode=mode, content=source))
    return found


def with_user(accounts: Accounts) -> tuple[Accounts, tuple[int, int]]:
    """The accounts with the agent's user, and its user and group numbers; there already, kept."""
    known = re.search(rf"^{USER}:[^:]*:(\d+):(\d+):", accounts.passwd, re.M)
    if known:
        return accounts, (int(known[1]), int(known[2]))
    taken = {
        int(number) for number in re.findall(r"^[^:\n]+:[^:\n]*:(\d+):", accounts.passwd, re.M)
    }
    taken |= {
        int(number) for number in re.findall(r"^[^:\n]+:[^:\n]*:(\d+):", accounts.group, re.M)
    }
    free = next(number for number in _SYSTEM_IDS if number not in taken)
    added = Accounts(
        accounts.passwd + f"{USER}:x:{free}:{free}:Polewatch agent:{DATA}:/usr/sbin/nologin\n",
        accounts.group + f"{USER}:x:{free}:\n",
        # Locked; no day of the last change, so that the same inputs give the same bytes.
        accounts.shadow + f"{USER}:!*:::::::\n",
        accounts.gshadow + f"{USER}:!*::\n",
    )
    return added, (free, free)


def account_nodes(accounts: Accounts, shadow_group: int) -> list[Node]:
    """The four files anew."""
    secret = (0, shadow_group)
    return [
        Node("/etc/passwd", content=accounts.passwd.encode()),
        Node("/etc/group", content=accounts.group.encode()),
        Node("/etc/shadow", mode=0o640, owner=secret, content=accounts.shadow.encode()),
        Node("/etc/gshadow", mode=0o640, owner=secret, content=accounts.gshadow.encode()),
    ]


def fstab(there: bytes | None, root: str) -> list[Node]:
    """/etc/fstab for a root that a tarball brought, when that mounts none itself."""
    text = (there or b"").decode(errors="replace")
    if any(line.split()[1:2] == ["/"] for line in text.splitlines() if not line.startswith("#")):
        return []
    line = f"UUID={root} / ext4 defaults,noatime,errors=remount-ro 0 1\n"
    return [Node("/etc/fstab", content=line.encode())]


def shadow_group(group: str) -> int:
    """The number of Debian's group shadow."""
    found = re.search(r"^shadow:[^:]*:(\d+):", group, re.M)
    return int(found[1]) if found else 0


def total(nodes: Sequence[Node]) -> int:
    """Bytes that the nodes take on a disk of 4 KiB blocks, and something for each."""
    size = 0
    for node in nodes:
        content = node.content
        length = content.stat().st_size if isinstance(content, Path) else len(content)
        size += -(-length // 4096) * 4096 + 512
    return size
