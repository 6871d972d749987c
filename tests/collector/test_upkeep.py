"""Tasks run one after the other, and one that fails is tried again without ending the others."""

from __future__ import annotations

import sqlite3

import pytest

from collector.upkeep import AGAIN_S, Upkeep
from wire.clock import SimulatedClock


@pytest.mark.parametrize("error", [sqlite3.OperationalError("disk"), OSError("folder")])
def test_a_fault_is_tried_again_soon_and_the_others_go_on(error: Exception) -> None:
    clock = SimulatedClock()
    done: list[str] = []
    waits: list[float] = []
    faults = [error]

    def fails() -> None:
        if faults:
            raise faults.pop()
        done.append("mended")

    upkeep = Upkeep([fails, lambda: done.append("other")], 2.0, clock)

    def waited(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            upkeep._stop.set()

    clock.on_wait = waited
    upkeep._run()
    assert done == ["other", "mended", "other"]
    assert waits == [AGAIN_S, 7200.0]
