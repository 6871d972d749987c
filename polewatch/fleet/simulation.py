"""A run of the fleet: everybody connects, a steady day, a burst, a storm; then the books."""

from __future__ import annotations

import asyncio
import heapq
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from polewatch.demo.site import AGENCIES
from polewatch.fleet.agency import Agency
from polewatch.fleet.books import Balance, Books
from polewatch.fleet.centre import AGENCY_OF, OTHERWISE, FleetCity, Stored
from polewatch.fleet.device import City, Device
from polewatch.fleet.forward import Forward
from polewatch.fleet.misdeeds import KINDS, Misdeeds
from wire.clock import SystemClock
from wire.event import Event

Killed = Literal["none", "node", "collector"]
TICKS_PER_S = 4
LOOK_S = 0.05
TOLD_EVERY_S = 10.0
LASTS_S = (2.0, 12.0)
"""How long a finding lasts in the steady part: few, so that a short run holds both its messages."""
OUTAGE_S = 3600.0
BEGIN_S = 180.0
"""For everybody to be connected and heard."""


class StuckError(Exception):
    """Something did not come about in its time; the message says what, and how far it got."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is played. A part with zero of its measure is left out."""

    seconds: float = 30.0
    rate: float = 50.0
    """Messages a second in the steady part: openings and ends of findings."""
    burst: int = 5000
    """Messages at once."""
    backlog: int = 87
    """Messages that each device holds when it comes back: 87 are an hour of the steady rate over
    2,067 devices."""
    spread_s: float = 1.0
    """Within which all come back."""
    misbehaving: int = 10
    still_bytes: int = 40_000
    """Mean size of an opening's picture in the steady part; 0: none."""
    storm_stills: bool = False
    killed: Killed = "none"
    """What is killed in the middle of the storm; a collector is started again."""
    drain_s: float = 600.0
    """For burst and storm to be receipted and delivered."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from a device's socket to the agency, by nearest rank."""

    p50: float
    p99: float
    worst: float
    findings: int


@dataclass(frozen=True, slots=True)
class Steady:
    """Openings and ends at the rate that was asked for, with everybody's health beside them."""

    seconds: float
    messages: int
    health_messages: int
    latency_ms: Latency
    cpu_s_per_s: dict[str, float]
    """Of broker, collector and this simulation, in cores."""
    mbit_per_s: float
    """What the devices handed to TLS."""


@dataclass(frozen=True, slots=True)
class Drained:
    """Much at once: until all was receipted, and until all had reached the agencies."""

    messages: int
    connected_s: float
    """Until every device was connected again; 0 where none was away."""
    receipted_s: float
    delivered_s: float
    per_s: float
    """Messages a second until the last receipt."""
    cpu_s: dict[str, float]


@dataclass
class Report:
    """All figures of a run; parts that were left out are None."""

    devices: int
    connect_s: float = 0.0
    rss_mb: dict[str, float] = field(default_factory=dict)
    steady: Steady | None = None
    burst: Drained | None = None
    storm: Drained | None = None
    killed: Killed = "none"
    killed_after: int = 0
    """Messages of the storm that were receipted by then."""
    misdeeds: dict[str, int] = field(default_factory=dict)
    balance: Balance | None = None
    stored: Stored | None = None
    forged_stored: int = 0
    off_clock: int = 0
    faults: tuple[str, ...] = ()


