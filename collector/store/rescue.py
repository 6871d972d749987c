"""A damaged database: set aside as it is, and what can be read of it taken over into a new one."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from joserfc.util import urlsafe_b64decode

from collector.numbers import Numbers
from collector.store import camera_rules, damage, events, incidents, orders
from collector.store.database import FILE_NAME, Database
from collector.store.moments import moment
from wire.envelope import CloudEvent

KEPT_ASIDE = "damaged-{:%Y%m%dT%H%M%S}"
PROBED = 4096
"""Rows looked for one by one behind a damaged place, before it is taken for the end."""

_TOKEN = re.compile(rb"[\w-]+\.[\w-]+\.[\w-]{86}")
"""Header, payload, and the 64 bytes of an Ed25519 signature."""

MOST_ROWS_A_PAGE = 200
MAX_ROWID = 2**63 - 1

TABLES = (
    "device",
    "camera_state",
    "event",
    "covered",
    "still",
    "still_lost",
    "quarantine",
    "security_log",
    "counter",
    "incident",
    "incident_finding",
    "incident_event",
    "incident_step",
    "delivery",
    "ledger",
    "ledger_fields",
    "boot_clock",
    "incident_clock",
    "case_hold",
    "service_case",
    "ledger_seal",
    "delivery_message",
    "escalation",
    "disaster",
    "disaster_reference",
    "disaster_message",
    "permit_ending",
    "api_token",
    "device_order",
    "vehicle_list",
    "vehicle_entry",
    "device_list",
    "trace",
    "device_trace",
    "asset",
    "asset_photo",
    "asset_change",
    "camera_seen",
    "centre_watched",
    "asset_fault",
    "asset_state",
    "work_order",
    "work_step",
    "camera_rules",
    "board_message",
    "board_state",
    "board_log",
    "board_screen",
    "confirmed_plate",
)
"""Who is referred to before who refers. Progress is counted anew: what is lost must be missed."""


def set_aside(folder: Path, now: datetime) -> Path:
    """Move the database's files into a folder of their own beside it; returns that folder."""
    aside = folder / KEPT_ASIDE.format(now)
    while aside.exists():
        aside = aside.with_name(aside.name + "-again")
    aside.mkdir(mode=0o700)
    for file in folder.glob(f"{FILE_NAME}*"):
        file.rename(aside / file.name)
    (folder / damage.MARK).unlink(missing_ok=True)
    return aside


def take_over(aside: Path, database: Database, now: datetime) -> dict[str, int]:
    """Copy every row that can be read and that the schema accepts; rows taken, by table."""
    old = sqlite3.connect(aside / FILE_NAME, isolation_level=None)
    # Without it SQLite reads nothing of a file that is shorter than its first page says.
    old.execute("PRAGMA writable_schema = ON")
    taken = dict.fromkeys(TABLES, 0)
    try:
        with database.bulk() as run:
            for table in TABLES:
                for columns, row in _rows(old, run, table):
                    taken[table] += _insert(run, table, columns, row)
            _drop_unreadable(run)
            _drop_orphans(run)
            # What a list lost here, poles may still hold: each is led there anew, from nothing.
            run.execute("UPDATE device_list SET revision = 0")
            run.execute("UPDATE device_trace SET state = 'sent' WHERE state = 'holds'")
            _count_anew(old, run, now)
    finally:
        old.close()
    return taken


def unattached(run: sqlite3.Connection) -> list[tuple[str, bytes]]:
    """Device and token of findings whose incident is gone, in the order of their arrival."""
    rows = run.execute(
        "SELECT device, token FROM event WHERE kind = 'finding'"
        " AND id NOT IN (SELECT event_id FROM incident_event) ORDER BY received_at, rowid"
    )
    return [(device, bytes(token)) for device, token in rows]


def _rows(
    old: sqlite3.Connection, new: sqlite3.Connection, table: str
) -> Iterator[tuple[tuple[str, ...], tuple[object, ...]]]:
    """Column names and values of each row that can be read."""
    listed = [row[1] for row in new.execute(f"PRAGMA table_info({table})")]
    try:
        held = {row[1] for row in old.execute(f"PRAGMA table_info({table})")}
    except sqlite3.Error:
        held = set()
    columns = tuple(name for name in listed if name in held)
    if not columns:
        return
    without_rowid = (
        "WITHOUT ROWID"
        in new.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    )
    read = _either_end if without_rowid else _by_number
    for row in read(old, table, ", ".join(columns)):
        yield columns, row


def _by_number(old: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[object, ...]]:
    """A damaged page costs its own rows: behind it rows are looked for one by one."""
    at: int | None = 0
    while at is not None:
        try:
            for number, *row in old.execute(
                f"SELECT rowid, {columns} FROM {table} WHERE rowid > ? ORDER BY rowid", (at,)
            ):
                if number <= at:
                    # Pages that refer to each other in a circle.
                    break
                at = number
                yield tuple(row)
            else:
                return
        except sqlite3.Error:
            pass
        at, found = _next_after(old, table, columns, at)
        if found is not None:
            yield found


