"""Ending on SIGTERM or Ctrl-C, however often and at whatever moment the signal comes."""

from __future__ import annotations

import _thread
import signal
import threading
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; call it on the main thread.

    The handler must take no lock: it may interrupt the main thread inside that very event's
    `wait`, or inside the handler of the signal before, and would then wait for itself for ever.
    So a bare thread sets the event. What comes after the first signal does nothing.
    """
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        for number in SIGNALS:
            signal.signal(number, _already_ending)
        _thread.start_new_thread(stop.set, ())

    for number in SIGNALS:
        signal.signal(number, end)
    return stop


def _already_ending(_number: int, _frame: FrameType | None) -> None:
    return None
