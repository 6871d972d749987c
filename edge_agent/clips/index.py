"""The ring's index: which segment holds which time. Rebuilt from the files when it is lost."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from sqlite_utils import Database

from edge_agent.camera.nal import Codec
from edge_agent.clips.holds import Span

SCHEMA = Path(__file__).with_name("ring_schema.sql")
VERSION = 2
_RATE_SEGMENTS = 21_600
"""A day of segments: the rate of night and of day together."""
_RATE_LEAST_US = 60_000_000

LONGEST_US = 600_000_000
"""A segment is cut at the first keyframe after four seconds; no camera's GOP is longer."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the ring; the fields are the columns of `segment` in ring_schema.sql."""

    name: str
    run: str
    codec: Codec
    start_us: int
    end_us: int
    start_90k: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """What was evicted and not yet reported."""

    segments: int
    bytes: int
    from_us: int
    to_us: int


class SegmentIndex:
    """SQLite behind one lock; used by the ring's writer and by readers of clips."""

    def __init__(self, path: Path) -> None:
        self.made_new = not path.exists()
        """True when the segments must be added from the files."""
        self._lock = threading.Lock()
        try:
            self._db = _open(path)
        except sqlite3.DatabaseError as error:
            # Set aside rather than deleted: somebody may want to know what befell it.
            aside = path.with_suffix(".damaged")
            log.error("ring.index-damaged", path=str(path), kept_as=str(aside), error=str(error))
            path.replace(aside)
            for tail in ("-wal", "-shm"):
                path.with_name(path.name + tail).unlink(missing_ok=True)
            self._db, self.made_new = _open(path), True
        # Kept as a number: a month of segments is too many to add up with every new one.
        self._bytes = self._sum()

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def add(self, segments: Iterable[Segment]) -> None:
        """Add new segments, all or none; raises sqlite3.Error, as when the disk is full."""
        rows = [astuple(segment) for segment in segments]
        with self._lock:
            with self._db.conn:
                self._db.conn.executemany("INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            self._bytes += sum(row[-1] for row in rows)

    def trim(self, start_us: int) -> None:
        """A segment begins here: end before it what began before it.

        A picture was taken before a later one arrived. Where the first of a segment arrived late,
        all its times are late, and its end would lie behind the arrival of what follows.
        """
        with self._lock, self._db.conn:
            self._db.conn.execute(
                "UPDATE segment SET end_us = ?1"
                " WHERE start_us BETWEEN ?1 - ?2 AND ?1 - 1 AND end_us > ?1",
                [start_us, LONGEST_US],
            )

    def remove(self, segment: Segment) -> None:
        """Forget a deleted file and count it."""
        counts = {
            "segments_deleted": 1,
            "bytes_deleted": segment.bytes,
            "untold_segments": 1,
            "untold_bytes": segment.bytes,
        }
        with self._lock:
            with self._db.conn:
                self._db.conn.execute("DELETE FROM segment WHERE name = ?", [segment.name])
                self._db.conn.executemany(
                    "INSERT INTO tally VALUES (?, ?)"
                    " ON CONFLICT (what) DO UPDATE SET count = count + excluded.count",
                    counts.items(),
                )
                for what, pick, at in (
                    ("untold_from_us", "min", segment.start_us),
                    ("untold_to_us", "max", segment.end_us),
                ):
                    self._db.conn.execute(
                        "INSERT INTO tally VALUES (?, ?)"
                        f" ON CONFLICT (what) DO UPDATE SET count = {pick}(count, excluded.count)",
                        [what, at],
                    )
            self._bytes -= segment.bytes

    def untold(self) -> Deleted | None:
        """What was evicted since `told`."""
        tally = self.tally()
        if not tally.get("untold_segments"):
            return None
        return Deleted(
            tally["untold_segments"],
            tally["untold_bytes"],
            tally["untold_from_us"],
            tally["untold_to_us"],
        )

    def told(self, deleted: Deleted) -> None:
        """`deleted` was reported; what was evicted meanwhile is not forgotten."""
        with self._lock, self._db.conn:
            self._db.conn.executemany(
                "UPDATE tally SET count = count - ? WHERE what = ?",
                [(deleted.segments, "untold_segments"), (deleted.bytes, "untold_bytes")],
            )
            self._db.conn.execute(
                "DELETE FROM tally WHERE what IN ('untold_from_us', 'untold_to_us') AND NOT EXISTS"
                " (SELECT 1 FROM tally WHERE what = 'untold_segments' AND count > 0)"
            )

    def forget(self, names: Iterable[str]) -> None:
        """Drop rows whose files are gone."""
        with self._lock:
            with self._db.conn:
                self._db.conn.executemany(
                    "DELETE FROM segment WHERE name = ?", [(name,) for name in names]
                )
            self._bytes = self._sum()

    def overlapping(self, from_us: int, to_us: int) -> list[Segment]:
        """Segments that hold any of from_us..to_us, oldest first."""
        return self._segments(
            "start_us BETWEEN ? AND ? AND end_us > ?", [from_us - LONGEST_US, to_us, from_us]
        )

    def oldest(self, from_us: int, limit: int) -> list[Segment]:
        """The oldest segments that begin at `from_us` or later."""
        return self._segments("start_us >= ?", [from_us], limit)

    def bytes_in(self, spans: Iterable[Span]) -> int:
        """Bytes of the segments that reach into any of these spans, which do not touch."""
        total, counted_us = 0, 0
        for from_us, to_us in spans:
            earliest = max(from_us - LONGEST_US, counted_us)
            sql = (
                "SELECT coalesce(sum(bytes), 0) FROM segment"
                " WHERE start_us >= ? AND start_us < ? AND end_us > ?"
            )
            total += int(self._rows(sql, [earliest, to_us, from_us])[0][0])
            counted_us = to_us
        return total

    def bytes_per_s(self) -> float | None:
        """The rate of the last day's recording; None when less than a minute is there."""
        return _rate(self._rows(_RATE, [_RATE_SEGMENTS]))

    def names(self, day: str) -> set[str]:
        """Of one day's folder."""
        # What sorts between `day/` and `day0` begins with `day/`.
        sql = "SELECT name FROM segment WHERE name > ? AND name < ?"
        return {str(row[0]) for row in self._rows(sql, [f"{day}/", f"{day}0"])}

    def days(self) -> set[str]:
        """The folders that hold segments."""
        found: set[str] = set()
        after = ""
        # One step a day: the names of a month are too many to read for their folders alone.
        while rows := self._rows("SELECT min(name) FROM segment WHERE name >= ?", [after]):
            if rows[0][0] is None:
                break
            day = str(rows[0][0]).partition("/")[0]
            found.add(day)
            after = f"{day}0"
        return found

    @property
    def total_bytes(self) -> int:
        return self._bytes

    def span_us(self) -> tuple[int, int] | None:
        """Where the oldest begins and the newest ends; None when there is none."""
        # Not max(end_us): that would read every row, and health asks every few seconds.
        newest = "SELECT end_us FROM segment ORDER BY start_us DESC LIMIT 1"
        start, end = self._rows(f"SELECT min(start_us), ({newest}) FROM segment", [])[0]
        return None if start is None else (int(start), int(end))

    def tally(self) -> dict[str, int]:
        return dict(self._rows("SELECT what, count FROM tally", []))

    def _sum(self) -> int:
        row = self._db.execute("SELECT coalesce(sum(bytes), 0) FROM segment").fetchone()
        return int(row[0])

    def _segments(self, where: str, arguments: list[int], limit: int = -1) -> list[Segment]:
        rows = self._rows(
            "SELECT name, run, codec, start_us, end_us, start_90k, bytes FROM segment"
            f" WHERE {where} ORDER BY start_us LIMIT ?",
            [*arguments, limit],
        )
        return [Segment(*row) for row in rows]

    def _rows(self, sql: str, arguments: Sequence[int | str]) -> list[tuple[Any, ...]]:
        with self._lock:
            return list(self._db.execute(sql, arguments).fetchall())


_RATE = (
    "SELECT sum(bytes), sum(end_us - start_us) FROM"
    " (SELECT bytes, start_us, end_us FROM segment ORDER BY start_us DESC LIMIT ?)"
)


def recorded(path: Path) -> tuple[int, float | None]:
    """Bytes and rate that an index tells of, without opening it for writing.

    Nothing when there is none or it cannot be read: the agent that runs mends it, not we.
    """
    try:
        db = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=2)
        try:
            total = db.execute("SELECT coalesce(sum(bytes), 0) FROM segment").fetchone()[0]
            return int(total), _rate(db.execute(_RATE, [_RATE_SEGMENTS]).fetchall())
        finally:
            db.close()
    except sqlite3.Error:
        return 0, None


def _rate(rows: list[tuple[Any, ...]]) -> float | None:
    size, length_us = rows[0]
    if not length_us or length_us < _RATE_LEAST_US:
        return None
    return float(size) / (float(length_us) / 1e6)


def _open(path: Path) -> Database:
    db = Database(sqlite3.connect(path, check_same_thread=False, timeout=10))
    try:
        db.enable_wal()
        # All of it can be had from the files again: a commit need not wait for the disk.
        db.conn.execute("PRAGMA synchronous = NORMAL")
        db.conn.executescript(SCHEMA.read_text())
        if db.conn.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("quick_check failed")
        row = db.conn.execute("SELECT version FROM schema_version").fetchone()
        if row is None:
            with db.conn:
                db.conn.execute("INSERT INTO schema_version VALUES (?)", [VERSION])
        elif row[0] > VERSION:
            raise RuntimeError(f"{path} was written by a newer version; update the agent")
        elif row[0] < VERSION:
            with db.conn:
                # Holds have a file of their own since version 2.
                db.conn.execute("DROP TABLE IF EXISTS hold")
                db.conn.execute("UPDATE schema_version SET version = ?", [VERSION])
    except BaseException:
        db.close()
        raise
    return db
