"""The pool of threads: newest picture first, failures contained, an end within bounds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pytest

from edge_agent.scene import Frame
from edge_agent.sight.scheduler import SPARE_WAITING, InferenceScheduler
from tests.support.wait import wait_until
from wire.clock import SystemClock


def frame(number: int, camera: str = "a") -> Frame:
    image = np.zeros((2, 2, 3), np.uint8)
    return Frame(camera, image, float(number), float(number), datetime(2026, 1, 1, tzinfo=UTC))


class Gate:
    """Work that waits to be let through, and notes what came."""

    def __init__(self) -> None:
        self.came: list[float] = []
        self.entered = threading.Event()
        self.open = threading.Event()

    def __call__(self, picture: Frame) -> None:
        self.came.append(picture.media_s)
        self.entered.set()
        assert self.open.wait(10)


@pytest.fixture
def scheduler() -> Iterator[InferenceScheduler]:
    made = InferenceScheduler(SystemClock())
    yield made
    made.stop()


def test_the_newest_picture_wins_and_the_others_are_counted(scheduler: InferenceScheduler) -> None:
    gate = Gate()
    lane = scheduler.add("a", 1000, gate)
    scheduler.start()
    lane.put(frame(1))
    assert gate.entered.wait(10)
    for number in (2, 3, 4):
        lane.put(frame(number))
    gate.open.set()
    wait_until(lambda: lane.served == 2, 10, "both turns")
    assert gate.came == [1, 4]
    assert lane.replaced == 2


def test_an_analysis_that_fails_is_counted_and_the_next_goes_on(
    scheduler: InferenceScheduler,
) -> None:
    def work(picture: Frame) -> None:
        if picture.media_s == 1:
            raise ValueError("spoiled picture")

    bad, good = scheduler.add("bad", 1000, work), scheduler.add("good", 1000, work)
    scheduler.start()
    bad.put(frame(1, "bad"))
    wait_until(lambda: bad.failed == 1, 10, "the failure")
    bad.put(frame(2, "bad"))
    good.put(frame(2, "good"))
    wait_until(lambda: bad.served == good.served == 1, 10, "the next pictures")


def test_several_workers_analyse_several_cameras_at_once() -> None:
    scheduler = InferenceScheduler(SystemClock(), workers=2)
    gates = {name: Gate() for name in "ab"}
    lanes = {name: scheduler.add(name, 1000, gate) for name, gate in gates.items()}
    scheduler.start()
    for name, lane in lanes.items():
        lane.put(frame(1, name))
    for gate in gates.values():
        assert gate.entered.wait(10)
    for gate in gates.values():
        gate.open.set()
    scheduler.stop()
    assert [lane.served for lane in lanes.values()] == [1, 1]


def test_stopping_drops_what_waits_and_ends_the_threads(scheduler: InferenceScheduler) -> None:
    gate = Gate()
    lane = scheduler.add("a", 1000, gate)
    scheduler.start()
    lane.put(frame(1))
    assert gate.entered.wait(10)
    lane.put(frame(2))
    ended = threading.Thread(target=scheduler.stop)
    ended.start()
    gate.open.set()
    ended.join(10)
    assert not ended.is_alive()
    assert gate.came == [1]
    assert not any(t.name.startswith("inference-") and t.is_alive() for t in threading.enumerate())


def test_spare_work_waits_until_no_picture_does(scheduler: InferenceScheduler) -> None:
    gate = Gate()
    lane = scheduler.add("a", 1000, gate)
    scheduler.start()
    lane.put(frame(1))
    assert gate.entered.wait(10)
    assert scheduler.spare("a", lambda: gate.came.append(-1.0))
    assert scheduler.spare("a", lambda: gate.came.append(-2.0))
    lane.put(frame(2))
    gate.open.set()
    wait_until(lambda: lane.spare_served == 2, 10, "the spare work")
    assert gate.came == [1, 2, -1, -2]


def test_spare_work_is_bounded_shared_between_cameras_and_its_failures_contained(
    scheduler: InferenceScheduler,
) -> None:
    done: list[str] = []
    lanes = {name: scheduler.add(name, 1000, Gate()) for name in "ab"}

    def fail() -> None:
        raise ValueError("spoiled look")

    for number in range(SPARE_WAITING):
        assert scheduler.spare("a", partial(done.append, f"a{number}"))
    assert not scheduler.spare("a", lambda: done.append("too many"))
    assert scheduler.spare("b", fail)
    assert scheduler.spare("b", lambda: done.append("b1"))
    scheduler.start()
    wait_until(lambda: len(done) == SPARE_WAITING + 1, 10, "all spare work")
    assert lanes["a"].spare_dropped == 1
    assert (lanes["b"].failed, lanes["b"].spare_served) == (1, 1)
    assert done.index("b1") < 4


def test_the_last_free_thread_of_several_never_does_spare_work() -> None:
    scheduler = InferenceScheduler(SystemClock(), workers=2)
    gate, analysed = Gate(), Gate()
    lane = scheduler.add("a", 1000, analysed)
    analysed.open.set()
    busy = [frame(1), frame(2)]
    scheduler.start()
    try:
        for picture in busy:
            assert scheduler.spare("a", partial(gate, picture))
        assert gate.entered.wait(10)
        lane.put(frame(3))
        wait_until(lambda: lane.served == 1, 10, "the picture")
        assert len(gate.came) == 1
    finally:
        gate.open.set()
        scheduler.stop()
