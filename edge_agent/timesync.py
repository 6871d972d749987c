"""Whether a time service keeps the wall clock: asked of the kernel."""

from __future__ import annotations

import ctypes
from typing import Final

from wire.event import TimeQuality

# linux/timex.h: adjtimex(2) returns TIME_ERROR (5) while the clock is not synchronised.
_TIME_ERROR: Final = 5
# struct timex is 208 bytes on 64-bit Linux; modes = 0 (the first field) only reads.
_TIMEX_BYTES: Final = 256


def time_quality() -> TimeQuality:
    """`synchronised` only when the kernel says so; anything else is `unsynchronised`."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return "unsynchronised"
    state = adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return "synchronised" if 0 <= state < _TIME_ERROR else "unsynchronised"
