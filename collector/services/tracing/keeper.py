"""Leads every pole that is there to follow the traces that count, and to give up the others."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from collector import ledger
from collector.commander import Commander, CommandError
from collector.keeper import Keeper
from collector.services.tracing.desk import CASE_CLOSED, EXPIRED, TraceDesk
from collector.store import traces
from collector.store.database import Database
from collector.store.traces import Pole, Trace
from wire.clock import Clock
from wire.command import PlateSearchCommand, TraceBegin, TraceEnd
from wire.names import new_id
from wire.plates import PlateSearch
from wire.sealed import SealError, seal
from wire.tracing import TracedPlate, TraceOrder

AT_ONCE: Final = 64
LOOK_EVERY_S: Final = 2.0
AGAIN_S: Final = 30.0
"""A pole that refused, or fell silent, is told again then, or when it comes back."""
LATER: Final = timedelta(seconds=5)
"""A pole that is told of a trace so late is asked what it has read meanwhile."""
WITHOUT: Final = frozenset({"command.unsupported"})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Step:
    trace: Trace
    pole: Pole


class TraceKeeper(Keeper[_Step]):
    """The desk wakes it."""

    def __init__(
        self,
        desk: TraceDesk,
        database: Database,
        commander: Commander,
        devices_of: Callable[[], Collection[str]],
        clock: Clock,
    ) -> None:
        """`devices_of`: all poles that are enrolled."""
        super().__init__("traces", clock, every_s=LOOK_EVERY_S, again_s=AGAIN_S, at_once=AT_ONCE)
        self._desk = desk
        self._database = database
        self._commander = commander
        self._devices_of = devices_of
        desk.wake = self.wake

    def device_came(self, device: str) -> None:
        """It is told anew, and asked what it read meanwhile."""
        with self._database.reading() as run:
            if not traces.all_of(run):
                return
        with self._database.transaction() as run:
            traces.came(run, device)
        super().device_came(device)

    def _due(self) -> list[_Step]:
        """One step of each pole for each trace."""
        with self._database.reading() as run:
            if not traces.all_of(run):
                return []
        self._end_what_is_over()
        with self._database.reading() as run:
            pairs = [(one, traces.poles(run, one.trace_id)) for one in traces.all_of(run)]
        enrolled, found = set(self._devices_of()), []
        for one, poles in pairs:
            for pole in poles:
                if one.ended_at is not None and pole.device not in enrolled:
                    self._given_up(one, pole.device)
                elif self._is_due(one, pole):
                    found.append(_Step(one, pole))
        return found

    def _is_due(self, one: Trace, pole: Pole) -> bool:
        if one.ended_at is None and pole.state in ("holds", "without"):
            return False
        if self._pauses(pole.device, one.trace_id):
            return False
        return self._commander.encryption_key(pole.device) is not None

    async def _take(self, step: _Step) -> None:
        if step.trace.ended_at is None:
            await self._begin(step.trace, step.pole)
        else:
            await self._end(step.trace, step.pole)

    async def _begin(self, one: Trace, pole: Pole) -> None:
        order = self._order(one, pole)
        if order is None:
            return
        # Before it goes out: a pole whose answer is lost may follow it, and is told of the end.
        self._tell(one, pole, "sent")
        await self._commander.ask(pole.device, TraceBegin(trace=order))
        self._tell(one, pole, "holds")
        if self._clock.now() - one.began_at > LATER:
            await self._catch_up(one, pole)

    async def _catch_up(self, one: Trace, pole: Pole) -> None:
        """What it read since the trace began, by its diary: it was away, or we were."""
        assert one.pattern is not None, "a trace that counts has one"
        question = PlateSearch(
            search_id=new_id(), pattern=one.pattern, start_at=one.began_at,
            end_at=self._clock.now() + LATER, confusable=one.confusable, limit=250,
            case=one.case, basis=one.basis, purpose=one.purpose,
        )  # fmt: skip
        reply = await self._commander.ask(pole.device, PlateSearchCommand(search=question))
        reads = () if reply.plates is None else reply.plates.reads
        self._desk.found(pole.device, one.trace_id, [(read, None) for read in reads])

    async def _end(self, one: Trace, pole: Pole) -> None:
        await self._commander.ask(pole.device, TraceEnd(trace_id=one.trace_id, case=one.case))
        self._given_up(one, pole.device)

    def _given_up(self, one: Trace, device: str) -> None:
        with self._database.transaction() as run:
            gone = traces.given_up(run, one.trace_id, device)
            if gone:
                fields = {"trace_id": one.trace_id, "agency": one.agency, "case": one.case}
                ledger.append(run, self._clock.now(), "trace.removed", fields)
        if gone:
            self._desk.gone(one.trace_id)
        else:
            self._desk.changed(one.trace_id)

    def _order(self, one: Trace, pole: Pole) -> TraceOrder | None:
        """None when it is over by now, or the pole offers no key."""
        key = self._commander.encryption_key(pole.device)
        left = (one.expires_at - self._clock.now()).total_seconds()
        if key is None or one.pattern is None or left <= 0:
            return None
        plate = TracedPlate(
            device=pole.device, trace_id=one.trace_id, pattern=one.pattern,
            confusable=one.confusable,
        )  # fmt: skip
        try:
            cipher = seal(plate.model_dump_json().encode(), key)
        except SealError as error:
            raise CommandError("command.unsupported", f"{pole.device}: {error}") from error
        return TraceOrder(
            trace_id=one.trace_id, case=one.case, basis=one.basis, purpose=one.purpose,
            expires_at=one.expires_at, lasts_s=left, cameras=pole.cameras, cipher=cipher,
        )  # fmt: skip

    def _failed(self, step: _Step, error: CommandError) -> None:
        one, pole = step.trace, step.pole
        if error.code in WITHOUT:
            if one.ended_at is None:
                self._tell(one, pole, "without", error.code)
            else:
                self._given_up(one, pole.device)
            return
        log.warning("trace.unsent", device=pole.device, trace=one.trace_id, code=error.code)
        self._pause(pole.device, one.trace_id)
        with self._database.transaction() as run:
            traces.failed(run, one.trace_id, pole.device, error.code)
        self._desk.changed(one.trace_id)

    def _tell(
        self, one: Trace, pole: Pole, state: traces.PoleState, code: str | None = None
    ) -> None:
        with self._database.transaction() as run:
            traces.tell(run, one.trace_id, pole.device, state, code)
        self._desk.changed(one.trace_id)

    def _end_what_is_over(self) -> None:
        now = self._clock.now()
        with self._database.transaction() as run:
            over = [
                (one, EXPIRED)
                for one in traces.all_of(run)
                if one.ended_at is None and one.expires_at <= now
            ]
            over += self._closed(run)
            for one, why in over:
                self._desk.finish(run, one, why)
        for one, _ in over:
            self._desk.forget(one.trace_id)

    def _closed(self, run: sqlite3.Connection) -> list[tuple[Trace, str]]:
        found = [traces.find(run, trace_id) for trace_id in traces.of_closed_cases(run)]
        now = self._clock.now()
        return [(one, CASE_CLOSED) for one in found if one is not None and one.expires_at > now]
