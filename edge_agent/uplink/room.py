"""How much room the disk has left, and what SQLite may do with it.

SQLite writes to its journal before it can free anything: on a disk without any room nothing could
be given up and no receipt could take anything away, so that it would stay full. The journal's room
is therefore reserved while there is some, and the database stops growing before the last of it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

NEARLY = 16
"""With less than so many times the reserve, the journal is emptied after each transaction, so that
the room which the database has grown by is truly taken before another program takes it."""

Room = Literal["plenty", "little", "none"]


def room(folder: Path, reserve_bytes: int) -> Room:
    """`none`: the database may not grow; `little`: it may, step by step."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return "none"
    free = disk.f_bavail * disk.f_frsize
    if free < reserve_bytes:
        return "none"
    return "little" if free < NEARLY * reserve_bytes else "plenty"


def reserve(file: Path, size: int) -> bool:
    """Take `size` bytes of disk for `file`, whose content stays; false when that cannot be had."""
    try:
        fd = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.posix_fallocate(fd, 0, size)
        finally:
            os.close(fd)
    except OSError:
        return False
    return True
