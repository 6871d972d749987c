"""The simulated clock's promises."""

from __future__ import annotations

import threading

import pytest

from wire.clock import SimulatedClock


def test_steps_of_the_wall_clock_leave_the_monotonic_one_alone() -> None:
    clock = SimulatedClock()
    before = clock.monotonic()
    clock.step_wall(-3600)
    assert clock.monotonic() == before
    clock.advance(5)
    assert clock.monotonic() == before + 5
    with pytest.raises(ValueError, match="step_wall"):
        clock.advance(-1)


def test_waiting_costs_no_real_time_and_ends_at_once_when_set() -> None:
    clock, event = SimulatedClock(), threading.Event()
    before = clock.monotonic()
    assert clock.wait(event, 3600) is False
    assert clock.monotonic() == before + 3600
    event.set()
    assert clock.wait(event, 3600) is True
    assert clock.monotonic() == before + 3600
