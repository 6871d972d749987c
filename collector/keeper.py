"""The frame of whoever leads devices to what the centre wants, one step after another.

A device that is there is led on at once; one that refused, or fell silent, is left alone for a
while; one that was away is led on as soon as it is back.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Generic, TypeVar

from collector.commander import CommandError
from collector.rounds import Rounds, abreast
from wire.clock import Clock

Step = TypeVar("Step")


class Keeper(ABC, Generic[Step]):
    """One thread; `start` once, `stop` once."""

    def __init__(
        self, name: str, clock: Clock, *, every_s: float, again_s: float, at_once: int
    ) -> None:
        """`every_s`: looks when nobody wakes it; `again_s`: how long a pause is; `at_once`: steps
        that are taken at the same time."""
        self._clock = clock
        self._again_s = again_s
        self._at_once = at_once
        self._not_before: dict[tuple[str, str], float] = {}
        self._rounds = Rounds(name, self.round, every_s, clock)

    def start(self) -> None:
        self._rounds.start()

    def stop(self) -> None:
        self._rounds.stop()

    def wake(self) -> None:
        """What the centre wants changed: look at once."""
        self._rounds.wake()

    def device_came(self, device: str) -> None:
        """It is led on now, whatever it refused."""
        for key in [key for key in self._not_before.copy() if key[0] == device]:
            self._not_before.pop(key, None)
        self._rounds.wake()

    def round(self) -> bool:
        """Take the steps that are due; whether there were any, and may be more."""
        now = self._clock.monotonic()
        for key in [key for key, until in self._not_before.copy().items() if until <= now]:
            self._not_before.pop(key, None)
        steps = self._due()
        if steps:
            asyncio.run(abreast(self._at_once, self._try, steps))
        return bool(steps) and not self._rounds.stopping

    @abstractmethod
    def _due(self) -> Collection[Step]:
        """What is to be done now, of devices that are there and do not pause."""

    @abstractmethod
    async def _take(self, step: Step) -> None:
        """Raises CommandError."""

    @abstractmethod
    def _failed(self, step: Step, error: CommandError) -> None:
        """The device refused, or did not answer."""

    async def _try(self, step: Step) -> None:
        try:
            await self._take(step)
        except CommandError as error:
            self._failed(step, error)

    def _pause(self, device: str, what: str = "") -> None:
        """Leave the device alone, or that which concerns `what` of it."""
        self._not_before[device, what] = self._clock.monotonic() + self._again_s

    def _pauses(self, device: str, what: str = "") -> bool:
        return self._clock.monotonic() < self._not_before.get((device, what), 0.0)
