"""Looks at the assets again and again: when the centre listened, how they are, what is mended."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from collector.config import AssetSettings
from collector.rounds import Rounds
from collector.services.estate.condition import conditions
from collector.services.estate.faults import Condition
from collector.services.estate.mending import can_tell, to_be_mended
from collector.services.estate.verifying import Act, Terms, look
from collector.services.estate.world import WorldView
from collector.store import estate, spans, work_orders
from collector.store.database import Database
from collector.store.estate import AssetWas
from wire.clock import Clock

log = structlog.get_logger()


class EstateKeeper:
    """One thread. While the broker is away nothing is known, and nothing is judged."""

    def __init__(
        self,
        settings: AssetSettings,
        database: Database,
        world: WorldView,
        clock: Clock,
        *,
        is_up: Callable[[], bool],
    ) -> None:
        self._database = database
        self._world = world
        self._clock = clock
        self._is_up = is_up
        self._terms = Terms(
            timedelta(seconds=settings.open_after_s), timedelta(seconds=settings.settle_s)
        )
        self._listening_since: datetime | None = None
        self._rounds = Rounds("estate", self.round, settings.every_s, clock)

    def start(self) -> None:
        self._rounds.start()

    def stop(self) -> None:
        self._rounds.stop()

    def round(self) -> bool:
        """One look; never asks for another at once."""
        if not self._is_up():
            self._listening_since = None
            return False
        now = self._clock.now()
        self._listening_since = self._listening_since or now
        world = self._world.now()
        with self._database.transaction() as run:
            spans.watching(run, self._listening_since, now)
            assets = estate.all_of(run)
            by_id = {one.asset_id: one for one in assets}
            before = estate.newest_states(run)
            estate.note_states(run, now, _changed(before, conditions(assets, world)))
            present = to_be_mended(assets, world)
            plan = look(
                work_orders.not_closed(run),
                work_orders.faults(run),
                present,
                lambda key: can_tell(by_id.get(key[0]), key[1], world),
                now,
                self._terms,
            )
            for one in plan.keep:
                work_orders.keep_fault(run, one)
            for one in plan.forget:
                work_orders.forget_fault(run, one)
            for act in plan.acts:
                _carry_out(run, act, present, now)
        return False


def _changed(
    before: Mapping[str, AssetWas], now: Mapping[str, Condition]
) -> dict[str, tuple[str, tuple[str, ...]]]:
    """What becomes history: of what never told anything nothing does."""
    known = {asset_id: (one.state, one.faults) for asset_id, one in before.items()}
    return {
        asset_id: (one.state, one.faults)
        for asset_id, one in now.items()
        if known.get(asset_id, ("unwatched", ())) != (one.state, one.faults)
    }


def _carry_out(
    run: sqlite3.Connection,
    act: Act,
    present: Mapping[tuple[str, str], str | None],
    now: datetime,
) -> None:
    asset_id, fault = act.key
    number = None if act.order is None else act.order.number
    match act.do:
        case "open":
            number = work_orders.open_order(
                run, asset_id, now, fault=fault, broken_at=act.at, note=present.get(act.key)
            )
        case "close" if number is not None:
            work_orders.close(run, number, act.at, now)
            work_orders.add_step(run, number, now, "closed", None)
        case "reopen" if number is not None:
            work_orders.reopen(run, number)
            work_orders.add_step(run, number, now, "reopened", None, present.get(act.key))
    log.info("work.order", do=act.do, number=number, asset=asset_id, fault=fault)
