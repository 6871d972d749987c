"""A file of zeros kept beside the outbox: on a full disk its room lets rows be deleted."""

from __future__ import annotations

import os
from pathlib import Path


class Ballast:
    """SQLite writes to its journal before it can free anything; this is the room for that."""

    def __init__(self, file: Path, size: int) -> None:
        self._file = file
        self._size = size

    def hold(self) -> bool:
        """Take the room if it is not taken; false when the disk has none."""
        try:
            if self._file.exists() and self._file.stat().st_size == self._size:
                return True
            fd = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(fd, 0, self._size)
            finally:
                os.close(fd)
        except OSError:
            self.drop()
            return False
        return True

    def drop(self) -> None:
        """Give the room back to the disk."""
        try:
            self._file.unlink(missing_ok=True)
        except OSError:
            return
