"""How much memory another process of this box may take without harm to the agent."""

from __future__ import annotations

from pathlib import Path

PLENTY = 1 << 40


def free_bytes(root: Path = Path("/")) -> int:
    """The least of what the kernel has to give and of what the service's own bound leaves.

    Pages of files that the kernel can drop count as free, here as there. Plenty where nothing is
    told. Sources: proc_meminfo(5), and the kernel's cgroup-v2 (memory.high, memory.stat).
    """
    return min(_of_machine(root), _of_service(root))


def _of_machine(root: Path) -> int:
    for line in _text(root / "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return PLENTY


def _of_service(root: Path) -> int:
    """Above `memory.high` the kernel slows every thread of the service down."""
    own = next(
        (line[3:] for line in _text(root / "proc/self/cgroup").splitlines() if line[:3] == "0::"),
        None,
    )
    if own is None:
        return PLENTY
    folder = root / "sys/fs/cgroup" / own.lstrip("/")
    stat = dict(
        line.split(maxsplit=1) for line in _text(folder / "memory.stat").splitlines() if " " in line
    )
    bounds = [_text(folder / name).strip() for name in ("memory.high", "memory.max")]
    limits = [int(one) for one in bounds if one.isdigit()]
    if not limits or "anon" not in stat:
        return PLENTY
    return max(0, min(limits) - int(stat["anon"]))


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
