"""Files that are there whole or not at all, and never readable by more than they should be."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Write a secret that only its owner may read (0600)."""
    _write(path, content, 0o600)


def write_for_group(path: Path, content: bytes) -> None:
    """Write a secret that its owner and the folder's group may read (0640)."""
    _write(path, content, 0o640)


def write_public(path: Path, content: bytes) -> None:
    """Write a file that others may read (0644)."""
    _write(path, content, 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        # Whatever the umask of a service says.
        os.fchmod(descriptor, mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
