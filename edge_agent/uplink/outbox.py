"""What the pole has to say and nobody has confirmed: numbered, signed, on disk until its receipt.

From the commit in `put` on, an event is either delivered or named in a signed loss record.
"""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from edge_agent.uplink.answers import Outcome, take_gap, take_receipt
from edge_agent.uplink.epoch import StartReason
from edge_agent.uplink.giveup import Given, give_up_bytes, give_up_older
from edge_agent.uplink.mark import Mark
from edge_agent.uplink.opening import open_store
from edge_agent.uplink.order import HELD_BACK, Item, Order, Pace, sha256_of
from edge_agent.uplink.rows import URGENCY, Loss, Signer, Stored, Writer
from edge_agent.uplink.store import FolderLock, OutboxError, Store, set_aside
from wire import faultpoint
from wire.clock import Clock
from wire.event import EpochStart, Event, LossReason, Severity
from wire.health import OutboxHealth
from wire.names import WireModel
from wire.receipt import GapRequest, Receipt

ROOM_BYTES = 256 * 1024
"""Freed at once on a full disk, so that one loss record serves many messages."""

RECEIPT_STEP = 200
"""Rows deleted in one transaction: a few pages each, far below the journal's reserve."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait. Beyond it the least severe and oldest is given up, by name."""

    bytes: int = 256 * 1024 * 1024
    age_s: float = 30 * 86_400.0
    """Counted while the outbox is open; a box that is switched off does not age."""
    slack: float = 0.05
    """Share of `bytes` that is freed at once, so that one loss record serves many messages."""
    reserve_bytes: int = 4 * 1024 * 1024
    """Disk kept for the journal, and left free by the database: enough to delete from it."""


