"""What is missing is asked for: not at once, not for ever as often."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from collector.config import InboxSettings
from collector.gaps import LONGEST_S, GapKeeper
from collector.numbers import Numbers, Range
from collector.store import stills
from tests.support.device import finding, jpeg
from tests.support.intake import WayIn
from tests.support.new_store import new_store
from wire.clock import SimulatedClock
from wire.names import new_id
from wire.topics import DeviceAddress

ADDRESS = DeviceAddress("city", "00", "pole-001-1")
EPOCH = new_id()
SETTINGS = InboxSettings(gap_after_s=2, gap_every_s=10)


class Bench:
    def __init__(self, run: sqlite3.Connection) -> None:
        self.run = run
        self.clock = SimulatedClock()
        self.numbers = Numbers(0, [(3, 3)])
        self.asked: list[tuple[Range, ...]] = []
        self.stills: list[tuple[str, ...]] = []
        self.up = True
        self.keeper = GapKeeper(
            SETTINGS,
            self.clock,
            gaps_of=lambda _run, _device, _epoch: self.numbers.gaps(),
            address_of=lambda _name: ADDRESS,
            ask=self._ask,
        )
        self.keeper.touched(ADDRESS, EPOCH)

    def _ask(
        self,
        address: DeviceAddress,
        epoch: str,
        missing: tuple[Range, ...],
        stills: tuple[str, ...],
    ) -> bool:
        assert (address, epoch) == (ADDRESS, EPOCH)
        if self.up:
            self.asked.append(missing)
            self.stills.append(stills)
        return self.up

    def after(self, seconds: float) -> int:
        self.clock.advance(seconds)
        self.keeper.ask(self.run)
        return len(self.asked)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(new_store(tmp_path)._connection)


def test_messages_may_overtake_each_other(bench: Bench) -> None:
    assert bench.after(1.9) == 0
    bench.numbers.add(1, 2)
    assert bench.after(0.2) == 0


def test_it_asks_again_ever_rarer(bench: Bench) -> None:
    assert bench.after(2) == 1
    assert bench.asked == [((1, 2),)]
    assert bench.after(9.9) == 1
    assert bench.after(0.2) == 2
    assert bench.after(10) == 2
    assert bench.after(10) == 3
    for _ in range(8):
        bench.after(LONGEST_S)
    before = len(bench.asked)
    assert bench.after(LONGEST_S - 1) == before
    assert bench.after(1) == before + 1


def test_progress_brings_patience_back(bench: Bench) -> None:
    bench.after(2)
    bench.after(10)
    bench.numbers.add(1)
    assert bench.after(20) == 3
    assert bench.asked[-1] == ((2, 2),)
    assert bench.after(10) == 4


def test_without_a_connection_it_waits(bench: Bench) -> None:
    bench.up = False
    assert bench.after(2) == 0
    bench.up = True
    assert bench.after(10) == 1


def test_what_was_missing_before_a_restart_is_asked_for(tmp_path: Path) -> None:
    database = new_store(tmp_path)
    with database.transaction() as run:
        row = ("pole-001-1", EPOCH, 0, 3, 2, "2026-01-01T00:00:00.000000Z")
        run.execute("INSERT INTO progress VALUES (?, ?, ?, ?, ?, ?)", row)
    bench = Bench(database._connection)
    bench.keeper._waits.clear()
    bench.keeper.load(bench.run)
    assert bench.after(2) == 1
    database.close()


def test_pictures_that_are_not_here_after_a_start_are_asked_for(way_in: WayIn) -> None:
    device, clock = way_in.device(), SimulatedClock()
    asked: list[tuple[str, ...]] = []

    def ask(_address: object, epoch: str, missing: object, stills: tuple[str, ...]) -> bool:
        assert (epoch, missing) == (device.epoch, ())
        asked.append(stills)
        return True

    here, late, lost = (jpeg(name) for name in ("here", "late", "lost"))
    way_in.take((device.address.still(sha256_of(here)), here))
    way_in.events(device, *(device.put(finding(still=one)) for one in (here, late, lost)))
    keeper = GapKeeper(
        SETTINGS,
        clock,
        gaps_of=lambda _run, _device, _epoch: [],
        address_of=lambda _name: device.address,
        ask=ask,
    )
    with way_in.database.transaction() as run:
        keeper.load(run)
        clock.advance(SETTINGS.gap_after_s)
        keeper.ask(run)
        stills.lost(run, [sha256_of(lost)], new_id())
    assert asked == [(sha256_of(late), sha256_of(lost))]
    way_in.take((device.address.still(sha256_of(late)), late))
    with way_in.database.reading() as run:
        clock.advance(SETTINGS.gap_every_s)
        keeper.ask(run)
    assert len(asked) == 1


def sha256_of(picture: bytes) -> str:
    return hashlib.sha256(picture).hexdigest()