def _next_after(
    old: sqlite3.Connection, table: str, columns: str, at: int
) -> tuple[int | None, tuple[object, ...] | None]:
    for number in range(at + 1, min(at + PROBED, MAX_ROWID) + 1):
        try:
            found = old.execute(
                f"SELECT {columns} FROM {table} WHERE rowid = ?", (number,)
            ).fetchone()
        except sqlite3.Error:
            continue
        if found is not None:
            return number, found
    return None, None


def _either_end(old: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[object, ...]]:
    """Up to the first damaged place from the front, and from the back."""
    numbers = range(1, columns.count(",") + 2)
    for order in ("ASC", "DESC"):
        key = ", ".join(f"{number} {order}" for number in numbers)
        try:
            # Bounded: pages may refer to each other in a circle.
            yield from old.execute(
                f"SELECT {columns} FROM {table} ORDER BY {key} LIMIT"
                f" (SELECT page_count * {MOST_ROWS_A_PAGE} FROM pragma_page_count)"
            )
        except sqlite3.Error:
            continue
        return


def _insert(
    run: sqlite3.Connection, table: str, columns: tuple[str, ...], row: tuple[object, ...]
) -> int:
    if not _is_whole(table, dict(zip(columns, row, strict=True))):
        return 0
    marks = ", ".join("?" * len(columns))
    try:
        return run.execute(
            f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})", row
        ).rowcount
    except sqlite3.IntegrityError:
        # Bytes that came out of a damaged page and are no row of this table.
        return 0


def _is_whole(table: str, row: dict[str, object]) -> bool:
    """Whether it can be what was stored; what lies behind a file's end reads as zeros."""
    if any(isinstance(value, str) and "\0" in value for value in row.values()):
        return False
    match table, row:
        case "event", {"token": bytes(token)}:
            return _its_own(row, token)
        case "still" | "confirmed_plate", {"jpeg": bytes(jpeg)}:
            return sha256(jpeg).hexdigest() == row["sha256"]
        case "device_order", {"action": str(action)}:
            return orders.is_action(action)
        case "vehicle_list", {"expires_at": str(expires_at), "changed_at": str(changed_at)}:
            return _is_moment(expires_at) and _is_moment(changed_at)
        case "trace", {"began_at": str(began_at), "expires_at": str(expires_at)}:
            return _is_moment(began_at) and _is_moment(expires_at)
        case "camera_rules", _:
            return camera_rules.is_whole(row)
        case "device_list", {"at": str(at)}:
            return _is_moment(at)
    return True


def _is_moment(text: str) -> bool:
    try:
        moment(text)
    except ValueError:
        return False
    return True


def _its_own(row: dict[str, object], token: bytes) -> bool:
    """Whether the token is the message that the row is about."""
    if not _TOKEN.fullmatch(token):
        return False
    try:
        event = CloudEvent.model_validate_json(urlsafe_b64decode(token.split(b".")[1]))
    except ValueError:
        return False
    return (event.id, event.epoch, event.seq) == (row["id"], row["epoch"], row["seq"])


def _drop_unreadable(run: sqlite3.Connection) -> None:
    """Incidents that are none; what belongs to them follows as orphans."""
    for (incident_id,) in run.execute("SELECT incident_id FROM incident").fetchall():
        try:
            incidents.load(run, incident_id)
        except (ValueError, TypeError):
            run.execute("DELETE FROM incident WHERE incident_id = ?", (incident_id,))


def _drop_orphans(run: sqlite3.Connection) -> None:
    while orphans := run.execute("PRAGMA foreign_key_check").fetchall():
        for table, rowid, _parent, key in orphans:
            if rowid is not None:
                run.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))
                continue
            # A table without row numbers: by the reference that leads nowhere.
            reference = next(
                row for row in run.execute(f"PRAGMA foreign_key_list({table})") if row[0] == key
            )
            _id, _seq, parent, column, to, *_ = reference
            to = (
                to
                or run.execute(
                    "SELECT name FROM pragma_table_info(?) WHERE pk = 1", (parent,)
                ).fetchone()[0]
            )
            run.execute(f"DELETE FROM {table} WHERE {column} NOT IN (SELECT {to} FROM {parent})")


def _count_anew(old: sqlite3.Connection, run: sqlite3.Connection, now: datetime) -> None:
    found: dict[tuple[str, str], Numbers] = {}
    for device, epoch, first, last in run.execute(
        "SELECT device, epoch, seq, seq FROM event UNION ALL"
        " SELECT device, epoch, first, last FROM covered"
    ):
        found.setdefault((device, epoch), Numbers()).add(first, last)
    begun = {}
    for columns, row in _rows(old, run, "progress"):
        held = dict(zip(columns, row, strict=True))
        key = (str(held["device"]), str(held["epoch"]))
        begun[key] = str(held["begun_at"])
        if isinstance(highest := held["highest"], int):
            found.setdefault(key, Numbers()).expect(highest)
    # The newest epoch is the one that began last; where that is lost, UUIDv7 tell the order too.
    ordered = sorted(found.items(), key=lambda one: (begun.get(one[0], ""), one[0][1]))
    for at, ((device, epoch), numbers) in enumerate(ordered):
        events.save_numbers(run, device, epoch, numbers, now + timedelta(microseconds=at))
