"""The outbox's SQLite file: opened, migrated, locked to one process, its errors classed."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog
from sqlite_utils import Database, Migrations

from edge_agent.statements import statements
from edge_agent.uplink.room import Room, reserve, room
from wire.codes import explain

DATABASE = "outbox.db"
SALVAGING = "salvaging"
ASIDE_KEPT = 3
SCHEMA = Path(__file__).with_name("outbox_schema.sql")
BUSY_TIMEOUT_MS = 5_000
WAL_PAGES = 250
MOST_PAGES = 1_073_741_823
"""SQLite's own bound: none."""

NO_ROOM_BYTES = 64 * 1024

log = structlog.get_logger()
migrations = Migrations("outbox")


@migrations()
def m001_first(db: Database) -> None:
    """The schema as it stands in outbox_schema.sql; later steps alter it, and the file with it."""
    for statement in statements(SCHEMA.read_text(encoding="utf-8")):
        db.execute(statement)


@migrations()
def m002_stills_know_their_message(db: Database) -> None:
    """Stills put before this step are kept until a receipt names them, or their age is over."""
    if "epoch" not in db.table("still").columns_dict:
        db.execute("ALTER TABLE still ADD COLUMN epoch TEXT")
        db.execute("ALTER TABLE still ADD COLUMN seq INTEGER")


@migrations()
def m003_tokens_have_a_checksum(db: Database) -> None:
    """Tokens put before this step are sent unchecked."""
    if "crc" not in db.table("message").columns_dict:
        db.execute("ALTER TABLE message ADD COLUMN crc INTEGER")


class OutboxError(Exception):
    """The outbox cannot do it now (`retryable`) or ever; `code` is one of wire.codes."""

    def __init__(self, code: str, detail: str, *, retryable: bool) -> None:
        super().__init__(f"{detail}: {explain(code)}")
        self.code = code
        self.detail = detail
        self.retryable = retryable


_FULL = {sqlite3.SQLITE_FULL}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNWRITABLE = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
}


def classify(error: sqlite3.Error | OSError, where: Path) -> OutboxError:
    """The fault behind an error of SQLite or of the file system."""
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        code = "disk.full" if full else "disk.read-only"
        return OutboxError(code, f"{where} ({error.strerror})", retryable=True)
    primary = getattr(error, "sqlite_errorcode", -1) & 0xFF
    detail = f"{where} ({error})"
    if primary in _FULL or (primary == sqlite3.SQLITE_IOERR and _no_room(where)):
        return OutboxError("disk.full", detail, retryable=True)
    if primary in _DAMAGED:
        return OutboxError("disk.corrupt", detail, retryable=True)
    if primary in _UNWRITABLE:
        return OutboxError("disk.read-only", detail, retryable=True)
    busy = primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return OutboxError("internal", detail, retryable=busy)


def _no_room(where: Path) -> bool:
    try:
        free = os.statvfs(where.parent)
    except OSError:
        return False
    return free.f_bavail * free.f_frsize < NO_ROOM_BYTES


class FolderLock:
    """Held while one process has the folder; another agent on it would number twice."""

    def __init__(self, folder: Path) -> None:
        """Raises OutboxError when another process holds it, or the folder cannot be written."""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise classify(error, folder) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            raise OutboxError(
                "internal", f"another agent has {folder} open; end it first", retryable=True
            ) from error

    def release(self) -> None:
        os.close(self._fd)


class Store:
    """One connection behind one lock; `write` is a transaction, `read` a consistent look."""

    def __init__(self, file: Path, reserve_bytes: int) -> None:
        """Open and migrate; raises OutboxError, `disk.corrupt` when the file is damaged."""
        self.file = file
        self._reserve_bytes = reserve_bytes
        self._room: Room = "plenty"
        self._lock = threading.RLock()
        # Tokens and stills carry personal data.
        previous = os.umask(0o077)
        try:
            self._connection = sqlite3.connect(
                file, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_MS / 1000
            )
        except sqlite3.Error as error:
            raise classify(error, file) from error
        finally:
            os.umask(previous)
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise classify(error, file) from error
        except OutboxError:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        run = self._connection.execute
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        run(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        run("PRAGMA foreign_keys = ON")
        run("PRAGMA temp_store = MEMORY")
        verdict = run("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise OutboxError("disk.corrupt", f"{self.file} ({verdict})", retryable=True)
        self.db = Database(self._connection, recursive_triggers=False, execute_plugins=False)
        migrations.apply(self.db)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, durable when the block has ended; raises OutboxError."""
        with self._lock:
            try:
                self._look_at_disk()
                with self.db.atomic():
                    yield self._connection
            except sqlite3.Error as error:
                raise classify(error, self.file) from error
            # What is committed is committed: upkeep that fails must not say otherwise.
            if self._room != "plenty":
                with suppress(sqlite3.Error):
                    self._connection.execute("PRAGMA wal_checkpoint").fetchone()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Nobody else writes meanwhile; raises OutboxError."""
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise classify(error, self.file) from error

    def reserve_journal(self) -> None:
        """Keep room for the journal; to be called once something was written."""
        journal = self.file.with_name(self.file.name + "-wal")
        if not reserve(journal, self._reserve_bytes):
            log.warning("outbox.no_reserve", bytes=self._reserve_bytes, file=str(journal))

    def _look_at_disk(self) -> None:
        found = room(self.file.parent, self._reserve_bytes)
        if found == self._room:
            return
        if "none" in (found, self._room):
            (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
            most = pages if found == "none" else MOST_PAGES
            self._connection.execute(f"PRAGMA max_page_count = {most}")
            log.warning("outbox.room", room=found, before=self._room)
        self._room = found

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def set_aside(folder: Path) -> Path:
    """Move a damaged database, side files first, into `salvaging`; goes on where it was cut off.

    Raises OutboxError.
    """
    aside = folder / SALVAGING
    try:
        aside.mkdir(mode=0o700, exist_ok=True)
        for suffix in ("-wal", "-shm", ""):
            file = folder / (DATABASE + suffix)
            if file.exists():
                file.rename(aside / file.name)
    except OSError as error:
        raise classify(error, folder) from error
    return aside


def keep_aside(folder: Path, stamp: str, what: str = "damaged") -> None:
    """Keep what was set aside under a name of its own, such as `damaged-…`; the oldest go."""
    kept = sorted(folder.glob(f"{what}-*"))
    for old in kept[: max(0, len(kept) + 1 - ASIDE_KEPT)]:
        shutil.rmtree(old, ignore_errors=True)
    place = folder / f"{what}-{stamp}"
    count = 1
    while place.exists():
        count += 1
        place = folder / f"{what}-{stamp}-{count}"
    (folder / SALVAGING).rename(place)
    if what == "damaged":
        log.error("outbox.damaged", kept=str(place), remedy=explain("disk.corrupt"))
