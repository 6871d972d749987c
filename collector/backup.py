"""A backup of a running centre as one file, and the way back from it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from collector import ledger
from collector.store.database import FILE_NAME, SCHEMA_VERSION, StoreError
from collector.store.holder import Holder

PAGES = 1000
"""Copied at once."""
KEPT_ASIDE = "before-restore-{:%Y%m%dT%H%M%S}"

Progress = Callable[[int, int], None]
"""Pages left, and all pages."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds."""

    file: str
    bytes: int
    schema: int
    events: int
    incidents: int
    ledger_entries: int
    ledger_head: str


def back_up(database: Path, target: Path, progress: Progress | None = None) -> Backup:
    """Copy `database` as it is at one moment, while others write; raises StoreError.

    `target` is there whole and checked, or not at all; an existing file is never replaced.
    """
    if target.exists():
        raise StoreError(f"{target}: is there already; a backup replaces nothing")
    part = target.with_name(target.name + ".part")
    try:
        with _opened(database) as source, _opened(part, create=True) as copy:
            # Held from here on: what others write meanwhile does not make the copy begin anew.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM version").fetchone()
            source.backup(
                copy,
                pages=PAGES,
                progress=None if progress is None else lambda _s, left, all_: progress(left, all_),
            )
            # One file, without a log of changes beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
        found = inspect(part)
        descriptor = os.open(part, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        part.chmod(0o600)
        part.rename(target)
        folder = os.open(target.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{target}: no backup was made ({error})") from error
    finally:
        part.unlink(missing_ok=True)
    return Backup(str(target), target.stat().st_size, *found)


def inspect(file: Path) -> tuple[int, int, int, int, str]:
    """Schema, events, incidents, ledger entries and head; raises StoreError unless all is whole."""
    if not file.is_file():
        raise StoreError(f"{file}: there is no such backup")
    try:
        with _opened(file) as run:
            result = run.execute("PRAGMA integrity_check").fetchone()[0]
            if result != "ok":
                raise StoreError(f"{file}: is damaged ({result}); take an older backup")
            schema = int(run.execute("SELECT max(number) FROM version").fetchone()[0])
            if schema > SCHEMA_VERSION:
                raise StoreError(
                    f"{file}: written by a newer version (schema {schema}, this program knows"
                    f" {SCHEMA_VERSION}); install that version"
                )
            check = ledger.verify(run)
            if check.fault is not None:
                raise StoreError(f"{file}: its ledger does not hold: {check.fault}")
            events, incidents = (
                int(run.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
                for table in ("event", "incident")
            )
    except sqlite3.Error as error:
        raise StoreError(f"{file}: is no backup of a collector ({error})") from error
    return schema, events, incidents, check.entries, check.head


def restore(file: Path, folder: Path, now: datetime) -> Path | None:
    """Put a backup in place of the database in `folder`; on StoreError nothing has changed.

    The collector must not run. Returns the folder to which the old files were moved, if any.
    """
    inspect(file)
    holder = Holder(folder)
    try:
        part = folder / (FILE_NAME + ".restored")
        part.unlink(missing_ok=True)
        with _opened(file) as source, _opened(part, create=True) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        old = sorted(one for one in folder.glob(f"{FILE_NAME}*") if one != part)
        aside = None
        if old:
            aside = folder / KEPT_ASIDE.format(now)
            aside.mkdir(mode=0o700)
            for one in old:
                one.rename(aside / one.name)
        part.rename(folder / FILE_NAME)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{folder}: the backup could not be put in place ({error})") from error
    finally:
        holder.release()
    return aside


class _opened:  # noqa: N801 -- used as a function
    """A connection that is closed at the end; sqlite3's own context does not close."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        mode = "rwc" if create else "ro"
        self._connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=10
        )
        self._connection.row_factory = sqlite3.Row

    def __enter__(self) -> sqlite3.Connection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()