class Simulation:
    """One run; `play` once."""

    def __init__(self, city: FleetCity, plan: Plan, tell: Callable[[str], None]) -> None:
        """`tell` is given a line at each step."""
        self._centre, self._plan, self._tell = city, plan, tell
        self._clock = SystemClock()
        self._rng = random.Random(plan.seed)
        self._books = Books(AGENCY_OF, OTHERWISE)
        self._misdeeds = Misdeeds(random.Random(plan.seed))
        self._open: list[tuple[float, int, Device, Event]] = []
        self._count = 0
        self._healths = 0
        self._devices: list[Device] = []
        self._agencies: list[Agency] = []
        self._forward: Forward | None = None
        entries = city.devices()
        self.report = Report(len(entries), killed=plan.killed)
        self._entries = entries

    async def play(self) -> Report:
        """Raises StuckError, and whatever ends a process of the centre."""
        tasks: list[asyncio.Task[None]] = []
        if len(self._centre.broker.doors) > 1:
            self._forward = Forward(self._centre.broker.doors)
            await self._forward.start("127.0.0.1", self._centre.collector_port)
        try:
            await asyncio.to_thread(self._centre.start_collector)
            await self._begin(tasks)
            await self._parts()
            await self._settle()
        finally:
            for task in tasks:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks, return_exceptions=True)
            if self._forward is not None:
                await self._forward.stop()
        return self.report

    async def _parts(self) -> None:
        plan, report = self._plan, self.report
        if plan.seconds:
            report.steady = await self._steady()
        if plan.burst:
            report.burst = await self._burst()
        if plan.backlog:
            report.storm = await self._storm()
        report.rss_mb = self._centre.rss_mb()

    # --- parts --------------------------------------------------------------------------------

    async def _begin(self, tasks: list[asyncio.Task[None]]) -> None:
        doors = self._centre.broker.doors
        city = City(doors, self._centre.collector_key(), self._clock, self._books)
        count = len(self._entries)
        self._devices = [
            Device(city, identity, address, (number + 0.5) / count, self._plan.seed + number)
            for number, (identity, address) in enumerate(self._entries)
        ]
        self._agencies = [
            Agency(self._centre.identity(name), doors, self._books, self._clock)
            for name in AGENCIES
        ]
        tasks += [asyncio.create_task(one.run()) for one in self._agencies]
        await self._until(lambda: all(one.online.is_set() for one in self._agencies), "agencies")
        began = time.monotonic()
        tasks += [asyncio.create_task(one.run()) for one in self._devices]
        tasks.append(asyncio.create_task(self._tick()))
        await self._all_online(BEGIN_S)
        self.report.connect_s = round(time.monotonic() - began, 2)
        await self._receipted(BEGIN_S)
        self._tell(f"{count} devices connected in {self.report.connect_s:.1f} s")

    async def _steady(self) -> Steady:
        plan = self._plan
        cpu, sent = self._cpu_s(), self._sent_bytes()
        healths, began = self._healths, time.monotonic()
        put, findings = 0, set[str]()
        rogues = self._rng.sample(self._devices, min(plan.misbehaving, len(self._devices)))
        # A broker may cut off who reaches beyond his rights: let it be in the middle of the day.
        at_once = plan.seconds / (len(rogues) + 1)
        while (now := time.monotonic()) - began < plan.seconds:
            self._end_due(now)
            due = round((now - began) * plan.rate / 2)
            while put < due:
                findings.add(self._see(plan.still_bytes, now))
                put += 1
            if rogues and now - began > at_once * (plan.misbehaving - len(rogues) + 1):
                self._misbehave(rogues.pop())
            await asyncio.sleep(0.005)
        for rogue in rogues:
            self._misbehave(rogue)
        took = time.monotonic() - began
        used = {name: round((s - cpu[name]) / took, 3) for name, s in self._cpu_s().items()}
        mbit = (self._sent_bytes() - sent) * 8 / took / 1e6
        healths = self._healths - healths
        self._end_due(float("inf"))
        await self._receipted(plan.drain_s)
        await self._delivered(plan.drain_s)
        ordered = self._books.latencies_ms(findings)
        self._tell(f"steady: {put} findings in {took:.0f} s, p99 {_rank(ordered, 99):.0f} ms")
        return Steady(
            seconds=round(took, 1),
            messages=2 * put,
            health_messages=healths,
            latency_ms=latency(ordered),
            cpu_s_per_s=used,
            mbit_per_s=round(mbit, 2),
        )

    async def _burst(self) -> Drained:
        count = self._plan.burst // 2
        for device in self._devices:
            device.held = True
        for number in range(count):
            device = self._rng.choice(self._devices)
            device.end(device.see())
            if number % 100 == 0:
                await asyncio.sleep(0)
        cpu, began = self._cpu_s(), time.monotonic()
        for device in self._devices:
            device.held = False
            device.pump()
        return await self._drained("burst", 2 * count, cpu, began, connected_s=0.0)

    async def _storm(self) -> Drained:
        """The line was away for an hour, and the power fails before it comes back."""
        plan = self._plan
        for device in self._devices:
            device.power_off()
        await self._until(
            lambda: not any(one.online.is_set() for one in self._devices), "everybody to be gone"
        )
        for device in self._devices:
            for number in range(plan.backlog // 2):
                ago_s = OUTAGE_S * (1 - number / max(1, plan.backlog // 2))
                opened = device.see(plan.still_bytes if plan.storm_stills else 0, ago_s)
                device.end(opened, max(0.0, ago_s - self._rng.uniform(*LASTS_S)))
            await asyncio.sleep(0)
        messages = len(self._devices) * 2 * (plan.backlog // 2)
        cpu, began = self._cpu_s(), time.monotonic()
        loop = asyncio.get_running_loop()
        for device in self._devices:
            loop.call_later(self._rng.uniform(0, plan.spread_s), device.power_on)
        killing = asyncio.create_task(self._kill(messages))
        await self._all_online(plan.drain_s)
        connected_s = time.monotonic() - began
        drained = await self._drained("storm", messages, cpu, began, connected_s)
        await killing
        return drained

    async def _kill(self, messages: int) -> None:
        """When half of the storm's messages are receipted."""
        if self._plan.killed == "none":
            return
        before = len(self._books.receipted)
        while len(self._books.receipted) - before < messages / 2:
            await asyncio.sleep(LOOK_S)
        self.report.killed_after = len(self._books.receipted) - before
        if self._plan.killed == "collector":
            self._centre.kill_collector()
            await asyncio.to_thread(self._centre.start_collector)
        else:
            door = self._forward.taken if self._forward is not None else None
            self._centre.broker.kill(door or self._centre.broker.doors[0])
        self._tell(f"killed: {self._plan.killed}, after {self.report.killed_after} receipts")

    async def _settle(self) -> None:
        """Close the books."""
        report = self.report
        with suppress(StuckError):
            await self._until(
                lambda: not self._books.balance().faults, "the books", 60.0, every_s=1.0
            )
        with suppress(StuckError):
            await self._until(self._acknowledged, "acknowledgements", 60.0, every_s=1.0)
        report.balance = self._books.balance()
        report.stored = await asyncio.to_thread(self._centre.stored)
        stored = await asyncio.to_thread(self._centre.stored_ids)
        report.misdeeds = {kind: self._misdeeds.done[kind] for kind in KINDS}
        report.forged_stored = len(stored & self._misdeeds.forged)
        report.off_clock = self._books.off_clock
        report.faults = (*report.balance.faults, *self._faults(report.stored, stored))

    def _acknowledged(self) -> bool:
        return self._centre.stored().deliveries_open == 0

    def _faults(self, stored: Stored, ids: set[str]) -> tuple[str, ...]:
        """What the collector's database and the devices' own account do not agree on."""
        done, kept = self._misdeeds.done, stored.quarantined
        wrong = {
            "what is stored is not what was put": stored.messages
            != len(self._books.put) + stored.forks,
            "something that was put is not stored": bool(self._books.put - ids),
            "numbers are missing": stored.missing > 0,
            "deliveries are open": stored.deliveries_open > 0,
            "a forged message is stored": bool(ids & self._misdeeds.forged),
            "forks are not all noted": stored.forks != done["fork"],
            "a replay was not counted": stored.duplicates < done["replay"],
            "a clock that was off is not told of": self._books.off_clock < done["clock"],
            "receipts with a wrong signature": any(one.forged for one in self._devices),
        }
        for reason in ("signature", "oversized", "topic"):
            wrong[f"{reason}: not all kept in quarantine"] = kept.get(reason, 0) != done[reason]
        return tuple(name for name, is_so in wrong.items() if is_so)

    # --- devices ------------------------------------------------------------------------------

    def _see(self, still_bytes: int, now_s: float) -> str:
        device = self._rng.choice(self._devices)
        opened = device.see(still_bytes)
        self._count += 1
        due_s = now_s + self._rng.uniform(*LASTS_S)
        heapq.heappush(self._open, (due_s, self._count, device, opened))
        return opened.finding_id

    def _end_due(self, now_s: float) -> None:
        while self._open and self._open[0][0] <= now_s:
            _, _, device, opened = heapq.heappop(self._open)
            device.end(opened)

    def _misbehave(self, rogue: Device) -> None:
        if not rogue.online.is_set():
            return
        self._misdeeds.commit(rogue, [one for one in self._devices if one is not rogue])

    async def _tick(self) -> None:
        """Each device about once a second, in its turn."""
        turn = 0
        while True:
            now_s = self._clock.monotonic()
            for device in self._devices[turn::TICKS_PER_S]:
                self._healths += device.tick(now_s)
            turn = (turn + 1) % TICKS_PER_S
            await asyncio.sleep(1 / TICKS_PER_S)

    # --- waiting ------------------------------------------------------------------------------

    async def _drained(
        self, what: str, messages: int, cpu: dict[str, float], began: float, connected_s: float
    ) -> Drained:
        await self._receipted(self._plan.drain_s)
        receipted_s = time.monotonic() - began
        await self._delivered(self._plan.drain_s)
        used = {name: round(s - cpu[name], 2) for name, s in self._cpu_s().items() if name in cpu}
        per_s = messages / receipted_s
        self._tell(f"{what}: {messages} messages in {receipted_s:.1f} s, {per_s:.0f} a second")
        return Drained(
            messages=messages,
            connected_s=round(connected_s, 2),
            receipted_s=round(receipted_s, 2),
            delivered_s=round(time.monotonic() - began, 2),
            per_s=round(per_s, 1),
            cpu_s=used,
        )

    async def _all_online(self, timeout_s: float) -> None:
        await self._until(
            lambda: all(one.online.is_set() for one in self._devices),
            lambda: f"{sum(not one.online.is_set() for one in self._devices)} devices to connect",
            timeout_s,
        )

    async def _receipted(self, timeout_s: float) -> None:
        await self._until(
            lambda: not any(len(one.outbox) for one in self._devices),
            lambda: f"receipts for {sum(len(one.outbox) for one in self._devices)} items",
            timeout_s,
        )

    async def _delivered(self, timeout_s: float) -> None:
        await self._until(
            lambda: self._books.all_reached, lambda: "the agencies to have every finding", timeout_s
        )

    async def _until(
        self,
        condition: Callable[[], bool],
        what: str | Callable[[], str],
        timeout_s: float = BEGIN_S,
        every_s: float = LOOK_S,
    ) -> None:
        """Tells every TOLD_EVERY_S what is still waited for."""

        def told() -> str:
            return what if isinstance(what, str) else what()

        began = time.monotonic()
        tell_at = began + TOLD_EVERY_S
        while not condition():
            self._centre.family.check()
            now = time.monotonic()
            if now > began + timeout_s:
                raise StuckError(f"waited {timeout_s:.0f} s in vain for {told()}")
            if now > tell_at:
                self._tell(f"{now - began:.0f} s: waiting for {told()}")
                tell_at += TOLD_EVERY_S
            await asyncio.sleep(every_s)

    # --- figures ------------------------------------------------------------------------------

    def _cpu_s(self) -> dict[str, float]:
        return {**self._centre.cpu_s(), "simulation": time.process_time()}

    def _sent_bytes(self) -> int:
        return sum(one.sent_bytes for one in self._devices)


def latency(ordered: list[float]) -> Latency:
    """Of milliseconds in their order."""
    return Latency(
        p50=round(_rank(ordered, 50), 1),
        p99=round(_rank(ordered, 99), 1),
        worst=round(ordered[-1], 1) if ordered else 0.0,
        findings=len(ordered),
    )


def _rank(ordered: list[float], percent: int) -> float:
    """The value that `percent` of a hundred stay at or under, by nearest rank."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else 0.0
