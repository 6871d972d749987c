"""Ending on signals, also when they come thick and fast."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from wire.stopping import SIGNALS, stop_on_signals


@pytest.fixture(autouse=True)
def _handlers_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_interrupts_the_wait_itself_ends_it(number: signal.Signals) -> None:
    stop = stop_on_signals()
    # The lock that `wait` and `set` take, held by the thread that the signal interrupts.
    with stop._cond:  # type: ignore[attr-defined]  # its own lock has no public name
        signal.raise_signal(number)
    assert stop.wait(10)


@pytest.mark.timeout(20)
def test_a_hail_of_signals_ends_it_once() -> None:
    stop, main = stop_on_signals(), threading.main_thread().ident
    assert main is not None

    def hail() -> None:
        for count in range(400):
            signal.pthread_kill(main, SIGNALS[count % 2])

    thread = threading.Thread(target=hail)
    thread.start()
    while not stop.wait(0.0001):
        pass
    thread.join()
    assert stop.is_set()
