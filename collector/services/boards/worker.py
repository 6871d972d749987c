"""Leads one board to its plan, reads back what it shows, and writes down both.

What is going to be told is stored before it is told: after a kill in between the board is read,
and whatever it shows by then is led on from there.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import structlog

from collector.changes import Change, Changes
from collector.services.boards.drivers.base import BoardError, Driver, Shown
from collector.services.boards.plan import (
    Idle,
    Over,
    Restore,
    Stands,
    Tell,
    is_back,
    lease,
    next_move,
    wanted,
)
from collector.services.boards.record import BoardState, BoardStatus, Entry, Standing
from collector.services.boards.registry import Board
from collector.store import boards
from collector.store.database import Database
from wire import faultpoint
from wire.clock import Clock

FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 60.0
MOST_DOUBLED = 5
LOWEST = 1
"""Priority of what is put back: it locks nobody out."""
WRITTEN_EVERY = timedelta(minutes=10)
"""How old the time of the last look may be in the store."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Said:
    """One line for the log."""

    what: Entry
    message_id: str | None = None
    shown: str | None = None
    detail: str | None = None


class BoardWorker:
    """`round` is called from one thread; a board that fails is left alone for a while."""

    def __init__(
        self,
        board: Board,
        driver: Driver,
        database: Database,
        changes: Changes,
        clock: Clock,
        zone: ZoneInfo,
    ) -> None:
        self.board = board
        self._driver = driver
        self._database = database
        self._changes = changes
        self._clock = clock
        self._zone = zone
        self._failures = 0
        self._not_before = 0.0
        self._checked = False

    def due_now(self) -> None:
        """Something changed: a pause after a failure ends."""
        self._not_before = 0.0

    def round(self) -> bool:
        """Look, lead, read back; never more to do at once."""
        if self._clock.monotonic() < self._not_before:
            return False
        with self._database.reading() as run:
            held = boards.state(run, self.board.id)
        try:
            if self._lead(held):
                self._failures = 0
                self._not_before = 0.0
        except BoardError as error:
            self._failed(error)
        except sqlite3.Error:
            raise
        except Exception as error:  # one board's answer must not end the service of its thread
            log.exception("board.answer", board=self.board.id)
            self._failed(BoardError("answer", f"{type(error).__name__}: {error}"))
        return False

    def close(self) -> None:
        self._driver.close()

    def _lead(self, held: BoardState) -> bool:
        """Whether it is where it should be."""
        shown = self._driver.read()
        held = self._answers(held, shown)
        now = self._clock.now()
        with self._database.reading() as run:
            messages = boards.in_force(run, now, "approved")
        grain = self._driver.grain
        plan = wanted(self.board.id, messages, now, self._zone, grain)
        lasts = timedelta(0) if plan is None else lease(plan, now, self.board.lease_minutes)
        match next_move(plan, held, shown, now, lasts, grain):
            case Idle():
                self._seen(held, shown, "idle")
            case Stands(ours, renew):
                if renew:
                    self._driver.renew(ours.message.multi, lasts, _endless(held.before))
                self._stands(held, shown, ours.message.message_id, ours.message.multi)
            case Tell() as move:
                return self._tell(held, shown, move, lasts)
            case Restore(before):
                return self._restore(held, before)
            case Over(left):
                self._over(held, shown, "left" if left else "restored")
        return True

    def _answers(self, held: BoardState, shown: Shown) -> BoardState:
        """It is there; how it differs from its file is looked at once it is."""
        said = [Said("answers", shown=shown.multi)] if held.status == "silent" else []
        misfit = held.misfit
        if not self._checked or held.status == "silent":
            misfit = self._driver.check()
            self._checked = True
            if misfit is not None and misfit != held.misfit:
                said.append(Said("misfit", detail=misfit))
        change: dict[str, Any] = {"misfit": misfit}
        if held.status == "silent":
            change |= {"status": "unknown", "why": None}
        return self._keep(held, held.model_copy(update=change), *said)

    def _tell(self, held: BoardState, shown: Shown, move: Tell, lasts: timedelta) -> bool:
        message = move.wanted.message
        said = []
        if move.changed:
            said.append(Said("changed", message.message_id, shown.multi))
        if move.changed or held.told != message.message_id:
            said.append(Said("told", message.message_id, detail=message.multi))
        told = held.model_copy(
            update={
                "told": message.message_id,
                "told_multi": message.multi,
                "confirmed": False,
                "before": move.before,
                "status": held.status if held.status in ("differs", "refused") else "telling",
                "shown": shown.multi,
                "shown_at": self._clock.now(),
            }
        )
        told = self._keep(held, told, *said)
        faultpoint.reach("board.telling")
        then = _endless(move.before)
        self._driver.show(message.multi, message.priority, lasts, then)
        faultpoint.reach("board.told")
        found = self._driver.read()
        if found.multi != message.multi:
            self._differs(told, found, message.multi)
            return False
        self._stands(told, found, message.message_id, message.multi)
        return True

    def _restore(self, held: BoardState, before: Standing) -> bool:
        if before.until_at is None:
            self._driver.restore(before)
        else:
            rest = before.until_at - self._clock.now()
            self._driver.show(before.multi, LOWEST, rest, Standing())
        found = self._driver.read()
        if not is_back(found, before):
            self._differs(held, found, before.multi)
            return False
        self._over(held, found, "restored")
        return True

    def _stands(self, held: BoardState, shown: Shown, message_id: str, multi: str) -> None:
        news = not held.confirmed or held.told != message_id
        said = [Said("shown", message_id, shown.multi)] if news else []
        change = {
            "told": message_id,
            "told_multi": multi,
            "confirmed": True,
            # It may stand there before it was told: what was there before that nobody knows.
            "before": held.before or Standing(),
        }
        self._seen(held.model_copy(update=change), shown, "shows", *said, before=held)

    def _over(self, held: BoardState, shown: Shown, what: Entry) -> None:
        change = {"told": None, "told_multi": "", "confirmed": False, "before": None}
        said = Said(what, held.told, shown.multi)
        self._seen(held.model_copy(update=change), shown, "idle", said, before=held)

    def _differs(self, held: BoardState, found: Shown, wanted: str) -> None:
        """It took the order and shows something else: said once, tried again after a while."""
        again = held.status == "differs" and held.shown == found.multi
        said = [] if again else [Said("differs", held.told, found.multi, f"told: {wanted}")]
        log.warning("board.differs", board=self.board.id, message=held.told)
        self._seen(held, found, "differs", *said)
        self._pause()

    def _seen(
        self,
        held: BoardState,
        shown: Shown,
        status: BoardStatus,
        *said: Said,
        before: BoardState | None = None,
    ) -> None:
        before = before or held
        entries = list(said)
        if not entries and status == "idle" and before.shown != shown.multi:
            # Somebody else's: what a board shows is written down whoever had it shown.
            entries.append(Said("shown", shown=shown.multi))
        change = {
            "status": status,
            "shown": shown.multi,
            "shown_at": self._clock.now(),
            "why": f"faults: {', '.join(shown.faults)}" if shown.faults else None,
        }
        self._keep(before, held.model_copy(update=change), *entries)

    def _failed(self, error: BoardError) -> None:
        with self._database.reading() as run:
            held = boards.state(run, self.board.id)
        status: Literal["silent", "refused"] = "silent" if error.silent else "refused"
        why = f"{error.why}: {error}"
        news = (held.status, held.why) != (status, why)
        if news:
            log.warning("board.failed", board=self.board.id, why=why)
        said = [Said(status, held.told, detail=why)] if news else []
        self._keep(held, held.model_copy(update={"status": status, "why": why}), *said)
        self._pause()

    def _pause(self) -> None:
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**self._failures)
        self._failures = min(self._failures + 1, MOST_DOUBLED)
        self._not_before = self._clock.monotonic() + pause

    def _keep(self, before: BoardState, after: BoardState, *said: Said) -> BoardState:
        """Store what changed, with its log lines; pages are told when it is news."""
        if after.status != before.status:
            after = after.model_copy(update={"since": self._clock.now()})
        seen = {"shown_at"}
        if not said and after.model_dump(exclude=seen) == before.model_dump(exclude=seen):
            # Only the time of the last look is new: not worth a write to the disk each time.
            last, now = before.shown_at, after.shown_at
            if last and now and now - last < WRITTEN_EVERY:
                return before
        now = self._clock.now()
        with self._database.transaction() as run:
            boards.save_state(run, after)
            for one in said:
                boards.log(
                    run,
                    self.board.id,
                    now,
                    one.what,
                    message_id=one.message_id,
                    shown=one.shown,
                    detail=one.detail,
                )
        self._changes.publish(
            Change("board", self.board.id), Change("thing", f"board/{self.board.id}")
        )
        return after


def _endless(before: Standing | None) -> Standing:
    """What a board may return to by itself, where it would stand without an end."""
    return before if before is not None and before.until_at is None else Standing()
