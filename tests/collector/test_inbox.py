"""The inbox's thread: nothing is said before the commit, and nothing stops it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.config import InboxSettings
from collector.gaps import GapKeeper
from collector.inbox import Inbox
from collector.intake import Effects
from collector.link import Incoming
from collector.numbers import Range
from tests.support.broker import make_city
from tests.support.device import SimDevice, finding, read
from tests.support.intake import WayIn
from tests.support.wait import wait_until
from wire import faultpoint
from wire.clock import SystemClock
from wire.event import EpochStart
from wire.names import new_id


class Bench:
    def __init__(self, way_in: WayIn, patience_s: float = 0.02, **settings: int) -> None:
        self.way_in = way_in
        self.device: SimDevice = way_in.device()
        self.done: list[Incoming] = []
        self.receipted: list[str] = []
        self.order: list[str] = []
        self.asked: list[tuple[str, tuple[Range, ...]]] = []
        self.announcing = threading.Event()
        self.announcing.set()
        intake = way_in.intake
        gaps = GapKeeper(
            InboxSettings(gap_after_s=0.1),
            SystemClock(),
            gaps_of=lambda run, device, epoch: intake.numbers(run, device, epoch).gaps(),
            address_of=way_in.trust.device_address,
            ask=self._ask,
        )
        self.inbox = Inbox(
            InboxSettings.model_validate(settings),
            way_in.database,
            way_in.trust,
            intake,
            gaps,
            SystemClock(),
            done=self._done,
            announce=self._announce,
            patience_s=patience_s,
        )

    def send(self, *tokens: bytes) -> None:
        for token in tokens:
            self.inbox.offer(Incoming(self.device.address.event(), token, 1, 1, 1))

    def put(self) -> bytes:
        return self.device.put(finding())

    def _ask(
        self, _address: object, epoch: str, missing: tuple[Range, ...], _stills: object
    ) -> bool:
        self.asked.append((epoch, missing))
        return True

    def _done(self, message: Incoming) -> None:
        self.order.append("acknowledged")
        self.done.append(message)

    def _announce(self, effects: Effects) -> None:
        self.announcing.wait(10)
        self.order.append("receipted")
        for draft in effects.receipts.values():
            self.receipted += draft.received


@pytest.fixture
def bench(way_in: WayIn) -> Iterator[Bench]:
    made = Bench(way_in)
    yield made
    faultpoint.watch(None)
    made.announcing.set()
    made.inbox.stop()


def test_the_broker_and_the_pole_hear_of_it_after_the_commit(bench: Bench) -> None:
    def watch(point: str) -> None:
        if point.startswith("inbox."):
            bench.order.append(point)

    faultpoint.watch(watch)
    bench.send(bench.put())
    bench.inbox.start()
    wait_until(lambda: "inbox.acknowledged" in bench.order, 5, "the end of the batch")
    assert bench.order == [
        "inbox.written",
        "inbox.committed",
        "receipted",
        "inbox.announced",
        # Last: should it die before, the broker brings the message again, and the receipt follows.
        "acknowledged",
        "inbox.acknowledged",
    ]


def test_the_tail_of_an_ended_epoch_is_asked_for(bench: Bench) -> None:
    old = bench.device.epoch
    start = EpochStart(
        previous=old, previous_last_seq=2, reason="commanded", boot_id=bench.device.boot_id
    )
    bench.device.epoch = new_id()
    bench.send(bench.device.put(start, "epoch"))
    bench.inbox.start()
    wait_until(lambda: bench.asked, 5, "the request")
    assert bench.asked == [(old, ((1, 2),))]


def test_one_poison_holds_nobody_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = [bench.put() for _ in range(3)]
    take = bench.way_in.desk.take

    def stumble(run: sqlite3.Connection, device: str, event: object, id: str, now: object) -> str:
        if id == read(tokens[1]).id:
            raise ZeroDivisionError("what nobody thought of")
        return take(run, device, event, id, now)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(bench.way_in.desk, "take", stumble)
    bench.send(*tokens)
    bench.inbox.start()
    wait_until(lambda: len(bench.done) == 3, 20, "all three")
    wait_until(lambda: len(bench.receipted) == 2, 5, "two receipts")
    assert bench.way_in.rows("SELECT reason FROM quarantine") == [("poison",)]
    assert bench.way_in.rows("SELECT contiguous FROM progress") == [(3,)]
    assert bench.way_in.rows("SELECT count(*) FROM event") == [(2,)]


def test_a_disk_that_refuses_is_waited_for_and_nothing_is_said_meanwhile(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    end, failures = bench.way_in.intake.end, 2

    def full(run: sqlite3.Connection, now: object) -> Effects:
        nonlocal failures
        if failures:
            failures -= 1
            assert bench.done == []
            raise sqlite3.OperationalError("database or disk is full")
        return end(run, now)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(bench.way_in.intake, "end", full)
    bench.send(bench.put(), bench.put())
    bench.inbox.start()
    wait_until(lambda: len(bench.receipted) == 2, 5, "receipts after the disk took it")
    assert len(bench.done) == 2
    assert bench.way_in.rows("SELECT count(*) FROM event") == [(2,)]


def test_a_full_queue_that_moves_lets_the_connection_wait(way_in: WayIn) -> None:
    bench = Bench(way_in, patience_s=60.0, queue=10, batch=5)
    bench.inbox.start()
    bench.send(*(bench.put() for _ in range(60)))
    wait_until(lambda: len(bench.done) == 60, 10, "all of them")
    bench.inbox.stop()
    assert bench.inbox.counts.dropped == 0
    assert way_in.rows("SELECT contiguous, missing FROM progress") == [(60, 0)]


def test_a_queue_that_stays_full_drops_and_counts(way_in: WayIn) -> None:
    bench = Bench(way_in, queue=10)
    bench.send(*(bench.put() for _ in range(15)))
    assert bench.inbox.counts.dropped == 5
    # The broker is told, or its window of unacknowledged messages would fill up for good.
    assert len(bench.done) == 5
    bench.inbox.start()
    wait_until(lambda: len(bench.done) == 15, 5, "the rest")
    bench.inbox.stop()
    assert way_in.rows("SELECT contiguous, missing FROM progress") == [(10, 0)]


def test_what_waits_is_bounded_in_bytes_too(way_in: WayIn) -> None:
    bench = Bench(way_in, queue_megabytes=1)
    topic = bench.device.address.still("c" * 64)
    for _ in range(20):
        bench.inbox.offer(Incoming(topic, b"x" * 64_000, 1, 1, 1))
    assert bench.inbox.counts.dropped == 5
    bench.inbox.start()
    wait_until(lambda: bench.inbox.counts.messages == 15, 5, "those that found room")
    bench.inbox.offer(Incoming(topic, b"x" * 64_000, 1, 1, 1))
    wait_until(lambda: bench.inbox.counts.messages == 16, 5, "one more, now that there is room")
    bench.inbox.stop()


def test_what_waits_goes_in_one_transaction(bench: Bench) -> None:
    bench.send(*(bench.put() for _ in range(150)))
    bench.inbox.start()
    wait_until(lambda: len(bench.receipted) == 150, 10, "all receipts")
    assert bench.inbox.counts.batches == 1


def test_it_ends_when_told(bench: Bench) -> None:
    bench.inbox.start()
    bench.inbox.stop()
    assert not bench.inbox._thread.is_alive()
    assert bench.inbox.failed is None


def test_a_revoked_device_is_offline_though_nobody_believes_its_last_will(tmp_path: Path) -> None:
    # A city of its own: others read the one of the session.
    way_in = WayIn(tmp_path / "data", make_city(tmp_path / "city"))
    bench = Bench(way_in)
    device = bench.device
    way_in.take((device.address.state(), device.online()))
    bench.inbox.start()
    way_in.city.revoke(device.identity.name)

    def shown() -> list[tuple[object, ...]]:
        return way_in.rows("SELECT state, reason FROM device")

    wait_until(lambda: shown() == [("offline", "revoked")], 20, "the revoked one to be offline")
    bench.inbox.stop()
    way_in.reader.close()
    way_in.database.close()
