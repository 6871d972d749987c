"""Deleting what is due. Each function within the caller's transaction, in bounded portions."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.numbers import Numbers
from collector.store.moments import moment, stamp

_HELD = (
    "EXISTS (SELECT 1 FROM case_hold h WHERE h.device = e.device AND h.camera = e.camera"
    " AND h.state IN ('asked', 'placed') AND e.at BETWEEN h.start_at AND h.end_at)"
)
"""What a case holds on a pole is evidence here too, until it is released."""


@dataclass(frozen=True, slots=True)
class Events:
    """How many were deleted, and the incidents whose sentence named plates of theirs."""

    count: int
    plates_of: tuple[str, ...]


def events(run: sqlite3.Connection, before: datetime, at_most: int) -> Events:
    """Messages that came before then and no case holds; their numbers stay settled."""
    due = run.execute(
        f"SELECT e.id, e.device, e.epoch, e.seq, e.forked FROM event e"
        f" WHERE e.received_at < ? AND NOT {_HELD} ORDER BY e.received_at LIMIT ?",
        (stamp(before), at_most),
    ).fetchall()
    ids = [(row["id"],) for row in due]
    named = "SELECT x.incident_id FROM incident_event x JOIN incident i USING (incident_id)"
    plates = dict.fromkeys(
        row[0]
        for one in ids
        for row in run.execute(f"{named} WHERE x.event_id = ? AND i.type = 'plate'", one)
    )
    run.executemany("DELETE FROM incident_event WHERE event_id = ?", ids)
    run.executemany("DELETE FROM event WHERE id = ?", ids)
    by_epoch: dict[tuple[str, str], list[int]] = {}
    for row in due:
        if not row["forked"]:
            by_epoch.setdefault((row["device"], row["epoch"]), []).append(row["seq"])
    for (device, epoch), seqs in by_epoch.items():
        _settle(run, device, epoch, seqs)
    return Events(len(due), tuple(plates))


def is_erased(run: sqlite3.Connection, device: str, epoch: str, seq: int) -> bool:
    """Whether that number's message was here and was deleted in its time."""
    row = run.execute(
        "SELECT 1 FROM covered WHERE device = ? AND epoch = ? AND why = 'erased'"
        " AND first <= ? AND last >= ?",
        (device, epoch, seq, seq),
    ).fetchone()
    return row is not None


def least_delay(run: sqlite3.Connection, within: timedelta) -> timedelta | None:
    """The least difference of a pole's clock to ours when the last messages came; None without any.

    Those that came at most `within` before the newest count.
    """
    newest = run.execute("SELECT max(received_at) FROM event").fetchone()[0]
    if newest is None:
        return None
    rows = run.execute(
        "SELECT at, received_at FROM event WHERE received_at >= ?",
        (stamp(moment(newest) - within),),
    )
    return min((moment(row[1]) - moment(row[0]) for row in rows), default=None, key=abs)


def stills(run: sqlite3.Connection, before: datetime, at_most: int) -> int:
    """Pictures that came before then and that no held event names."""
    return run.execute(
        "DELETE FROM still WHERE sha256 IN (SELECT s.sha256 FROM still s WHERE s.named = 1"
        " AND s.received_at < ? AND NOT EXISTS (SELECT 1 FROM event e WHERE e.still = s.sha256"
        f" AND {_HELD}) ORDER BY s.received_at LIMIT ?)",
        (stamp(before), at_most),
    ).rowcount


def refused(run: sqlite3.Connection, before: datetime, at_most: int) -> int:
    """Messages of the quarantine: nobody knows what stands in them."""
    return run.execute(
        "DELETE FROM quarantine WHERE number IN"
        " (SELECT number FROM quarantine WHERE at < ? ORDER BY number LIMIT ?)",
        (stamp(before), at_most),
    ).rowcount


def incidents(run: sqlite3.Connection, before: datetime, at_most: int) -> int:
    """Incidents of which nothing is left but their row, with all that refers to them."""
    ids = run.execute(
        "SELECT incident_id FROM incident i WHERE updated_at < ? AND NOT EXISTS"
        " (SELECT 1 FROM incident_event x WHERE x.incident_id = i.incident_id)"
        " ORDER BY updated_at LIMIT ?",
        (stamp(before), at_most),
    ).fetchall()
    run.executemany(
        "DELETE FROM delivery_message WHERE delivery_id IN"
        " (SELECT delivery_id FROM delivery WHERE incident_id = ?)",
        [(row[0],) for row in ids],
    )
    for table in (
        "confirmed_plate",
        "incident_step",
        "incident_finding",
        "incident_clock",
        "escalation",
        "delivery",
        "incident",
    ):
        run.executemany(f"DELETE FROM {table} WHERE incident_id = ?", [(row[0],) for row in ids])
    return len(ids)


def case_persons(run: sqlite3.Connection, before: datetime, now: datetime) -> int:
    """What is personal of cases that ended before then: who, where, and in whose words."""
    return run.execute(
        "UPDATE service_case SET personal = NULL, lat = NULL, lon = NULL, cameras = '[]',"
        " note = NULL, erased_at = ? WHERE closed_at < ? AND erased_at IS NULL",
        (stamp(now), stamp(before)),
    ).rowcount


def confirmed_plates(run: sqlite3.Connection, before: datetime) -> int:
    """Plates that were confirmed as those of incidents which ended before then."""
    return run.execute(
        "DELETE FROM confirmed_plate WHERE incident_id IN (SELECT incident_id FROM incident"
        " WHERE state IN ('closed', 'rejected') AND updated_at < ?)",
        (stamp(before),),
    ).rowcount


def alert_documents(run: sqlite3.Connection, before: datetime, at_most: int) -> int:
    """What disaster rooms sent before then, as it came; that it came stays with its alert."""
    refused_ = run.execute(
        "DELETE FROM disaster_message WHERE number IN (SELECT number FROM disaster_message"
        " WHERE act = 'refuse' AND received_at < ? ORDER BY number LIMIT ?)",
        (stamp(before), at_most),
    ).rowcount
    emptied = run.execute(
        "UPDATE disaster_message SET document = x'' WHERE number IN (SELECT number FROM"
        " disaster_message WHERE received_at < ? AND length(document) > 0 LIMIT ?)",
        (stamp(before), at_most - refused_),
    ).rowcount
    return refused_ + emptied


def alerts(run: sqlite3.Connection, before: datetime, at_most: int) -> int:
    """Alerts that were over before then, with all that refers to them."""
    ids = run.execute(
        "SELECT disaster_id FROM disaster WHERE state <> 'active' AND updated_at < ?"
        " ORDER BY updated_at LIMIT ?",
        (stamp(before), at_most),
    ).fetchall()
    for table in ("disaster_reference", "disaster_message", "disaster"):
        run.executemany(f"DELETE FROM {table} WHERE disaster_id = ?", [(row[0],) for row in ids])
    return len(ids)


def _settle(run: sqlite3.Connection, device: str, epoch: str, seqs: list[int]) -> None:
    numbers = Numbers()
    for first, last in run.execute(
        "SELECT first, last FROM covered WHERE device = ? AND epoch = ? AND why = 'erased'",
        (device, epoch),
    ):
        numbers.add(first, last)
    for seq in seqs:
        numbers.add(seq)
    run.execute(
        "DELETE FROM covered WHERE device = ? AND epoch = ? AND why = 'erased'", (device, epoch)
    )
    run.executemany(
        "INSERT INTO covered VALUES (?, ?, ?, ?, 'erased', '')",
        [(device, epoch, first, last) for first, last in numbers.ranges],
    )
