"""What another process writes while it is read: whole lines only, whatever of the next is there."""

from __future__ import annotations

from pathlib import Path


def whole_lines(file: Path, skip: int = 0) -> list[str]:
    """Lines that are written to their end, those in the first `skip` bytes aside; none without it.

    A byte that is no UTF-8 is replaced: a program may say what it likes.
    """
    if not file.exists():
        return []
    written, end, _ = file.read_bytes()[skip:].rpartition(b"\n")
    return (written + end).decode(errors="replace").splitlines()
