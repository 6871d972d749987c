"""One round: events flow, the plan's faults happen, all comes back, and the books are looked at."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.impair import Impairment
from tests.support.wait import wait_until
from tests.system.chaos.books import Balance, balance
from tests.system.chaos.centre_faults import CentreFaults
from tests.system.chaos.plan import CENTRE_DAMAGED, Kill, Kind, Round
from tests.system.chaos.town import Town

POINT_S = 1.5
"""So long a process may take to arrive at the point where it ends; else it is killed there."""
SETTLE_S = 210.0
"""What got no receipt is sent again after 60 s, and once more 120 s later."""
PAGE = 4096


@dataclass(frozen=True, slots=True)
class Result:
    """How a round ended."""

    round: Round
    balance: Balance
    fault: str | None
    """What does not hold, in words; None when all does."""
    redelivered: int
    """Messages that the collector dropped as known."""
    repeated: int
    """Deliveries that the agency dropped as known."""
    reached: tuple[str, ...]
    """Fault points at which a process ended."""
    took_s: float


class Runner:
    """Plays rounds on one town."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._next = 0
        self._reached: list[str] = []
        centre = CentreFaults(town, self._put)
        self._others: dict[Kind, Callable[[random.Random], None]] = {
            "cut": self._cut,
            "thin": self._thin,
            "silent": self._silent,
            "forgets": self._forgets,
            "stall": self._stall,
            "clock": self._clock,
            "disk-full": self._disk_full,
            "read-only": self._read_only,
            "corrupt": self._corrupt,
            "truncated": self._truncated,
            "folder-lost": self._folder_lost,
            "restored": self._restored,
            "cloned": self._cloned,
            "centre-clock": centre.clock,
            "centre-full": centre.full,
            "centre-corrupt": centre.corrupt,
            "centre-truncated": centre.truncated,
        }

    def play(self, round: Round) -> Result:
        """One round, from balanced books to balanced books."""
        began, rng, town = time.monotonic(), random.Random(round.seed), self._town
        _, quarantined, dropped = town.collector.figures()
        again, lost_before = town.agency.again, self._balance().lost
        self._reached = []
        town.agency.centre_damaged(round.kind in CENTRE_DAMAGED)
        if round.kind in CENTRE_DAMAGED and not town.collector.forgot:
            town.collector.forgot = True
            _, quarantined, _ = town.collector.figures()
        self._put(round.events // 2, round.still_bytes)
        if round.kind == "kill":
            for kill in round.kills:
                self._kill(kill)
            self._put(round.events - round.events // 2, round.still_bytes)
            for who in round.back:
                self._bring_back(who)
        else:
            self._others[round.kind](rng)
        self._put(max(2, round.events // 4), 0)
        fault = self._settle()
        books = self._balance()
        _, now_quarantined, now_dropped = town.collector.figures()
        # Years off, the centre's clock finds no certificate valid: what it refuses comes again.
        refused = now_quarantined > quarantined and round.kind != "centre-clock"
        if fault is None and refused:
            why = ", ".join(town.collector.refused_because())
            fault = f"{now_quarantined - quarantined} messages were refused, lately: {why}"
        if fault is None and books.lost > lost_before and not round.may_lose:
            fault = f"{books.lost - lost_before} events were given up without need"
        return Result(
            round, books, fault, max(0, now_dropped - dropped), town.agency.again - again,
            tuple(self._reached), time.monotonic() - began,
        )  # fmt: skip

    # --- the flow -------------------------------------------------------------------------------

    def _put(self, count: int, still_bytes: int) -> None:
        """Have the pole put `count` events, and go on at once."""
        self._town.pole.tell(put=count, first=self._next, still_bytes=still_bytes)
        self._next += count

    def _putting_done(self) -> None:
        """Wait until the pole did all that it was told."""
        pole, last = self._town.pole, self._next
        self._put(0, 0)
        wait_until(lambda: pole.done == last, 20, "the pole to put its events")

    def _balance(self) -> Balance:
        town = self._town
        return balance(dict(town.pole.committed), town.agency.delivered(), town.collector.losses())

    def _settle(self) -> str | None:
        """Wait until all is delivered or named; what is wrong, if that never comes."""
        town, deadline = self._town, time.monotonic() + SETTLE_S
        self._putting_done()
        while True:
            if not town.collector.program.alive:
                town.collector.start()
            try:
                books = self._balance()
                missing, _, _ = town.collector.figures()
                waiting = town.collector.waiting()
            except sqlite3.Error as error:
                # Damaged, or just being built anew.
                if time.monotonic() > deadline:
                    return f"the collector's database cannot be read: {error}"
                time.sleep(0.1)
                continue
            pole = town.pole
            if books.holds and not (missing or waiting or pole.depth) and pole.connected:
                return None
            if time.monotonic() > deadline:
                return (
                    f"{len(books.missing)} missing, {len(books.doubled)} doubled,"
                    f" {len(books.unknown)} unknown, {missing} numbers open, {waiting} deliveries"
                    f" waiting, outbox {pole.depth}, connected {pole.connected}"
                )
            time.sleep(0.03)

    # --- death and return -----------------------------------------------------------------------

    def _kill(self, kill: Kill) -> None:
        town = self._town
        if kill.who == "broker":
            time.sleep(kill.after_s)
            town.broker.kill()
            return
        program = town.pole.program if kill.who == "agent" else town.collector.program
        if kill.point is None:
            time.sleep(kill.after_s)
        else:
            program.arm(f"{kill.point}:{kill.nth}")
            if kill.point.startswith("outbox.open"):
                # Reached at a start alone.
                self._end(kill.who)
                self._start(kill.who)
            # One by one, so that there are several batches, receipts and deliveries.
            deadline = time.monotonic() + POINT_S
            while program.alive and time.monotonic() < deadline:
                self._put(1, 0)
                time.sleep(0.04)
            if not program.alive:
                self._reached.append(kill.point)
        self._end(kill.who)
        program.disarm()

    def _end(self, who: str) -> None:
        if who == "agent":
            self._town.pole.kill()
        else:
            self._town.collector.program.kill()

    def _start(self, who: str) -> None:
        if who == "agent":
            self._town.pole.start()
        else:
            self._town.collector.start()

    def _bring_back(self, who: str) -> None:
        if who == "broker":
            self._town.broker.start()
        else:
            self._start(who)
        if who == "agent":
            self._put(4, 0)

    # --- the line -------------------------------------------------------------------------------

    def _cut(self, rng: random.Random) -> None:
        path = self._town.path
        for _ in range(rng.randint(1, 3)):
            path.impairment = Impairment(refuse=True)
            path.cut()
            self._put(3, 0)
            time.sleep(rng.uniform(0.1, 0.5))
            path.impairment = Impairment()
            time.sleep(rng.uniform(0.0, 0.3))

    def _thin(self, rng: random.Random) -> None:
        path = self._town.path
        path.impairment = Impairment(
            delay_s=rng.uniform(0.02, 0.12),
            loss=rng.uniform(0.0, 0.08),
            bytes_per_s=rng.uniform(15_000, 60_000),
        )
        path.cut()
        self._put(6, 2000)
        time.sleep(1.0)
        path.impairment = Impairment()

    def _silent(self, rng: random.Random) -> None:
        """A line that swallows, until its end is noticed: as behind a NAT that forgot."""
        path = self._town.path
        path.impairment = Impairment(silent=True)
        self._put(5, 0)
        time.sleep(rng.uniform(0.3, 1.0))
        path.impairment = Impairment()
        path.cut()

    # --- the centre -----------------------------------------------------------------------------

    def _forgets(self, rng: random.Random) -> None:
        time.sleep(rng.uniform(0.0, 0.1))
        self._town.broker.kill()
        self._town.broker.forget()
        self._put(4, 0)
        self._town.broker.start()

    def _stall(self, rng: random.Random) -> None:
        program = self._town.collector.program
        program.send(signal.SIGSTOP)
        self._put(6, 1000)
        time.sleep(rng.uniform(0.3, 1.2))
        if rng.random() < 0.5:
            # It never wakes up again.
            program.kill()
            self._start("collector")
        else:
            program.send(signal.SIGCONT)

    # --- the pole -------------------------------------------------------------------------------

    def _clock(self, rng: random.Random) -> None:
        pole = self._town.pole
        for _ in range(3):
            pole.tell(clock=rng.choice((3600, -3600, 86_400, -86_400, 3e8, -1.5e9)))
            self._put(3, 0)
            if rng.random() < 0.3:
                self._end("agent")
                self._start("agent")
                pole.tell(clock=rng.choice((-1.5e9, 7200)))
        pole.tell(clock=0)

    def _disk_full(self, rng: random.Random) -> None:
        """Somebody else takes the last byte while much waits; later there is room again."""
        self._town.path.impairment = Impairment(refuse=True)
        self._town.path.cut()
        self._put(24, 4000)
        self._putting_done()
        filler = self._town.pole.disk / "filler"
        with filler.open("wb", buffering=0) as taken:
            try:
                while True:
                    taken.write(bytes(4096))
            except OSError:
                pass
        self._put(24, 4000)
        self._putting_done()
        if rng.random() < 0.5:
            self._end("agent")
            self._start("agent")
            self._put(6, 0)
        filler.unlink()
        self._town.path.impairment = Impairment()

    def _read_only(self, rng: random.Random) -> None:
        self._end("agent")
        self._remount("ro")
        try:
            self._start("agent")
            self._put(2, 0)
            time.sleep(rng.uniform(0.2, 0.6))
        finally:
            self._remount("rw")

    def _remount(self, how: str) -> None:
        disk = self._town.pole.disk
        subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True, timeout=20)

    def _corrupt(self, rng: random.Random) -> None:
        self._with_backlog()
        file = self._town.pole.data / "outbox" / "outbox.db"
        raw = bytearray(file.read_bytes())
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(max(1, len(raw) // PAGE)) * PAGE
            raw[at : at + PAGE] = rng.randbytes(min(PAGE, len(raw) - at))
        file.write_bytes(raw)
        self._back_from_the_bench()

    def _truncated(self, rng: random.Random) -> None:
        self._with_backlog()
        file = self._town.pole.data / "outbox" / "outbox.db"
        os.truncate(file, rng.randrange(file.stat().st_size + 1))
        self._back_from_the_bench()

    def _folder_lost(self, rng: random.Random) -> None:
        self._with_backlog()
        shutil.rmtree(self._town.pole.data / "outbox")
        self._back_from_the_bench()

    def _restored(self, rng: random.Random) -> None:
        """The folder goes back to what it was some events ago; its mark does not."""
        copy = self._copied(("outbox",))
        self._with_backlog()
        shutil.rmtree(self._town.pole.data / "outbox")
        shutil.copytree(copy / "outbox", self._town.pole.data / "outbox")
        self._back_from_the_bench()

    def _cloned(self, rng: random.Random) -> None:
        """A whole card goes back, mark and all, after everything on it had arrived."""
        copy = self._copied(("outbox", "outbox.mark"))
        self._put(5, 0)
        assert self._settle() is None
        self._end("agent")
        data = self._town.pole.data
        shutil.rmtree(data)
        shutil.copytree(copy, data)
        self._start("agent")
        self._put(8, 0)

    def _copied(self, names: tuple[str, ...]) -> Path:
        """A copy of the pole's files, taken while it is off and all is delivered."""
        assert self._settle() is None
        self._end("agent")
        copy = self._town.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for name in names:
            there = self._town.pole.data / name
            if there.is_dir():
                shutil.copytree(there, copy / name)
            else:
                shutil.copy(there, copy / name)
        self._start("agent")
        return copy

    def _with_backlog(self) -> None:
        """The line is cut, some events wait on the pole, and the pole is off."""
        self._town.path.impairment = Impairment(refuse=True)
        self._town.path.cut()
        self._put(8, 1500)
        self._putting_done()
        self._end("agent")

    def _back_from_the_bench(self) -> None:
        self._town.path.impairment = Impairment()
        self._start("agent")
        self._put(3, 0)
