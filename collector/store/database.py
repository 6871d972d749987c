"""Opening the database: pragmas, schema version, migrations, and the one writing transaction."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import structlog

from collector.store import damage
from collector.store.moments import stamp

FILE_NAME = "collector.sqlite"
SCHEMA_VERSION = 21
BUSY_TIMEOUT_S = 10.0
PAGE_BYTES = 8192
"""Of a new file. A message with its row takes 2.1 KB: of SQLite's own 4 KB pages each has one to
itself, half of it empty, and the file is a third larger."""
_HERE = Path(__file__).parent

log = structlog.get_logger()


class StoreError(Exception):
    """A database that cannot be used; the message names the file and the remedy."""


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """A connection in autocommit mode with our pragmas; raises StoreError."""
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        # Before anything is written; a file that is there keeps its own.
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        # A receipt lets the pole forget, so what it names must survive a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # What is deleted is overwritten: the law wants it beyond recovery.
        connection.execute("PRAGMA secure_delete = ON")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error as error:
        raise StoreError(
            f"{path}: cannot be opened ({error}); check the folder's rights and free space, "
            f"or restore a backup"
        ) from error
    return connection


class Database:
    """The writing side. All writers of the process share it; one transaction at a time."""

    def __init__(self, folder: Path) -> None:
        """Open or create the database in `folder`; raises StoreError."""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreError(f"{folder}: cannot be made ({error.strerror})") from error
        self.path = folder / FILE_NAME
        self._lock = threading.RLock()
        self.forgotten = True
        """Whether all that was deleted is off the disk."""
        self._connection = connect(self.path, read_only=False)
        try:
            self._migrate()
        except sqlite3.Error as error:
            self._connection.close()
            if damage.is_damage(error):
                damage.mark(folder, error)
            raise StoreError(
                f"{self.path}: {error}; start again to have what can be read taken over into a new"
                f" file, or restore a backup"
            ) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; an exception inside rolls back."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException as error:
                if damage.is_damage(error):
                    damage.mark(self.path.parent, error)
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def bulk(self) -> Iterator[sqlite3.Connection]:
        """A transaction in which rows may refer to rows that are not there (yet)."""
        with self._lock:
            self._connection.execute("PRAGMA foreign_keys = OFF")
            try:
                with self.transaction() as run:
                    yield run
            finally:
                self._connection.execute("PRAGMA foreign_keys = ON")

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The writer's own connection for a look between transactions."""
        with self._lock:
            try:
                yield self._connection
            except sqlite3.DatabaseError as error:
                if damage.is_damage(error):
                    damage.mark(self.path.parent, error)
                raise

    def forget(self) -> None:
        """Write what was deleted through to the file, so that no log of changes still holds it.

        A look at the database that lasts may keep that from being done: `forgotten` is false then.
        """
        with self._lock:
            (busy, *_) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self.forgotten = not busy
        if busy:
            log.warning("store.still-there", file=str(self.path), again="at the next upkeep")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _migrate(self) -> None:
        held = self._held_version()
        if held > SCHEMA_VERSION:
            raise StoreError(
                f"{self.path}: written by a newer version (schema {held}, this program knows "
                f"{SCHEMA_VERSION}); install that version again"
            )
        for number in range(held + 1, SCHEMA_VERSION + 1):
            name = "schema.sql" if number == 1 else f"migration_{number}.sql"
            script = (_HERE / name).read_text(encoding="utf-8")
            at = stamp(datetime.now(UTC))
            # executescript would commit by itself; inside one BEGIN a step is whole or absent.
            self._connection.executescript(
                f"BEGIN IMMEDIATE;\n{script}\n"
                f"INSERT INTO version VALUES ({number}, '{at}');\nCOMMIT;"
            )

    def _held_version(self) -> int:
        found = self._connection.execute(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'version'"
        ).fetchone()
        if found is None:
            return 0
        row = self._connection.execute("SELECT max(number) FROM version").fetchone()
        return int(row[0] or 0)
