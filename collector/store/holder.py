"""Who holds a data folder: one program at a time, told by a lock that ends with its process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from collector.store.database import StoreError

FILE_NAME = "in-use"


class Holder:
    """Holds a folder until `release`, or until the process has ended in whatever way."""

    def __init__(self, folder: Path) -> None:
        """Raises StoreError when another program holds it."""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(folder / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"{folder}: cannot be written to ({error.strerror})") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise StoreError(
                f"{folder}: a collector uses it already; stop that one first"
            ) from None

    def release(self) -> None:
        """Let it go; a second time does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
