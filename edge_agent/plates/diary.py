"""The pole's own diary of plates: every passage for 30 days, here and nowhere else.

Callers never wait: rows are written on a thread of its own behind a bounded queue.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from sqlite_utils import Database, Migrations

from edge_agent.plates.crop import crop_jpeg
from edge_agent.plates.diary_times import Moment, seconds_to_us, set_right, to_us
from edge_agent.plates.pattern import others_of, places_of
from edge_agent.scene import Passage
from edge_agent.statements import statements
from wire.names import new_id
from wire.plate_text import normalise

DAYS: Final = 30
"""The law's default (DOMAIN §4); a shorter time may be set, a longer one not."""

WAITING: Final = 256
"""Rows that may wait for the disk, about 2 MB."""

SCHEMA: Final = Path(__file__).with_name("diary_schema.sql")
_BATCH: Final = 64

log = structlog.get_logger()
migrations = Migrations("diary")


@migrations()
def m001_first(db: Database) -> None:
    """The schema as it stands in diary_schema.sql; later steps alter it, and the file with it."""
    for statement in statements(SCHEMA.read_text(encoding="utf-8")):
        db.execute(statement)


@migrations()
def m002_times_that_nothing_kept(db: Database) -> None:
    """Passages noted before this step stand with the time that the box had."""
    if "run" not in db.table("passage").columns_dict:
        db.execute("ALTER TABLE passage ADD COLUMN mono_us INTEGER")
        db.execute("ALTER TABLE passage ADD COLUMN run TEXT")
        db.execute("CREATE INDEX passage_doubted ON passage (run) WHERE run IS NOT NULL")


@migrations()
def m003_search(db: Database) -> None:
    """Searches read texts by one index; what stands is found without its other candidates."""
    if "others" not in db.table("passage").columns_dict:
        db.execute("ALTER TABLE passage ADD COLUMN others TEXT NOT NULL DEFAULT ''")
        db.execute("DROP INDEX passage_by_tail")
        db.execute("DROP INDEX passage_by_text")
        db.execute("ALTER TABLE passage DROP COLUMN tail")
        db.execute("CREATE INDEX passage_by_text ON passage (text, at_us, others)")


@migrations()
def m004_vehicles(db: Database) -> None:
    """Of passages that stand nobody knows what the vehicle was."""
    if "vehicle" not in db.table("passage").columns_dict:
        for name in ("vehicle", "paint"):
            db.execute(f"ALTER TABLE passage ADD COLUMN {name} TEXT NOT NULL DEFAULT 'unknown'")


@dataclass(frozen=True, slots=True)
class _Row:
    camera: str
    at: Moment
    doubted: bool
    """Nothing kept the wall clock then."""
    passage: Passage


