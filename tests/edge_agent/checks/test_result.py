"""No check hangs or crashes the others."""

from __future__ import annotations

import threading

from edge_agent.checks.result import Check, CheckResult, carry_out, carry_out_all, good
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


def test_checks_that_wait_do_so_together_and_stay_in_order() -> None:
    meeting = threading.Barrier(3, timeout=20)
    began: list[str] = []

    def meet(name: str) -> CheckResult:
        began.append(name)
        meeting.wait()
        return good(name, "met")

    def alone(name: str) -> CheckResult:
        began.append(name)
        return good(name, ", ".join(sorted(began)))

    checks = [
        Check("first", 30, lambda: alone("first")),
        *(Check(n, 30, lambda n=n: meet(n), together=True) for n in ("a", "b", "c")),  # type: ignore[misc]  # n is bound
        Check("last", 30, lambda: alone("last")),
    ]
    found = list(carry_out_all(checks, SystemClock()))
    assert [one.name for one in found] == ["first", "a", "b", "c", "last"]
    assert all(one.ok for one in found), found
    assert found[0].detail == "first"


def test_a_check_that_raises_is_told_and_not_taken_for_good() -> None:
    def break_down() -> CheckResult:
        raise ZeroDivisionError("by nothing")

    result = carry_out(Check("model", 5, break_down), SystemClock())
    assert (result.ok, result.code) == (False, "internal")
    assert "ZeroDivisionError: by nothing" in result.detail
