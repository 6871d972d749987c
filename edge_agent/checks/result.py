"""What a check is and what it finds; no check can hang or crash the rest."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from wire.clock import Clock
from wire.codes import fault

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found; `code` and `remedy` only when it is not ok."""

    name: str
    ok: bool
    detail: str
    code: str | None = None
    number: str | None = None
    remedy: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Check:
    """A named question about the box, and how long it may take to answer."""

    name: str
    timeout_s: float
    run: Callable[[], CheckResult]
    together: bool = False
    """Mostly waits, so neighbours of the kind run at the same time: 64 dead cameras take minutes
    one after the other."""


def good(name: str, detail: str) -> CheckResult:
    return CheckResult(name, True, detail)


def bad(name: str, code: str, detail: str) -> CheckResult:
    known = fault(code)
    return CheckResult(name, False, detail, code, known.number, known.remedy_en)


def carry_out_all(checks: Iterable[Check], clock: Clock) -> Iterator[CheckResult]:
    """Run checks in order; what follows waits for all that ran together."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for together, group in itertools.groupby(checks, key=lambda check: check.together):
            if together:
                yield from pool.map(lambda check: carry_out(check, clock), group)
            else:
                yield from (carry_out(check, clock) for check in group)


def carry_out(check: Check, clock: Clock) -> CheckResult:
    """Run one check on a thread of its own; what hangs is left behind, what raises is told."""
    found: list[CheckResult] = []
    done = threading.Event()

    def work() -> None:
        try:
            found.append(check.run())
        except Exception as error:
            found.append(bad(check.name, "internal", f"{type(error).__name__}: {error}"[:300]))
        done.set()

    began = clock.monotonic()
    threading.Thread(target=work, name=f"check {check.name}", daemon=True).start()
    clock.wait(done, check.timeout_s)
    seconds = round(clock.monotonic() - began, 3)
    if not found:
        detail = f"no answer within {check.timeout_s:.0f} s"
        return replace(bad(check.name, "check.timeout", detail), seconds=seconds)
    return replace(found[0], seconds=seconds)
