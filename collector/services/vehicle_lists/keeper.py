"""Leads every pole that is there to what the lists say, and has it give up what is over."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import structlog

from collector import ledger
from collector.commander import Commander, CommandError
from collector.keeper import Keeper
from collector.services.vehicle_lists.deltas import deliver
from collector.store import devices, vehicle_lists
from collector.store.database import Database
from collector.store.vehicle_lists import Entry, Held, VehicleList
from wire.clock import Clock
from wire.plates import WatchlistDelta

AT_ONCE = 16
LOOK_EVERY_S = 5.0
AGAIN_S = 60.0
"""A pole that refused, or fell silent, is tried again then, or when it comes back."""
SETTLES = timedelta(seconds=2)
"""A health message may have been on its way while a list was confirmed."""

GONE = "the centre has no such list"

_Kept = tuple[list[VehicleList], dict[tuple[str, str], Held]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Step:
    """What one pole needs of one list."""

    device: str
    list_id: str
    operation: Literal["replace", "change", "drop"]
    base_version: int
    revision: int = 0
    """That a change leads on from."""


def next_step(
    device: str,
    one: VehicleList,
    confirmed: Held | None,
    told: Mapping[str, int] | None,
    told_at: datetime | None,
    now: datetime,
) -> Step | None:
    """What leads the pole on; None when it is where it should be. Pure.

    `confirmed` is what it last took, `told` the versions that its health named at `told_at`.
    """
    believed = told is not None and told_at is not None
    if confirmed is not None and believed and told_at is not None:
        believed = told_at > confirmed.at + SETTLES
    version = told.get(one.list_id, 0) if told is not None and believed else None
    if one.ended_at is not None or one.expires_at <= now:
        if confirmed is None:
            return None
        at = confirmed.version if version is None else version
        return Step(device, one.list_id, "drop", at)
    if confirmed is None:
        return Step(device, one.list_id, "replace", version or 0)
    if version is not None and version != confirmed.version:
        return Step(device, one.list_id, "replace", version)
    if confirmed.revision < one.terms_at:
        return Step(device, one.list_id, "replace", confirmed.version)
    if confirmed.revision < one.revision:
        return Step(device, one.list_id, "change", confirmed.version, confirmed.revision)
    return None


class ListKeeper(Keeper[Step]):
    """`wake` when a list changed."""

    def __init__(
        self,
        database: Database,
        commander: Commander,
        devices_of: Callable[[], Collection[str]],
        clock: Clock,
    ) -> None:
        """`devices_of`: all poles that are enrolled."""
        super().__init__("lists", clock, every_s=LOOK_EVERY_S, again_s=AGAIN_S, at_once=AT_ONCE)
        self._database = database
        self._commander = commander
        self._devices_of = devices_of
        self._tidied: _Kept = ([], {})
        self._dropped: dict[tuple[str, str], datetime] = {}

    def _due(self) -> list[Step]:
        """The first step of each pole."""
        now = self._clock.now()
        with self._database.reading() as run:
            lists, held = vehicle_lists.all_of(run), vehicle_lists.held(run)
            told = devices.watchlists(run)
        if any(_runs_out(one, now) for one in lists) or (lists, held) != self._tidied:
            lists, held = self._tidied = self._tidy(now)
        found = []
        for device in self._devices_of():
            if self._pauses(device) or self._commander.encryption_key(device) is None:
                continue
            versions, told_at = told.get(device, (None, None))
            steps = (
                next_step(device, one, held.get((device, one.list_id)), versions, told_at, now)
                for one in lists
            )
            first = next((step for step in steps if step is not None), None)
            if first is None and versions and told_at is not None:
                first = self._stray(device, {one.list_id for one in lists}, versions, told_at)
            if first is not None:
                found.append(first)
        return found

    def _stray(
        self, device: str, known: Collection[str], told: Mapping[str, int], told_at: datetime
    ) -> Step | None:
        """What the pole holds and the centre has no list of: its word was lost before the list
        ended, or the centre's database was put back to an earlier day."""
        for list_id, version in told.items():
            dropped = self._dropped.get((device, list_id))
            if list_id not in known and (dropped is None or told_at > dropped + SETTLES):
                return Step(device, list_id, "drop", version)
        return None

    async def _take(self, step: Step) -> None:
        with self._database.reading() as run:
            known = vehicle_lists.find(run, step.list_id)
            if known is None and step.operation != "drop":
                return
            add, remove = _entries(run, step)
        terms = WatchlistDelta(
            list_id=step.list_id,
            owner=known.owner if known else "centre",
            purpose=known.purpose if known else GONE,
            basis=known.basis if known else GONE,
            expires_at=known.expires_at if known else self._clock.now(),
            base_version=0, version=1, operation=step.operation, cipher="",
        )  # fmt: skip
        version = await deliver(
            self._commander, step.device, terms, base_version=step.base_version,
            add=add, remove=remove,
        )  # fmt: skip
        with self._database.transaction() as run:
            if step.operation == "drop":
                vehicle_lists.given_up(run, step.device, step.list_id)
                self._dropped[step.device, step.list_id] = self._clock.now()
            elif known is not None:
                what = Held(version, known.revision, self._clock.now())
                vehicle_lists.confirmed(run, step.device, step.list_id, what)

    def _failed(self, step: Step, error: CommandError) -> None:
        log.warning("list.unsent", device=step.device, list=step.list_id, code=error.code)
        self._pause(step.device)
        if error.code == "watchlist.base":
            # It stands elsewhere than it said; its next health message tells where.
            with self._database.transaction() as run:
                vehicle_lists.given_up(run, step.device, step.list_id)

    def _tidy(self, now: datetime) -> _Kept:
        """End what ran out, and forget what no pole needs; what stands then."""
        with self._database.transaction() as run:
            for one in vehicle_lists.all_of(run):
                if _runs_out(one, now):
                    vehicle_lists.end(run, one.list_id, now)
                    fields = {"list_id": one.list_id, "owner": one.owner, "why": "its time is over"}
                    ledger.append(run, now, "list.ended", fields)
            vehicle_lists.tidy(run)
            return vehicle_lists.all_of(run), vehicle_lists.held(run)


def _runs_out(one: VehicleList, now: datetime) -> bool:
    return one.ended_at is None and one.expires_at <= now


def _entries(run: sqlite3.Connection, step: Step) -> tuple[list[Entry], list[str]]:
    """What the pole is to add, and to remove before that."""
    match step.operation:
        case "drop":
            return [], []
        case "change":
            return vehicle_lists.since(run, step.list_id, step.revision)
        case "replace":
            return vehicle_lists.current(run, step.list_id), []
