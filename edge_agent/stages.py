"""What each stage costs: CPU time of threads, and within a thread of the stages that it passes.

Most stages have threads of their own, whose CPU time the system counts anyway. Where one thread
passes several, each is entered by `with stage(…)`; a stage within another is counted by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Literal

Span = Literal["gate", "motion", "detect", "track", "rules", "plates"]

FAMILIES: Final = {
    "camera-": "source",
    "decoder-": "decode",
    "inference-": "analysis",
    "ring-": "ring",
    "glimpse-": "plates",
    "diary": "plates",
    "report": "uplink",
    "link": "uplink",
    "command-": "uplink",
    "paho-mqtt": "uplink",
    "clips": "viewers",
}
"""Beginnings of threads' names, and the stage that all of their time is but for spans in them."""

STAGES: Final = (
    *("source", "gate", "decode", "motion", "detect", "track", "rules", "plates"),
    *("analysis", "ring", "uplink", "viewers", "other"),
)
"""`analysis` is what remains of the threads that look at pictures, `other` of the process."""


class _Passed(threading.local):
    """What the current thread passed through."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.mark_ns = 0
        self.spent_ns: dict[str, int] = {}
        with _LOCK:
            _SPENT[threading.get_ident()] = (stage_of(threading.current_thread()), self.spent_ns)


_LOCK: Final = threading.Lock()
_SPENT: Final[dict[int, tuple[str, dict[str, int]]]] = {}


class stage:  # noqa: N801 - used as `with stage("detect"):`
    """The time in which the current thread is in a stage that has no thread of its own."""

    __slots__ = ("_name",)

    def __init__(self, name: Span) -> None:
        self._name = name

    def __enter__(self) -> None:
        passed, now_ns = _PASSED, time.thread_time_ns()
        if passed.open:
            outer = passed.open[-1]
            passed.spent_ns[outer] = passed.spent_ns.get(outer, 0) + now_ns - passed.mark_ns
        passed.open.append(self._name)
        passed.mark_ns = now_ns

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        passed, now_ns = _PASSED, time.thread_time_ns()
        name = passed.open.pop()
        passed.spent_ns[name] = passed.spent_ns.get(name, 0) + now_ns - passed.mark_ns
        passed.mark_ns = now_ns


def costs() -> Mapping[str, float]:
    """CPU seconds of each stage since the process began, in the order of STAGES.

    What threads spent that have ended since counts as `other`, but for their spans.
    """
    found = dict.fromkeys(STAGES, 0.0)
    for thread in threading.enumerate():
        if thread.ident is None:
            continue
        try:
            spent_s = time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        except OSError:
            # It has just ended.
            continue
        found[stage_of(thread)] += spent_s
    with _LOCK:
        passed = [(family, dict(spent)) for family, spent in _SPENT.values()]
    for family, spent in passed:
        for name, ns in spent.items():
            found[name] += ns / 1e9
            found[family] -= ns / 1e9
    known = sum(seconds for name, seconds in found.items() if name != "other")
    found["other"] = time.process_time() - known
    return {name: max(0.0, round(seconds, 4)) for name, seconds in found.items()}


def stage_of(thread: threading.Thread) -> str:
    """The stage that a thread's time is, but for spans in it."""
    found = (name for start, name in FAMILIES.items() if thread.name.startswith(start))
    return next(found, "other")


_PASSED: Final = _Passed()
