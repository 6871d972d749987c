"""Where the CPU time goes, by stage."""

from __future__ import annotations

import threading
import time

from edge_agent.stages import STAGES, costs, stage


def _burn(ms: float) -> None:
    until = time.thread_time() + ms / 1000
    while time.thread_time() < until:
        pass


def test_time_is_that_of_the_innermost_stage_and_the_rest_of_the_thread_is_its_own() -> None:
    before = costs()
    after: dict[str, float] = {}

    def work() -> None:
        _burn(15)
        with stage("detect"):
            _burn(20)
            with stage("motion"):
                _burn(10)
            _burn(5)
        after.update(costs())

    thread = threading.Thread(target=work, name="inference-7")
    thread.start()
    thread.join()
    spent = {name: (after[name] - before[name]) * 1000 for name in STAGES}
    # Differences of sums: a little is lost in rounding.
    assert 24.9 <= spent["detect"] < 45
    assert 9.9 <= spent["motion"] < 25
    assert 14.9 <= spent["analysis"] < 40
    assert spent["track"] == 0


def test_a_stage_that_fails_is_left_all_the_same() -> None:
    try:
        with stage("rules"):
            raise ValueError
    except ValueError:
        pass
    before = costs()
    with stage("track"):
        _burn(3)
    after = costs()
    assert after["rules"] == before["rules"]
    assert after["track"] > before["track"]


def test_entering_and_leaving_costs_microseconds() -> None:
    began = time.thread_time()
    for _ in range(2000):
        with stage("gate"):
            pass
    # Some 3 µs; a picture passes six stages and takes 10,000 µs and more. Room for a busy machine.
    assert (time.thread_time() - began) / 2000 < 50e-6
