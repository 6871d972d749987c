"""Opening an outbox: whole, new, damaged, or an older copy of itself."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from zlib import crc32

import structlog

from edge_agent.uplink.epoch import Current, Start, decide
from edge_agent.uplink.mark import Mark, Reading
from edge_agent.uplink.ranges import Range, size, without
from edge_agent.uplink.rows import Loss, Writer
from edge_agent.uplink.salvage import Salvage, salvage
from edge_agent.uplink.store import (
    DATABASE,
    SALVAGING,
    OutboxError,
    Store,
    keep_aside,
    set_aside,
)
from wire import faultpoint
from wire.clock import Clock
from wire.event import EpochStart, LossReason
from wire.names import utc_text

STAMP = "%Y%m%dT%H%M%SZ"

log = structlog.get_logger()


def open_store(
    folder: Path, reserve_bytes: int, mark: Mark, writer: Writer, boot_id: str, clock: Clock
) -> Store:
    """The outbox's database, its epoch decided on and begun where needed. Raises OutboxError.

    May be cut off anywhere: the next call goes on where this one ended.
    """
    reading = mark.read()
    store, saved = _database(folder, reserve_bytes, writer)
    if _of_another_board(store, writer):
        # Its messages are signed by a name that has no rights any more: nobody would take them. The
        # mark knows which they are, so that the new epoch names them as lost.
        store.close()
        set_aside(folder)
        keep_aside(folder, clock.now().strftime(STAMP), "former-board")
        log.warning("outbox.board", device=writer.signer.kid)
        store = Store(folder / DATABASE, reserve_bytes)
    with store.write() as run:
        run.execute(
            "INSERT OR IGNORE INTO outbox (only, device) VALUES (1, ?)", (writer.signer.kid,)
        )
        current, known = _epochs(run)
        if saved is not None and current is None:
            start = decide(reading, saved.current, known, damaged=True)
        else:
            start = decide(reading, current, known, damaged=False)
        if start is not None:
            _begin(run, writer, start, saved, reading, boot_id, clock)
        epoch, last, contiguous = run.execute(
            "SELECT id, last_seq, contiguous FROM epoch ORDER BY ordinal DESC LIMIT 1"
        ).fetchone()
        faultpoint.reach("outbox.open.written")
    faultpoint.reach("outbox.open.committed")
    mark.write(epoch, last, contiguous)
    mark.sync()
    store.reserve_journal()
    if (folder / SALVAGING).exists():
        keep_aside(folder, clock.now().strftime(STAMP))
    if start is not None:
        log.warning("outbox.epoch", epoch=epoch, previous=start.previous, reason=start.reason)
    return store


def _database(folder: Path, reserve_bytes: int, writer: Writer) -> tuple[Store, Salvage | None]:
    aside = folder / SALVAGING
    if aside.exists() and not (aside / DATABASE).exists():
        set_aside(folder)
    if aside.exists():
        return Store(folder / DATABASE, reserve_bytes), salvage(aside, writer.signer)
    try:
        return Store(folder / DATABASE, reserve_bytes), None
    except OutboxError as error:
        if error.code != "disk.corrupt":
            raise
    set_aside(folder)
    faultpoint.reach("outbox.open.aside")
    return Store(folder / DATABASE, reserve_bytes), salvage(aside, writer.signer)


def _of_another_board(store: Store, writer: Writer) -> bool:
    """Whether the disk came from a board of another name."""
    with store.read() as run:
        row = run.execute("SELECT device FROM outbox").fetchone()
    return row is not None and row[0] != writer.signer.kid


def _epochs(run: sqlite3.Connection) -> tuple[Current | None, set[str]]:
    rows = run.execute("SELECT id, last_seq FROM epoch ORDER BY ordinal").fetchall()
    return (Current(*rows[-1]) if rows else None), {id for id, _ in rows}


def _begin(
    run: sqlite3.Connection,
    writer: Writer,
    start: Start,
    saved: Salvage | None,
    reading: Reading | None,
    boot_id: str,
    clock: Clock,
) -> None:
    (lived_s,) = run.execute("SELECT lived_s FROM outbox").fetchone()
    if saved is not None:
        _take_over(run, saved, lived_s)
    lost: list[Range] = []
    if start.previous is not None:
        _remember(run, start, reading, clock)
        saved_numbers = [(n, n) for n in saved.numbers(start.previous)] if saved else []
        lost = [part for whole in start.lost for part in without(whole, saved_numbers)]
    body = EpochStart(
        previous=start.previous,
        previous_last_seq=start.previous_last_seq,
        reason=start.reason,
        boot_id=boot_id,
    )
    writer.begin_epoch(run, body, lived_s)
    broken = saved.broken if saved is not None else []
    if (lost or broken) and start.previous is not None:
        reason: LossReason = "corrupt" if start.reason == "corrupt" else "epoch-lost"
        loss = Loss(
            start.previous,
            lost,
            reason,
            by_severity={"unknown": size(lost)} if lost else {},
            stills=[*broken, *_orphans(run, start.previous, lost)],
        )
        writer.name_loss(run, loss, lived_s)


def _orphans(run: sqlite3.Connection, epoch: str, lost: list[Range]) -> list[str]:
    """Take out stills that outlived their message; nobody will ever ask for them."""
    return [
        sha256
        for first, last in lost
        for (sha256,) in run.execute(
            "DELETE FROM still WHERE epoch = ? AND seq BETWEEN ? AND ? RETURNING sha256",
            (epoch, first, last),
        ).fetchall()
    ]


def _take_over(run: sqlite3.Connection, saved: Salvage, lived_s: float) -> None:
    run.executemany(
        "INSERT OR IGNORE INTO epoch"
        " (id, reason, began_at, last_seq, contiguous, ordinal, gone_because)"
        " VALUES (?, ?, ?, ?, ?, ?, 'corrupt')",
        [(*row, ordinal) for ordinal, row in enumerate(saved.epochs, start=1)],
    )
    # Their own row may be what was damaged; the tokens prove that they were.
    for epoch, seq, put_at in saved.spans():
        run.execute(
            "INSERT OR IGNORE INTO epoch (id, ordinal, began_at, last_seq, gone_because)"
            " SELECT ?, COALESCE(MAX(ordinal), 0) + 1, ?, ?, 'corrupt' FROM epoch",
            (epoch, put_at, seq),
        )
    run.executemany(
        "INSERT OR IGNORE INTO message (epoch, seq, id, kind, urgency, finding_id, still_sha256,"
        " put_at, token, born_s, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(*row, lived_s, crc32(row[-1])) for row in saved.messages],  # type: ignore[arg-type]  # a token that verified
    )
    run.executemany(
        "INSERT OR IGNORE INTO still (sha256, urgency, jpeg, epoch, seq, born_s)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [(*row, lived_s) for row in saved.stills],
    )


def _remember(run: sqlite3.Connection, start: Start, reading: Reading | None, clock: Clock) -> None:
    """Know the previous epoch, so that requests for its numbers are answered truly."""
    contiguous = reading.contiguous if reading and reading.epoch == start.previous else 0
    because = "corrupt" if start.reason == "corrupt" else "epoch-lost"
    run.execute(
        "INSERT INTO epoch (id, ordinal, began_at, last_seq, contiguous, gone_because)"
        " SELECT ?, COALESCE(MAX(ordinal), 0) + 1, ?, ?, ?, ? FROM epoch WHERE true"
        " ON CONFLICT (id) DO UPDATE SET"
        " last_seq = MAX(last_seq, excluded.last_seq), gone_because = excluded.gone_because",
        (
            start.previous,
            utc_text(clock.now()),
            start.previous_last_seq or 0,
            contiguous,
            because,
        ),
    )
