"""No check hangs or crashes the others."""

from __future__ import annotations

import threading

from edge_agent.checks.result import Check, CheckResult, carry_out, good
from wire.clock import SimulatedClock, SystemClock


def test_what_a_check_finds_comes_back_with_its_time() -> None:
    result = carry_out(Check("ring", 5, lambda: good("ring", "well")), SystemClock())
    assert (result.name, result.ok, result.detail) == ("ring", True, "well")
    assert result.seconds >= 0


def test_a_check_that_hangs_is_left_behind_after_its_time() -> None:
    never = threading.Event()

    def hang() -> CheckResult:
        never.wait()
        raise AssertionError

    result = carry_out(Check("dns", 10, hang), SimulatedClock())
    never.set()
    assert (result.code, result.number) == ("check.timeout", "PW-997")
    assert result.seconds == 10


def test_a_check_that_raises_is_told_and_not_taken_for_good() -> None:
    def break_down() -> CheckResult:
        raise ZeroDivisionError("by nothing")

    result = carry_out(Check("model", 5, break_down), SystemClock())
    assert (result.ok, result.code) == (False, "internal")
    assert "ZeroDivisionError: by nothing" in result.detail
