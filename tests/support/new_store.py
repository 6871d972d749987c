"""A collector's new database at a tenth of the price: the file that Database makes, copied."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from collector.store.database import FILE_NAME, Database


@functools.cache
def _made() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        Database(Path(folder)).close()
        return (Path(folder) / FILE_NAME).read_bytes()


def new_store(folder: Path) -> Database:
    """The database in `folder`, which is made where there is none."""
    if not (folder / FILE_NAME).exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / FILE_NAME).write_bytes(_made())
    return Database(folder)