class Outbox:
    """Thread-safe; one connection behind one lock, one process at a time."""

    def __init__(
        self,
        folder: Path,
        signer: Signer,
        clock: Clock,
        limits: Limits,
        boot_id: str,
        rng: random.Random,
        pace: Pace,
    ) -> None:
        self._folder = folder
        self._signer = signer
        self._clock = clock
        self._limits = limits
        self._boot_id = boot_id
        self._rng = rng
        self._pace = pace
        self._lock = threading.RLock()
        self._writer = Writer(signer, clock)
        self._mark = Mark(folder.with_name(folder.name + ".mark"))
        self._receipts = 0
        self._listeners: list[Callable[[], None]] = []
        self._store: Store | None = None
        self._folder_lock: FolderLock | None = None
        try:
            self._begin()
        except OutboxError as error:
            if error.code not in ("disk.full", "disk.read-only"):
                self._let_go()
                raise
            log.error("outbox.closed", code=error.code, detail=error.detail)

    @classmethod
    def open(
        cls,
        folder: Path,
        signer: Signer,
        clock: Clock,
        limits: Limits | None = None,
        *,
        boot_id: str,
        rng: random.Random | None = None,
        pace: Pace | None = None,
    ) -> Outbox:
        """Open or create the outbox in `folder`; its mark lies beside it as `{folder}.mark`.

        A damaged database is set aside and what can be proven whole is taken over. On a full or
        read-only disk the outbox is there but every call fails, until the disk can be written.
        Raises OutboxError when another agent has the folder, or for what no code foresees.
        """
        return cls(
            folder,
            signer,
            clock,
            limits or Limits(),
            boot_id,
            rng or random.Random(),
            pace or Pace(),
        )

    def _begin(self) -> None:
        if self._folder_lock is None:
            self._folder_lock = FolderLock(self._folder)
        store = open_store(
            self._folder,
            self._limits.reserve_bytes,
            self._mark,
            self._writer,
            self._boot_id,
            self._clock,
        )
        with store.read() as run:
            (self._lived_before_s,) = run.execute("SELECT lived_s FROM outbox").fetchone()
            self._order = Order(run, self._rng, self._pace)
        self._opened_s = self._clock.monotonic()
        self._store = store

    # --- in ---------------------------------------------------------------------------------

    def put(
        self,
        kind: str,
        body: WireModel,
        *,
        severity: Severity,
        subject: str | None = None,
        still: bytes | None = None,
    ) -> Stored:
        """Number, sign and commit one message, with its still when it has one.

        When this returns, the message survives a power cut. `still` must hash to what an Event
        names. Raises OutboxError, retryable with `disk.full` or `disk.read-only`; ValueError when
        the message can never travel.
        """
        named = body.still.sha256 if isinstance(body, Event) and body.still else None
        if (None if still is None else sha256_of(still)) != named:
            raise ValueError("the still does not hash to what the event names")
        urgency = URGENCY[severity]
        try:
            stored = self._put(kind, body, urgency, subject, still)
        except OutboxError as error:
            if error.code != "disk.full":
                raise
            # Room that was left by rows which are gone may do, even when nothing is given up.
            self._make_room(urgency)
            stored = self._put(kind, body, urgency, subject, still)
        self._tell()
        return stored

    def _put(
        self, kind: str, body: WireModel, urgency: int, subject: str | None, still: bytes | None
    ) -> Stored:
        with self._write() as run:
            born_s = self._lived_s()
            stored = self._writer.append(
                run, kind, body, urgency=urgency, born_s=born_s, subject=subject
            )
            if still is not None:
                run.execute(
                    "INSERT INTO still (sha256, urgency, born_s, jpeg, epoch, seq)"
                    " VALUES (?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (sha256) DO UPDATE SET urgency = MIN(urgency, excluded.urgency)",
                    (sha256_of(still), urgency, born_s, still, stored.epoch, stored.seq),
                )
            (held,) = run.execute("SELECT bytes FROM outbox").fetchone()
            faultpoint.reach("outbox.put.written")
        faultpoint.reach("outbox.put.committed")
        if held > self._limits.bytes:
            self.enforce_limits()
        return stored

    def put_unstored(
        self, by_severity: dict[str, int], finding_ids: Sequence[str], reason: LossReason
    ) -> None:
        """Name findings that could not be committed in their time. Raises OutboxError."""
        with self._write() as run:
            loss = Loss(
                epoch=self._current(run)[0],
                ranges=(),
                reason=reason,
                by_severity=by_severity,
                finding_ids=finding_ids,
                unnumbered=sum(by_severity.values()),
            )
            self._writer.name_loss(run, loss, self._lived_s())
        self._tell()

    # --- out --------------------------------------------------------------------------------

    def claim(self, limit: int) -> list[Item]:
        """At most `limit` items that are due, the most important first; `sent` marks them.

        Bytes that are not those that were put never leave: the outbox is built anew without them,
        and they are named as lost.
        """
        with self._lock:
            items = self._due(limit)
            if not all(item.whole for item in items):
                self._rebuild()
                items = [item for item in self._due(limit) if item.whole]
            return items

    def sent(self, item: Item) -> None:
        """It was handed to the connection: due again only when no receipt comes in time."""
        with self._read() as run:
            self._order.sent(run, item, self._lived_s())

    def cut_off(self, item: Item) -> None:
        """The connection ended before the broker confirmed it: due again soon."""
        with self._read() as run:
            self._order.cut_off(run, item, self._lived_s())

    def repeat_soon(self, *, first_tries_only: bool) -> None:
        """What is on its way may be lost: due again when no receipt comes in a few seconds."""
        with self._read() as run:
            self._order.repeat_soon(run, self._lived_s(), first_tries_only=first_tries_only)

    def repeat_few(self, count: int) -> None:
        """Make `count` messages on their way due at once."""
        with self._read() as run:
            self._order.repeat_few(run, count, self._lived_s())

    def in_flight(self) -> int:
        """Items sent, without a receipt, and not yet due again."""
        with self._read() as run:
            return self._order.in_flight(run, self._lived_s())

    def _due(self, limit: int) -> list[Item]:
        with self._read() as run:
            return self._order.claim(run, limit, self._lived_s())

    def _rebuild(self) -> None:
        """Set aside a database that holds other bytes than were put; take over what is whole."""
        if self._store is not None:
            self._store.close()
            self._store = None
        set_aside(self._folder)
        self._begin()
        self._tell()

    # --- answers ----------------------------------------------------------------------------

    def apply_receipt(self, receipt: Receipt) -> Outcome:
        """Drop what the collector has committed, park what it refused. Idempotent.

        A receipt that knows numbers never given out here means that this outbox is an older copy
        of one that went on elsewhere: a new epoch begins at once. Raises OutboxError.
        """
        whole = Outcome()
        for part in _parts(receipt):
            whole.add(self._receipt(part))
        return whole

    def _receipt(self, receipt: Receipt) -> Outcome:
        with self._write() as run:
            outcome = take_receipt(run, receipt, self._clock)
            self._order.forget_gone(run)
            self._leave_fork(run, outcome)
            faultpoint.reach("outbox.receipt.written")
        faultpoint.reach("outbox.receipt.committed")
        self._receipts += outcome.received
        return outcome

    def apply_gap(self, gap: GapRequest) -> Outcome:
        """Make due what is asked for and not on its way; name what is gone. Raises OutboxError."""
        with self._write() as run:
            outcome = take_gap(run, self._order, gap, self._lived_s())
            self._leave_fork(run, outcome)
            for loss in outcome.losses:
                self._writer.name_loss(run, loss, self._lived_s())
            faultpoint.reach("outbox.gap.written")
        self._tell()
        return outcome

    def _leave_fork(self, run: sqlite3.Connection, outcome: Outcome) -> None:
        if outcome.forked is not None and outcome.forked == self._current(run)[0]:
            self._next_epoch(run, "folder-restored")

    def begin_epoch(self, reason: StartReason, *, forked: str | None = None) -> str:
        """Begin a new epoch and return it; what waits keeps its old numbers.

        With `forked`, only while that epoch is the current one. Raises OutboxError.
        """
        with self._write() as run:
            epoch, _ = self._current(run)
            if forked is None or forked == epoch:
                epoch = self._next_epoch(run, reason)
            faultpoint.reach("outbox.epoch.written")
        self._mark.sync()
        self._tell()
        return epoch

    def _next_epoch(self, run: sqlite3.Connection, reason: StartReason) -> str:
        previous, last = self._current(run)
        body = EpochStart(
            previous=previous, previous_last_seq=last, reason=reason, boot_id=self._boot_id
        )
        epoch = self._writer.begin_epoch(run, body, self._lived_s()).epoch
        log.warning("outbox.epoch", epoch=epoch, previous=previous, reason=reason)
        return epoch

    # --- bounds -----------------------------------------------------------------------------

    def enforce_limits(self) -> int:
        """Give up what is too old or too much, by name; returns the bytes freed.

        Call it every minute or so; `put` calls it when the size is exceeded. Raises OutboxError.
        """
        freed = 0
        line_s = self._lived_s() - self._limits.age_s
        too_old = partial(give_up_older, line_s=line_s)
        while line_s > 0 and (step := self._give_up("age", too_old)):
            freed += step
        while (over := self._over()) > 0 and (
            step := self._give_up("size", partial(give_up_bytes, at_least=over))
        ):
            freed += step
        if freed:
            self._tell()
        return freed

    def _over(self) -> int:
        with self._read() as run:
            (held,) = run.execute("SELECT bytes FROM outbox").fetchone()
        if held <= self._limits.bytes:
            return 0
        return int(held - self._limits.bytes * (1 - self._limits.slack))

    def _make_room(self, urgency: int) -> None:
        """On a full disk: give up what is less urgent than what wants in, if there is any."""
        choose = partial(give_up_bytes, at_least=ROOM_BYTES, least_urgent=urgency + 1)
        with suppress(OutboxError):
            self._give_up("disk-full", choose)

    def _give_up(self, reason: LossReason, choose: Callable[[sqlite3.Connection], Given]) -> int:
        with self._write() as run:
            given = choose(run)
            for loss in given.losses(reason, self._current(run)[0]):
                self._writer.name_loss(run, loss, self._lived_s())
            self._order.forget_gone(run)
            faultpoint.reach("outbox.giveup.written")
        if given.freed:
            log.warning(
                "outbox.gave_up",
                reason=reason,
                events=len(given.events),
                stills=len(given.stills),
                bytes=given.freed,
            )
        return given.freed

    # --- figures and life -------------------------------------------------------------------

    def figures(self) -> OutboxHealth:
        """What waits, for health messages; zeros while the disk cannot be read."""
        try:
            return self._figures()
        except OutboxError:
            return OutboxHealth(depth=0, parked=0, lost=0, oldest_s=0.0, receipts=self._receipts)

    def _figures(self) -> OutboxHealth:
        with self._read() as run:
            row = run.execute(
                "SELECT (SELECT COUNT(*) FROM message),"
                f" (SELECT COUNT(*) FROM still WHERE sha256 NOT IN ({HELD_BACK})),"
                " (SELECT COUNT(*) FROM parked), lost, (SELECT MIN(born_s) FROM message)"
                " FROM outbox"
            ).fetchone()
            depth, stills, parked, lost, oldest = row
            _, last = self._current(run)
        return OutboxHealth(
            depth=depth,
            stills=stills,
            parked=parked,
            lost=lost,
            oldest_s=0.0 if oldest is None else max(0.0, self._lived_s() - oldest),
            committed=last,
            receipts=self._receipts,
        )

    @property
    def epoch(self) -> str:
        """The epoch that numbers come from now."""
        with self._read() as run:
            return self._current(run)[0]

    def on_change(self, listener: Callable[[], None]) -> None:
        """Have `listener` called, on the writer's thread, when there is something to send."""
        self._listeners.append(listener)

    def close(self) -> None:
        """End cleanly; the folder may then be opened again."""
        with self._lock:
            if self._store is not None:
                with suppress(OutboxError), self._write():
                    pass
            self._mark.close()
            if self._store is not None:
                self._store.close()
            self._let_go()

    def _let_go(self) -> None:
        if self._folder_lock is not None:
            self._folder_lock.release()
            self._folder_lock = None

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def _lived_s(self) -> float:
        return float(self._lived_before_s + self._clock.monotonic() - self._opened_s)

    def _current(self, run: sqlite3.Connection) -> tuple[str, int]:
        epoch, last = run.execute(
            "SELECT id, last_seq FROM epoch ORDER BY ordinal DESC LIMIT 1"
        ).fetchone()
        return str(epoch), int(last)

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._healing() as store, store.read() as run:
            yield run

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction; the mark follows the commit, under the same lock."""
        with self._lock:
            with self._healing() as store, store.write() as run:
                yield run
                run.execute("UPDATE outbox SET lived_s = ?", (self._lived_s(),))
                epoch, last, contiguous = run.execute(
                    "SELECT id, last_seq, contiguous FROM epoch ORDER BY ordinal DESC LIMIT 1"
                ).fetchone()
                self._mark.reserve(epoch, last)
            faultpoint.reach("outbox.committed")
            self._mark.write(epoch, last, contiguous)

    @contextmanager
    def _healing(self) -> Iterator[Store]:
        """Damage found at work fails the call; the next one builds anew from what is whole."""
        if self._store is None:
            self._begin()
        store = self._store
        assert store is not None
        try:
            yield store
        except OutboxError as error:
            if error.code == "disk.corrupt":
                store.close()
                self._store = None
            raise


def _parts(receipt: Receipt) -> Iterator[Receipt]:
    """The same receipt in transactions that fit the journal's reserve, one after the other."""
    step = RECEIPT_STEP
    longest = max(len(receipt.received), len(receipt.refused), len(receipt.stills), 1)
    for at in range(0, longest, step):
        yield receipt.model_copy(
            update={
                "received": receipt.received[at : at + step],
                "refused": receipt.refused[at : at + step],
                "stills": receipt.stills[at : at + step],
            }
        )