class Diary:
    """`start` once, `close` once. What goes wrong is counted, never raised to the pipeline."""

    def __init__(
        self,
        path: Path,
        now: Callable[[], datetime | None],
        monotonic: Callable[[], float],
        *,
        days: float = DAYS,
        megabytes: int = 1_000,
    ) -> None:
        """Open or make the file at `path`; `now` is None while the box does not know the time,
        `monotonic` its seconds on a clock that never steps.

        Raises sqlite3.Error when it cannot be opened; a damaged file is set aside first.
        """
        self._path = path
        self._now = now
        self._monotonic = monotonic
        self._opened_s = monotonic()
        self._run_id = new_id()
        self._doubts = True
        """There may be passages whose time is to be set right."""
        self._keep = timedelta(days=days)
        self._most_bytes = megabytes * 1_000_000
        self._lock = threading.Lock()
        self._db = self._open()
        self._queue: queue.Queue[_Row | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._run, name="diary", daemon=True)
        self.dropped = 0
        """Passages that the disk could not take in time, or at all."""
        self.revision = 0
        """Grows when times of passages that stood were set right."""
        self.given_up = 0
        """Passages deleted before their time because the diary was full."""

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what waits, within `timeout_s`."""
        if self._thread.is_alive():
            try:
                self._queue.put(None, timeout=timeout_s)
                self._thread.join(timeout_s)
            except queue.Full:
                log.error("diary.abandoned", rows=self._queue.qsize())
        with self._lock:
            self._db.close()

    def add(self, camera: str, at: Moment, passage: Passage) -> None:
        """Note a passage; `at` is when its best look was. Never blocks."""
        try:
            self._queue.put_nowait(_Row(camera, at, self._now() is None, passage))
        except queue.Full:
            self.dropped += 1

    def end_expired(self) -> int:
        """Delete for good what is older than it may be; how many passages. Now and then."""
        now = self._now()
        if now is None:
            return 0
        try:
            with self._lock:
                self._set_right(now)
                gone = self._execute("DELETE FROM passage WHERE at_us < ?", to_us(now - self._keep))
                over = self._bytes() - self._most_bytes
                if over > 0:
                    gone += self._make_room(over)
                if gone:
                    self._db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                return gone
        except sqlite3.Error as error:
            log.error("diary.expire", error=str(error))
            return 0

    def count(self) -> int:
        """Passages that are kept."""
        with self._lock:
            return int(self._db.conn.execute("SELECT count(*) FROM passage").fetchone()[0])

    def _run(self) -> None:
        while (row := self._queue.get()) is not None:
            rows = [row]
            last = False
            while len(rows) < _BATCH and not last:
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
                last = following is None
                rows += [] if following is None else [following]
            self._write(rows)
            if last:
                return

    def _write(self, rows: list[_Row]) -> None:
        try:
            values = [_values(row, self._run_id) for row in rows]
            with self._lock, self._db.conn:
                self._db.table("passage").insert_all(values)
                self._doubts = self._doubts or any(row.doubted for row in rows)
        except (sqlite3.Error, ValueError) as error:
            self.dropped += len(rows)
            log.error("diary.write", error=type(error).__name__, rows=len(rows))

    def _set_right(self, now: datetime) -> None:
        if not self._doubts:
            return
        with self._db.conn:
            run, own = self._db.conn, self._run_id
            count = set_right(run, own, now, self._monotonic(), self._opened_s, self._keep)
        self._doubts = False
        if count:
            self.revision += 1
            log.info("diary.set-right", passages=count)

    def _execute(self, sql: str, *values: object) -> int:
        with self._db.conn:
            return self._db.conn.execute(sql, values).rowcount

    def _bytes(self) -> int:
        run = self._db.conn.execute
        pages = run("PRAGMA page_count").fetchone()[0] - run("PRAGMA freelist_count").fetchone()[0]
        return int(pages * run("PRAGMA page_size").fetchone()[0])

    def _make_room(self, over: int) -> int:
        """Delete the oldest until a twentieth is free again."""
        (rows,) = self._db.conn.execute("SELECT count(*) FROM passage").fetchone()
        share = min(1.0, (over + self._most_bytes / 20) / max(1, self._bytes()))
        oldest = "DELETE FROM passage WHERE id IN (SELECT id FROM passage ORDER BY at_us LIMIT ?)"
        gone = self._execute(oldest, max(1, round(rows * share)))
        self.given_up += gone
        log.warning("diary.full", given_up=gone)
        return gone

    def _open(self) -> Database:
        previous = os.umask(0o077)
        try:
            try:
                return _database(self._path)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                aside = self._path.with_suffix(".damaged")
                self._path.replace(aside)
                for suffix in ("-wal", "-shm"):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
                log.error("diary.damaged", kept=str(aside))
                return _database(self._path)
        finally:
            os.umask(previous)


def _database(path: Path) -> Database:
    connection = sqlite3.connect(path, check_same_thread=False, timeout=10)
    try:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}").fetchone()
        db = Database(connection, recursive_triggers=False, execute_plugins=False)
        migrations.apply(db)
    except sqlite3.Error:
        connection.close()
        raise
    return db


def _values(row: _Row, run_id: str) -> dict[str, object]:
    passage = row.passage
    text = normalise(passage.read.text)
    crop = crop_jpeg(passage.crop)
    places = places_of(passage.read)
    return {
        "at_us": to_us(row.at.wall),
        "mono_us": seconds_to_us(row.at.monotonic_s) if row.doubted else None,
        "run": run_id if row.doubted else None,
        "camera": row.camera,
        "text": text,
        "type": passage.read.type,
        "colour": passage.read.colour,
        "confidence": round(min(1.0, max(0.0, passage.read.confidence)), 5),
        "looks": passage.looks,
        "direction": passage.direction,
        "vehicle": passage.vehicle,
        "paint": passage.paint,
        "speed": passage.speed,
        "candidates": json.dumps(places, ensure_ascii=False),
        "others": others_of([candidates for _, candidates in places]),
        "crop": crop,
        "crop_sha256": hashlib.sha256(crop).hexdigest(),
        "listed": int(bool(passage.hits)),
    }
