"""Orders to devices that may be away: kept in the database until each was carried out."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta

import structlog

from collector.commander import Commander, CommandError
from collector.rounds import Rounds
from collector.store import orders
from collector.store.database import Database
from collector.store.orders import Order
from wire.clock import Clock

AT_ONCE = 16
LOOK_EVERY_S = 5.0
AGAIN = timedelta(seconds=60)
RETRYABLE = frozenset(
    {
        "broker.unreachable",
        "command.busy",
        "command.expired",
        "command.replayed",
        "command.stale",
        "device.offline",
        "device.silent",
        "disk.full",
        "internal",
    }
)
"""Of wire.codes: the device, or the way to it, may be well later. Any other refusal is its word."""

log = structlog.get_logger()


class OrderDesk:
    """One thread; `wake` makes it look at once."""

    def __init__(self, database: Database, commander: Commander, clock: Clock) -> None:
        self._database = database
        self._commander = commander
        self._clock = clock
        self._rounds = Rounds("orders", self._look, LOOK_EVERY_S, clock)

    def start(self) -> None:
        self._rounds.start()

    def stop(self) -> None:
        self._rounds.stop()

    def wake(self) -> None:
        """Something may be due."""
        self._rounds.wake()

    def device_came(self, device: str) -> None:
        """What waits for this device is due now."""
        try:
            with self._database.transaction() as run:
                orders.wake(run, device, self._clock.now())
        except sqlite3.Error as error:
            # It is due within a minute anyway.
            log.error("orders.storage", error=str(error))
        self._rounds.wake()

    def _look(self) -> bool:
        return asyncio.run(self._round())

    async def _round(self) -> bool:
        """Have the devices that are there carry out one order each; true when there were any."""
        with self._database.reading() as run:
            found = orders.due(run, self._clock.now(), AT_ONCE)
        await asyncio.gather(*(self._carry_out(one) for one in found))
        return bool(found) and not self._rounds.stopping

    async def _carry_out(self, order: Order) -> None:
        try:
            await self._commander.ask(order.device, order.action)
        except CommandError as error:
            if error.code in RETRYABLE:
                with self._database.transaction() as run:
                    orders.later(run, order.number, self._clock.now() + AGAIN, str(error))
                return
            log.warning(
                "order.refused", device=order.device, action=order.action.name, code=error.code
            )
        with self._database.transaction() as run:
            orders.done(run, order.number)
