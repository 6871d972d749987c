"""The path in: MQTT → bounded queue → judged → one transaction → receipts, replies, deliveries.

Read the collector from here. One thread owns the path; nothing is said before the commit.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from collector.config import InboxSettings
from collector.gaps import GapKeeper
from collector.intake import Effects, Intake
from collector.link import Incoming
from collector.store import spans
from collector.store.damage import is_damage
from collector.store.database import Database
from collector.store.devices import ended, gaps_asked
from collector.store.refusals import count
from collector.store.stills import sweep
from collector.trust import TrustKeeper
from collector.verdict import Numbered, Refused, Verdict, judge
from collector.waiting import Waiting
from wire import faultpoint
from wire.clock import Clock

log = structlog.get_logger()

TICK_S = 0.25
SWEEP_EVERY_S = 10.0
PATIENCE_S = 10.0
"""The connection is not read meanwhile; well below its keepalive (`link.KEEPALIVE_S`)."""
RETRY_FIRST_S = 0.2
RETRY_LONGEST_S = 10.0


@dataclass
class InboxCounts:
    """Since the start of the process."""

    messages: int = 0
    events: int = 0
    duplicates: int = 0
    refused: int = 0
    dropped: int = 0
    """What came while the queue was full and nothing was taken; devices send it again."""
    superseded: int = 0
    """Figures of devices that newer ones made needless."""
    batches: int = 0


class Inbox:
    """Takes what the link brings."""

    def __init__(
        self,
        settings: InboxSettings,
        database: Database,
        trust: TrustKeeper,
        intake: Intake,
        gaps: GapKeeper,
        clock: Clock,
        *,
        done: Callable[[Incoming], None],
        announce: Callable[[Effects], None],
        words_apart: bool = False,
        patience_s: float = 0.0,
    ) -> None:
        """`done` acknowledges to the broker; `announce` does what follows from a commit;
        `words_apart`: agencies' words do not stand behind events at the broker; `patience_s`: how
        long `offer` waits for room."""
        self._words_apart = words_apart
        self._settings = settings
        self._database = database
        self._trust = trust
        self._intake = intake
        self._gaps = gaps
        self._clock = clock
        self._done = done
        self._announce = announce
        self._waiting = Waiting(
            settings.queue, settings.queue_megabytes * 1_000_000, patience_s=patience_s
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        self._next_sweep = 0.0
        self._revoked: frozenset[str] = frozenset()
        self.counts = InboxCounts()
        self.beat_s = clock.monotonic()
        """When the thread last came round, on the monotonic clock."""
        self.failed: BaseException | None = None
        """What ended the thread, when something did."""

    def offer(self, message: Incoming) -> None:
        """Called by the link; waits while the queue is full and moves."""
        if not self._waiting.offer(message):
            # The disk refuses, or a batch takes very long. What matters is sent again until
            # receipted.
            self.counts.dropped += 1
            self._done(message)

    @property
    def behind(self) -> bool:
        """Whether more waits than one transaction takes of what an agency's word stands behind,
        here or at the broker."""
        if self._words_apart:
            return self._waiting.counts()["words"] >= self._settings.batch // 2
        return self._waiting.urgent >= self._settings.batch

    def waiting(self) -> dict[str, int]:
        """Messages that are not taken in yet, by kind."""
        return self._waiting.counts()

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Finish the batch under way; what still waits comes again from the broker."""
        self._stop.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            with self._database.transaction() as run:
                self._gaps.load(run)
            while not self._stop.is_set():
                self.beat_s = self._clock.monotonic()
                # While one batch commits, the next one gathers.
                batch = self._waiting.take(self._settings.batch, TICK_S)
                if batch:
                    self._settle(batch)
                self._tick()
        except BaseException as error:
            self.failed = error
            log.exception("inbox.failed")
            raise

    def _settle(self, batch: list[Incoming]) -> None:
        """One transaction for the batch, repeated while the disk refuses."""
        judged = [(one, judge(one.topic, one.payload, self._trust)) for one in batch]
        delay = RETRY_FIRST_S
        while True:
            self.beat_s = self._clock.monotonic()
            try:
                effects = self._commit(judged)
                break
            except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
                if is_damage(error):
                    # Waiting mends no file; the next start builds it anew.
                    raise
                self._intake.forget()
                log.error("inbox.storage", error=str(error), retry_s=delay, waiting=len(judged))
                if self._clock.wait(self._stop, delay):
                    return
                delay = min(delay * 2, RETRY_LONGEST_S)
        faultpoint.reach("inbox.committed")
        self.counts.messages += len(batch)
        self.counts.batches += 1
        self.counts.superseded = self._waiting.superseded
        self.counts.events += effects.new_events
        self.counts.duplicates += len(effects.duplicates)
        self.counts.refused += effects.refused
        self._announce(effects)
        faultpoint.reach("inbox.announced")
        # Last: what ends before this comes again from the broker, and its receipts with it.
        for one in batch:
            self._done(one)
        faultpoint.reach("inbox.acknowledged")

    def _commit(self, judged: list[tuple[Incoming, Verdict]]) -> Effects:
        try:
            return self._take_all(judged, self._take)
        except sqlite3.OperationalError:
            raise
        except Exception as error:
            if is_damage(error):
                raise
            # One of them is poison: once more, each so that it can be taken back alone.
            self._intake.forget()
            log.info("inbox.poisoned_batch", error=str(error), messages=len(judged))
            return self._take_all(judged, self._take_carefully)

    def _take_all(
        self,
        judged: list[tuple[Incoming, Verdict]],
        take: Callable[[sqlite3.Connection, Incoming, Verdict], None],
    ) -> Effects:
        now = self._clock.now()
        self._intake.begin()
        with self._database.transaction() as run:
            for message, verdict in judged:
                take(run, message, verdict)
            effects = self._intake.end(run, now)
            faultpoint.reach("inbox.written")
        for address, epoch in {*effects.receipts, *effects.ended}:
            self._gaps.touched(address, epoch)
        return effects

    def _take(self, run: sqlite3.Connection, message: Incoming, verdict: Verdict) -> None:
        self._intake.take(run, verdict, message.topic, message.payload, self._clock.now())

    def _take_carefully(self, run: sqlite3.Connection, message: Incoming, verdict: Verdict) -> None:
        """One message; whatever poison it is, those behind it go on."""
        now = self._clock.now()
        run.execute("SAVEPOINT message")
        try:
            self._intake.take(run, verdict, message.topic, message.payload, now)
        except sqlite3.OperationalError:
            raise
        except Exception as error:
            if is_damage(error):
                raise
            run.execute("ROLLBACK TO message")
            self._intake.forget()
            log.exception("inbox.poison", topic=message.topic[:200])
            refused = _poison(verdict, error)
            self._intake.take(run, refused, message.topic, message.payload, now)
        run.execute("RELEASE message")

    def _tick(self) -> None:
        self._trust.refresh()
        self._end_revoked()
        with self._database.reading() as run:
            asked = self._gaps.ask(run)
        if asked:
            self._note_gaps(asked)
        if self._clock.monotonic() < self._next_sweep:
            return
        self._next_sweep = self._clock.monotonic() + SWEEP_EVERY_S
        try:
            with self._database.transaction() as run:
                before = self._clock.now() - timedelta(seconds=self._settings.hold_stills_s)
                orphans = sweep(run, before, self._settings.held_stills)
                if orphans:
                    count(run, "still.orphaned", orphans)
        except sqlite3.Error as error:
            log.error("inbox.storage", error=str(error))

    def _end_revoked(self) -> None:
        revoked = self._trust.revoked()
        if revoked == self._revoked:
            return
        try:
            with self._database.transaction() as run:
                found = ended(run, revoked)
                for name in found:
                    spans.follow(run, name, self._clock.now())
        except sqlite3.Error as error:
            log.error("inbox.storage", error=str(error))
            return
        self._revoked = revoked
        effects = Effects()
        for name in found:
            log.info("device.revoked", device=name)
            effects.changed("device", name)
        self._announce(effects)

    def _note_gaps(self, asked: dict[str, int]) -> None:
        try:
            with self._database.transaction() as run:
                for device, numbers in asked.items():
                    gaps_asked(run, device, numbers)
        except sqlite3.Error as error:
            log.error("inbox.storage", error=str(error))


def _poison(verdict: Verdict, error: Exception) -> Refused:
    detail = f"{type(error).__name__}: {error}"
    if isinstance(verdict, Numbered):
        address, event = verdict.address, verdict.verified.event
        number = (verdict.epoch, verdict.seq, event.id)
        return Refused("poison", detail, address.device, address, address.device, number)
    address_or_none = getattr(verdict, "address", None)
    device = address_or_none.device if address_or_none is not None else None
    return Refused("poison", detail, device)
